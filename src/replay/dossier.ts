/**
 * What a replay remembers of each address, prefix and login: how it failed, whether it ever logged in, and its bans. Whoever
 * was not seen for longest is forgotten first, except for the banned, so that logs of any length fit in memory.
 */
import type { Ban, FailureKind, Limit, Millis, Subject } from '../core/types.ts';
import { Peak } from './peak.ts';
import { Tally } from './tally.ts';

export interface BanRecord {
  readonly ban: Ban;
  /** The failures that fell into it. */
  stopped: number;
}

export class Dossier {
  readonly subject: Subject;
  /** It is never banned. */
  readonly isAllowed: boolean;
  /** In the order of time. */
  readonly bans: BanRecord[] = [];
  /** The failed logins in a row that led to the first ban for failed logins; without a ban, the last ones. */
  failures: Tally | null = null;
  successes: Tally | null = null;
  /** How many successes there were before the first ban. */
  before = 0;
  /** How many fell into a ban. */
  during = 0;
  #isBannedForLogins = false;
  /** How it pressed against each limit that banned it. */
  readonly peaks: Peak[] = [];
  /** When it failed, as long as one more failure leads to a ban. */
  #nearly: { readonly kind: FailureKind; readonly times: readonly Millis[] } | null = null;

  constructor(subject: Subject, isAllowed: boolean) {
    this.subject = subject;
    this.isAllowed = isAllowed;
  }

  /** The last ban, where it holds at that time. What is read late of the time before it was no trouble of the banned. */
  inForce(time: Millis): BanRecord | null {
    const record = this.bans.at(-1);
    if (record === undefined) return null;
    const { since, until } = record.ban;
    return time >= since && (until === null || time < until) ? record : null;
  }

  /** A failure, whether or not a ban would have stopped it. Nothing is kept of who was never banned for such. */
  press(kind: FailureKind, time: Millis): void {
    for (const peak of this.peaks) if (peak.kind === kind) peak.add(time);
  }

  /** One more failure leads to a ban; these are the times of all before it. */
  expectBan(kind: FailureKind, times: readonly Millis[]): void {
    this.#nearly = { kind, times };
  }

  /** A failed login, one of a row if there was another within the period. */
  fail(name: string | null, time: Millis, period: Millis): void {
    if (this.#isBannedForLogins) return;
    if (this.failures === null || time - this.failures.last >= period) this.failures = new Tally(time);
    this.failures.add(name, time);
  }

  succeed(name: string | null, time: Millis): void {
    this.successes ??= new Tally(time);
    this.successes.add(name, time);
    if (this.bans.length === 0) this.before++;
    else if (this.inForce(time) !== null) this.during++;
  }

  ban(ban: Ban, kind: FailureKind): void {
    this.bans.push({ ban, stopped: 0 });
    if (kind === 'authentication') this.#isBannedForLogins = true;
  }

  /** A limit has just been reached: from now on its peak is kept. @param time of the failure that reached it. */
  track(kind: FailureKind, limit: Limit, time: Millis): void {
    if (!this.peaks.some((peak) => peak.kind === kind)) {
      const before = this.#nearly?.kind === kind ? this.#nearly.times : [];
      this.peaks.push(new Peak(kind, limit, [...before, time]));
    }
    this.#nearly = null;
  }
}

export class Dossiers {
  readonly #max: number;
  /** All that have ever been banned, by the key of the subject, in the order of their first bans. */
  readonly banned = new Map<string, Dossier>();
  /** How many were forgotten that had logged in with success. */
  forgotten = 0;
  /** Two generations instead of an order of all, as in `evidence.ts`: at least half of `max` are those seen last. */
  #younger = new Map<string, Dossier>();
  #older = new Map<string, Dossier>();

  constructor(max: number) {
    this.#max = max;
  }

  get(key: string): Dossier | undefined {
    return this.#younger.get(key) ?? this.#bringForward(key);
  }

  /** There must not be one of this key yet. */
  add(key: string, dossier: Dossier): Dossier {
    if (this.#younger.size >= this.#max / 2) {
      for (const one of this.#older.values()) if (one.successes !== null && one.bans.length === 0) this.forgotten++;
      this.#older = this.#younger;
      this.#younger = new Map();
    }
    this.#younger.set(key, dossier);
    return dossier;
  }

  #bringForward(key: string): Dossier | undefined {
    const dossier = this.#older.get(key) ?? this.banned.get(key);
    if (dossier === undefined) return undefined;
    this.#older.delete(key);
    return this.add(key, dossier);
  }
}
