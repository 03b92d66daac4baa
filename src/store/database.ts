/** The only file that imports node:sqlite: connections with their settings, the lock, transactions, the health check. */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import type { Millis } from '../core/types.ts';

export type Database = DatabaseSync;
export type Statement = StatementSync;

/** How long a statement waits for another program that has the file open, such as an admin's sqlite3. */
const PATIENCE: Millis = 2_000;
/** A predecessor that was killed lets go of its lock when the kernel has torn it down, which may take a moment. */
const LOCK_PATIENCE: Millis = 300;

/** Opens a database file that is there already; nothing of it is read yet. @throws Error of node:sqlite */
export function connect(path: string): Database {
  return new DatabaseSync(path, { timeout: PATIENCE });
}

/**
 * Opens a database to look at it: nothing is written, and no file is made beside it.
 * @param alone whether nobody writes to it meanwhile, so that neither locks nor a write-ahead log are needed.
 * @throws Error of node:sqlite
 */
export function connectToRead(path: string, alone: boolean): Database {
  const url = pathToFileURL(path);
  if (alone) url.searchParams.set('immutable', '1');
  return new DatabaseSync(url, { readOnly: true, timeout: PATIENCE });
}

/**
 * Switches to a write-ahead log that is synced at checkpoints only: a commit survives the death of the process, and a
 * power cut may take the last commits back but never tears one apart (https://sqlite.org/wal.html).
 */
export function useWriteAheadLog(db: Database): void {
  const mode = db.prepare('PRAGMA journal_mode = WAL').get()?.['journal_mode'];
  if (mode !== 'wal') throw new Error(`The journal mode became ${String(mode)}, expected wal`);
  // A checkpoint of 10,000 counters touches nearly as many pages; the cache (in KiB) holds them until the commit.
  db.exec('PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16384');
}

/**
 * Takes the lock for as long as the returned connection is open. It is a lock of the kernel on a file of its own that
 * stays empty: gone with the process however that ends, and no hindrance to `sqlite3` on the database itself.
 * @throws Error of node:sqlite (SQLITE_BUSY) where another process has it.
 */
export function lock(path: string): Database {
  const db = new DatabaseSync(path, { timeout: LOCK_PATIENCE });
  try {
    // With its journal in memory, so that nothing but the lock file itself is made.
    db.exec('PRAGMA journal_mode = MEMORY');
    db.exec('BEGIN EXCLUSIVE');
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Runs `work` in one transaction: all of it is written, or where it throws nothing. */
export function transaction<T>(db: Database, work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    // A full disk makes SQLite roll back by itself.
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/**
 * The first thing that SQLite finds wrong with the file; null where it is sound. The full check and not the quick one:
 * that one overlooks an index that disagrees with its table, and then every start finds the file sound and every ban
 * fails. 180 MB take a quarter of a second once they are in memory.
 * @throws Error of node:sqlite
 */
export function firstDamage(db: Database): string | null {
  const found = db.prepare('PRAGMA integrity_check(1)').get()?.['integrity_check'];
  return found === 'ok'
    ? null
    : String(found)
        .replaceAll(/[\s*]+/g, ' ')
        .trim();
}

/** A number that SQLite keeps in the header of the file. */
export function headerNumber(db: Database, name: 'user_version' | 'application_id' | 'page_size'): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name]);
}

/** The names of the tables, in no order. */
export function tableNames(db: Database): readonly string[] {
  return db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
    .all()
    .map((row) => String(row['name']));
}
