/**
 * The table of bans: one row for every ban that ever was, until its history is forgotten. Writing is repeatable: a ban
 * is known by subject and beginning, so the same change twice (a replay, a retry after an error) leaves one row.
 */
import { parseSubject, subjectKey } from '../core/subject.ts';
import { type Ban, type BanCause, type Change, FAILURE_KINDS, type Millis } from '../core/types.ts';
import type { Database, Statement } from './database.ts';
import type { BanRecord } from './types.ts';

/** A row as STRICT tables guarantee it. */
interface BanRow {
  readonly subject: string;
  readonly since: number;
  readonly until: number | null;
  readonly cause: string;
  readonly reason: string;
  readonly offence: number;
  readonly evidence: string;
  readonly ended_at: number | null;
  readonly ended: string | null;
}

const COLUMNS = 'subject, since, until, cause, reason, offence, evidence, ended_at, ended';

export class BanTable {
  readonly #warn: (message: string) => void;
  readonly #insert: Statement;
  readonly #replace: Statement;
  readonly #unban: Statement;
  readonly #active: Statement;
  readonly #recent: Statement;
  readonly #history: Statement;
  readonly #forget: Statement;

  constructor(db: Database, warn: (message: string) => void) {
    this.#warn = warn;
    // OR REPLACE gives the row a new id, so that the highest id of a subject is always what was written last.
    this.#insert = db.prepare(
      `INSERT OR REPLACE INTO bans (subject, since, until, cause, reason, offence, evidence)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#replace = db.prepare(
      `UPDATE bans SET ended_at = min(:now, coalesce(until, :now)),
         ended = CASE WHEN until <= :now THEN 'expired' ELSE 'replaced' END
       WHERE subject = :subject AND ended_at IS NULL AND since <> :since`,
    );
    this.#unban = db.prepare(
      `UPDATE bans SET ended_at = :now, ended = 'unbanned'
       WHERE subject = :subject AND ended_at IS NULL AND (until IS NULL OR until > :now)`,
    );
    // Not by an index: that is, in the order they were written, which is nearly that of their beginning.
    this.#active = db.prepare(
      `SELECT ${COLUMNS} FROM bans NOT INDEXED WHERE ended_at IS NULL AND (until IS NULL OR until > ?)`,
    );
    this.#recent = db.prepare(
      `SELECT ${COLUMNS} FROM bans WHERE id IN (
         SELECT max(id) FROM bans
         WHERE coalesce(ended_at, until) >= ? OR (ended_at IS NULL AND until IS NULL) GROUP BY subject
       )`,
    );
    this.#history = db.prepare(`SELECT ${COLUMNS} FROM bans WHERE subject = ? ORDER BY id DESC LIMIT ?`);
    this.#forget = db.prepare('DELETE FROM bans WHERE coalesce(ended_at, until) < ?');
  }

  /** Writes the changes in their order; for use inside a transaction. @throws RangeError where a time is no number. */
  save(changes: readonly Change[], now: Millis): void {
    if (!Number.isFinite(now)) throw new RangeError(`Bans cannot be saved at the time ${now}, expected milliseconds`);
    for (const change of changes) {
      if (change.type === 'unban') this.#unban.run({ now, subject: subjectKey(change.subject) });
      else this.#saveBan(change.ban, now);
    }
  }

  #saveBan(ban: Ban, now: Millis): void {
    const subject = subjectKey(ban.subject);
    // SQLite writes NaN as null, and a null end means a permanent ban.
    if (!Number.isFinite(ban.since) || (ban.until !== null && !Number.isFinite(ban.until)))
      throw new RangeError(
        `The ban of ${subject} from ${ban.since} to ${ban.until} cannot be saved, expected two times`,
      );
    this.#replace.run({ now, subject, since: ban.since });
    const evidence = JSON.stringify(ban.evidence);
    this.#insert.run(subject, ban.since, ban.until, ban.cause, ban.reason, ban.offence, evidence);
  }

  active(now: Millis): BanRecord[] {
    return this.#read(this.#active.iterate(now), now).sort(bySince);
  }

  recent(since: Millis, now: Millis): BanRecord[] {
    return this.#read(this.#recent.iterate(since), now).sort(bySince);
  }

  history(subject: string, limit: number, now: Millis): BanRecord[] {
    return this.#read(this.#history.iterate(subject, limit), now);
  }

  /** How many rows are gone. */
  forget(before: Millis): number {
    return Number(this.#forget.run(before).changes);
  }

  #read(rows: Iterable<unknown>, now: Millis): BanRecord[] {
    const bans: BanRecord[] = [];
    const unreadable: string[] = [];
    for (const row of rows as Iterable<BanRow>) {
      const ban = readRow(row, now);
      if (ban === null) unreadable.push(row.subject);
      else bans.push(ban);
    }
    if (unreadable.length > 0)
      this.#warn(`${unreadable.length} stored bans cannot be read and are left out, the first is "${unreadable[0]}"`);
    return bans;
  }
}

function bySince(one: BanRecord, other: BanRecord): number {
  return one.since - other.since;
}

/** Null where somebody else wrote into the row. */
function readRow(row: BanRow, now: Millis): BanRecord | null {
  const subject = parseSubject(row.subject);
  const evidence = readEvidence(row.evidence);
  if (subject === null || evidence === null || !isCause(row.cause)) return null;
  const { since, until, cause, reason, offence } = row;
  return { subject, since, until, cause, reason, offence, evidence, ...ending(row, now) };
}

function readEvidence(json: string): string[] | null {
  try {
    const value: unknown = JSON.parse(json);
    return Array.isArray(value) && value.every((line) => typeof line === 'string') ? value : null;
  } catch {
    return null;
  }
}

const CAUSES: readonly string[] = [...FAILURE_KINDS, 'manual', 'imported', 'adopted'] satisfies BanCause[];

function isCause(text: string): text is BanCause {
  return CAUSES.includes(text);
}

function ending(row: BanRow, now: Millis): Pick<BanRecord, 'endedAt' | 'ended'> {
  if (row.ended_at !== null) {
    const ended = row.ended === 'unbanned' || row.ended === 'replaced' ? row.ended : 'expired';
    return { endedAt: row.ended_at, ended };
  }
  return row.until !== null && row.until <= now
    ? { endedAt: row.until, ended: 'expired' }
    : { endedAt: null, ended: null };
}
