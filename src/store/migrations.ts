/**
 * The schema, as the steps that lead to it: step N brings a database from version N-1 to N. A step that was released is
 * never changed; a new one is added behind it. The version is SQLite's `user_version`.
 */
import { type Database, headerNumber, transaction } from './database.ts';

/** `application_id` of our databases: "tban" in ASCII. It tells them from those of other programs. */
export const APPLICATION_ID = 0x7462616e;

/** The tables without which a database of ours is none. */
export const TABLES: readonly string[] = ['bans', 'positions', 'counters', 'joins', 'allowed'];

/**
 * Times are milliseconds as REAL, which keeps them exactly as they came (and stores whole ones as integers).
 * A row of `bans` whose `ended_at` is null is the last of its subject; it holds until `until`, and needs no write when
 * it runs out. `ended` is how it ended before that.
 */
export const MIGRATIONS: readonly string[] = [
  `
  PRAGMA application_id = ${APPLICATION_ID};

  CREATE TABLE bans (
    id       INTEGER PRIMARY KEY,
    subject  TEXT NOT NULL,
    since    REAL NOT NULL,
    until    REAL,
    cause    TEXT NOT NULL,
    reason   TEXT NOT NULL,
    offence  INTEGER NOT NULL,
    evidence TEXT NOT NULL,
    ended_at REAL,
    ended    TEXT
  ) STRICT;
  CREATE UNIQUE INDEX bans_subject ON bans (subject, since);
  CREATE UNIQUE INDEX bans_last ON bans (subject) WHERE ended_at IS NULL;
  CREATE INDEX bans_end ON bans (coalesce(ended_at, until));

  CREATE TABLE positions (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE counters (
    subject TEXT NOT NULL,
    kind    TEXT NOT NULL,
    times   BLOB NOT NULL,
    PRIMARY KEY (subject, kind)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE joins (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE allowed (
    network TEXT PRIMARY KEY,
    note    TEXT NOT NULL,
    since   REAL NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  'ALTER TABLE bans ADD COLUMN behind_proxy INTEGER NOT NULL DEFAULT 0',
];

/** Brings the database to the version of the last step; every step is one transaction, so a crash leaves a version. */
export function migrate(db: Database, steps: readonly string[]): void {
  for (let version = headerNumber(db, 'user_version') + 1; version <= steps.length; version++) {
    transaction(db, () => {
      db.exec(steps[version - 1] ?? '');
      db.exec(`PRAGMA user_version = ${version}`);
    });
  }
}
