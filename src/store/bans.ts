/**
 * The table of bans: one row for every ban that ever was, until its history is forgotten. Writing is repeatable: a ban
 * is known by subject and beginning, so the same change twice (a replay, a retry after an error) leaves one row.
 */
import { parseAddress } from '../core/ip.ts';
import { parseSubject, subjectKey } from '../core/subject.ts';
import { BAN_CAUSES, type Ban, type Change, type Millis, type Subject } from '../core/types.ts';
import type { Database, Statement } from './database.ts';
import type { BanRecord, PastBan } from './types.ts';

/** A row as STRICT tables guarantee it, in the order of `COLUMNS`; an array is read in half the time of an object. */
type BanRow = readonly [
  subject: string,
  since: number,
  until: number | null,
  cause: string,
  reason: string,
  offence: number,
  evidence: string,
  endedAt: number | null,
  ended: string | null,
  behindProxy: number,
];

const COLUMNS = 'subject, since, until, cause, reason, offence, evidence, ended_at, ended, behind_proxy';

export class BanTable {
  readonly #warn: (message: string) => void;
  readonly #insert: Statement;
  readonly #add: Statement;
  readonly #replace: Statement;
  readonly #unban: Statement;
  readonly #active: Statement;
  readonly #recent: Statement;
  readonly #history: Statement;
  readonly #all: Statement;
  readonly #forget: Statement;

  constructor(db: Database, warn: (message: string) => void) {
    this.#warn = warn;
    // OR REPLACE gives the row a new id, so that the highest id of a subject is always what was written last.
    this.#insert = db.prepare(
      `INSERT OR REPLACE INTO bans (subject, since, until, cause, reason, offence, evidence, behind_proxy)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    // Below all ids there are: no row of the history may pass for what was written last.
    this.#add = db.prepare(
      `INSERT OR IGNORE INTO bans (id, ${COLUMNS})
       VALUES ((SELECT min(0, coalesce(min(id), 0)) - 1 FROM bans), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
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
    this.#active = selectRows(db, 'bans NOT INDEXED WHERE ended_at IS NULL AND (until IS NULL OR until > ?)');
    // What has no end written is the last of its subject; with one it may be the last of late, or the last real one before a short one.
    this.#recent = selectRows(
      db,
      `bans NOT INDEXED WHERE (ended_at IS NULL AND (until IS NULL OR until >= ?1))
         OR (ended_at >= ?1 AND NOT EXISTS (
           SELECT 1 FROM bans AS later WHERE later.subject = bans.subject AND later.id > bans.id
             AND coalesce(later.ended_at, later.until, ?1) >= ?1
             AND (later.cause <> 'rate-limit' OR bans.cause = 'rate-limit')
         ))`,
    );
    this.#history = selectRows(db, 'bans WHERE subject = ? ORDER BY id DESC LIMIT ?');
    this.#all = selectRows(db, 'bans ORDER BY id DESC');
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
    this.#insert.run(
      subject,
      ban.since,
      ban.until,
      ban.cause,
      ban.reason,
      ban.offence,
      evidence,
      ban.behindProxy ? 1 : 0,
    );
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

  /** For use inside a transaction; how many were new. */
  addHistory(past: readonly PastBan[]): number {
    let added = 0;
    for (const { subject, since, until, cause, reason, offence, evidence, endedAt, ended, behindProxy } of past) {
      const lines = JSON.stringify(evidence);
      const proxied = behindProxy ? 1 : 0;
      const row = [subjectKey(subject), since, until, cause, reason, offence, lines, endedAt, ended, proxied];
      added += Number(this.#add.run(...row).changes);
    }
    return added;
  }

  /** All bans, what was written last first; one at a time. */
  *all(now: Millis): Generator<BanRecord, void, undefined> {
    let unreadable = 0;
    const read = rowReader(now);
    for (const row of this.#all.iterate() as Iterable<unknown> as Iterable<BanRow>) {
      const ban = read(row);
      if (ban === null) unreadable++;
      else yield ban;
    }
    if (unreadable > 0) this.#warn(`${unreadable} stored bans cannot be read and are left out`);
  }

  /** How many rows are gone. */
  forget(before: Millis): number {
    return Number(this.#forget.run(before).changes);
  }

  #read(rows: Iterable<unknown>, now: Millis): BanRecord[] {
    const bans: BanRecord[] = [];
    const unreadable: string[] = [];
    const read = rowReader(now);
    for (const row of rows as Iterable<BanRow>) {
      const ban = read(row);
      if (ban === null) unreadable.push(row[0]);
      else bans.push(ban);
    }
    if (unreadable.length > 0)
      this.#warn(`${unreadable.length} stored bans cannot be read and are left out, the first is "${unreadable[0]}"`);
    return bans;
  }
}

function selectRows(db: Database, from: string): Statement {
  const statement = db.prepare(`SELECT ${COLUMNS} FROM ${from}`);
  statement.setReturnArrays(true);
  return statement;
}

function bySince(one: BanRecord, other: BanRecord): number {
  return one.since - other.since;
}

/** Reads rows one after the other; null where somebody else wrote into one. */
function rowReader(now: Millis): (row: BanRow) => BanRecord | null {
  // A hundred thousand bans share some reasons, and need not hold as many copies of them.
  const reasons = new Map<string, string>();
  return (row) => {
    const [text, since, until, , reason, offence, , writtenEnd, written, proxied] = row;
    const subject = readSubject(text);
    const cause = BAN_CAUSES.find((one) => one === row[3]);
    const evidence = readEvidence(row[6]);
    if (subject === null || cause === undefined || evidence === null) return null;
    const known = reasons.get(reason);
    if (known === undefined) reasons.set(reason, reason);
    const isOver = writtenEnd === null && until !== null && until <= now;
    const endedAt = isOver ? until : writtenEnd;
    const ended = endedAt === null ? null : written === 'unbanned' || written === 'replaced' ? written : 'expired';
    const behindProxy = proxied === 1 ? ({ behindProxy: true } as const) : {};
    return { subject, since, until, cause, reason: known ?? reason, offence, evidence, endedAt, ended, ...behindProxy };
  };
}

/** Nearly all are addresses. */
function readSubject(text: string): Subject | null {
  const address = parseAddress(text);
  return address === null ? parseSubject(text) : { type: 'address', address };
}

function readEvidence(json: string): string[] | null {
  try {
    const value: unknown = JSON.parse(json);
    return Array.isArray(value) && value.every((line) => typeof line === 'string') ? value : null;
  } catch {
    return null;
  }
}
