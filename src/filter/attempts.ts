/**
 * Failed logins that more than one layer tells of. Dovecot's auth process and PAM speak first, the server that the client
 * talks to speaks last; each attempt has at most one line a layer. What the server says counts; what the others say names
 * the login, and counts only if the server says nothing. The layers may write to different logs, which may be read one
 * after the other in either order, so nothing here is over until `pass` says that its time has passed. Bounded in number
 * of addresses, and per address; what has to go while it still waits is counted.
 */
import type { Address } from '../core/ip.ts';
import { RecentMap } from '../core/recent.ts';
import type { Millis } from '../core/types.ts';
import {
  type Attempt,
  asSighting,
  belongs,
  choose,
  countsSession,
  hasTold,
  isPartOfSuccess,
  isSame,
  isTwin,
  isWaiting,
  learn,
  newAttempt,
  release,
  SKEW,
  serve,
  untold,
} from './attempt.ts';
import type { Sighting } from './match.ts';

/** What the other layers said of the failures that the server tells of. */
export interface Claim {
  /** Those that have not been counted yet, oldest first. */
  readonly open: readonly Pick<Attempt, 'login' | 'password'>[];
  /** How many were counted already, because the server's line came so late. */
  readonly counted: number;
}

const PREFIX = 'attempts ';
const PER_ADDRESS = 64;
/** How long an echo waits for the server's own line; Dovecot answers a guesser up to 17 s late. */
const ECHO_WAIT: Millis = 30_000;
/** Echoes with a session id wait for the end of the session; a login process lets nobody stay for longer. */
const SESSION_WAIT: Millis = 300_000;

export class Attempts {
  readonly #max: number;
  /** In the order in which the addresses were last seen. */
  readonly #attempts = new RecentMap<Address, Attempt[]>();
  /** Addresses with a waiting attempt, and when the first of them will have waited long enough. */
  readonly #waiting = new Map<Address, Millis>();
  /** No waiting attempt is due before. */
  #firstDue: Millis = Number.POSITIVE_INFINITY;
  #passed: Millis = Number.NEGATIVE_INFINITY;
  #ready: Sighting[] = [];
  readonly #changed = new Set<Address>();
  /** Whose state has been given out: only they have to be told when they are gone. */
  readonly #stored = new Set<Address>();

  constructor(maxAddresses: number) {
    this.#max = maxAddresses;
  }

  /** A layer behind the server speaks. */
  echo(sighting: Sighting): void {
    const { ip, layer } = sighting;
    if (ip === null) return;
    const attempts = this.#attempts.get(ip) ?? [];
    for (let i = 0; i < Math.min(sighting.attempts, PER_ADDRESS); i++) {
      // Of several clients at once the first to be asked about is the first to be answered.
      const twin = attempts.find((attempt) => isTwin(attempt, sighting));
      const known = twin ?? attempts.find((one) => !hasTold(one, layer) && isSame(one, sighting, reach(one)));
      if (known === undefined) attempts.push(newAttempt(sighting, 'open'));
      else learn(known, sighting);
    }
    this.#keep(ip, attempts);
  }

  /**
   * The server itself tells of a failure at once, beside what it will write to its logs. Whether nothing else has counted
   * it yet, so that it is to be counted now; the log's lines on it count no more then.
   */
  report(sighting: Sighting): boolean {
    const { ip, layer } = sighting;
    if (ip === null) return false;
    const attempts = this.#attempts.get(ip) ?? [];
    const known = attempts.find((one) => !hasTold(one, layer) && isSame(one, sighting, reach(one)));
    const isFirst = known === undefined || known.state === 'open';
    if (known === undefined) {
      attempts.push(newAttempt(sighting, 'released'));
    } else {
      learn(known, sighting);
      if (known.state === 'open') release(known);
    }
    this.#keep(ip, attempts);
    return isFirst;
  }

  /** The server could not judge an attempt. */
  excuse(sighting: Sighting): void {
    const { ip } = sighting;
    if (ip === null || sighting.layer === '') return;
    const attempts = this.#attempts.get(ip) ?? [];
    attempts.push(newAttempt(sighting, 'excused'));
    this.#keep(ip, attempts);
  }

  /** How many of so many failures that the server tells of were its own; each is taken once. */
  takeExcused(sighting: Sighting, count: number): number {
    let left = count;
    const isExcused = (attempt: Attempt): boolean => attempt.state === 'excused' && isOf(attempt, sighting);
    return this.#take(sighting, (attempt) => isExcused(attempt) && left-- > 0).length;
  }

  /** How many failures the server's last line on a session stands for: those that were told of, and at least its own. */
  failuresUntil({ ip, session, attempts: own }: Sighting): number {
    if (ip === null || session === null) return own;
    const told = this.#attempts.get(ip)?.filter((one) => one.session === session && one.state !== 'served') ?? [];
    return Math.max(own, told.length);
  }

  /** The server tells of `count` failures: finds what the other layers said of them. */
  claim(sighting: Sighting, count: number): Claim {
    const { ip } = sighting;
    if (ip === null) return { open: [], counted: 0 };
    const attempts = this.#attempts.get(ip) ?? [];
    const candidates = attempts.filter(
      (attempt) =>
        (attempt.state === 'open' || attempt.state === 'released') && belongs(attempt, sighting, ECHO_WAIT, count > 1),
    );
    const claimed = candidates.length <= count ? candidates : choose(candidates, sighting, count);
    const counted = claimed.filter(({ state }) => state === 'released').length;
    const open = claimed.filter(({ state }) => state === 'open');
    for (const attempt of claimed) serve(attempt);
    // The server has counted the attempts of the session: what is left over told of one of them too.
    if (countsSession(sighting)) {
      for (const attempt of candidates)
        if (attempt.state === 'open' && attempt.session === sighting.session) serve(attempt);
    }
    // The other layers may be read later: what they will say has been counted already.
    for (let missing = Math.min(count - claimed.length, PER_ADDRESS); missing > 0; missing--) {
      const placeholder = untold(sighting, 'served');
      if (count > 1) placeholder.login = null;
      attempts.push(placeholder);
    }
    this.#keep(ip, attempts);
    return { open, counted };
  }

  /**
   * A login worked. What the layers said just before was the same attempt (the first of two password databases did not
   * know the name); what they said longer before on the same session was a failure that the server never logs.
   */
  success(sighting: Sighting): Sighting[] {
    const known = (sighting.ip === null ? undefined : this.#attempts.get(sighting.ip)) ?? [];
    const failed = new Set(known.filter((attempt) => attempt.strong && !isPartOfSuccess(attempt, known, sighting)));
    const taken = this.#take(sighting, (attempt) => {
      if (attempt.state !== 'open' || !isOf(attempt, sighting)) return false;
      return attempt.session !== null || !failed.has(attempt);
    });
    return taken.filter((attempt) => failed.has(attempt)).map(asSighting);
  }

  /** The client has logged in over a server that names no session; its open attempts were no failures. */
  forgive(sighting: Sighting): void {
    this.#take(sighting, (attempt) => attempt.state === 'open' && isBeforeEnd(attempt, sighting.time));
  }

  /** The time until `passed` is over, and all layers have said what they had to say of it. */
  pass(passed: Millis): void {
    this.#passed = passed;
    if (passed >= this.#firstDue) this.#release(passed);
    // Nothing will refer any more to what was seen last long ago.
    for (const [ip, attempts] of this.#attempts.entries()) {
      if (attempts.some((attempt) => isWaiting(attempt) || endOf(attempt) > passed)) break;
      this.#drop(ip);
    }
  }

  /** The attempts that no server line came for. */
  takeReady(): readonly Sighting[] {
    if (this.#ready.length === 0) return this.#ready;
    const ready = this.#ready;
    this.#ready = [];
    return ready;
  }

  /** Ends all waiting. */
  *takeAll(): Generator<Sighting> {
    yield* this.takeReady();
    for (const [ip, attempts] of this.#attempts.entries()) {
      yield* attempts.filter(isWaiting).map(asSighting);
      this.#drop(ip);
    }
  }

  oldestLine(): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (const ip of this.#waiting.keys()) {
      for (const attempt of this.#attempts.get(ip) ?? [])
        if (isWaiting(attempt)) oldest = Math.min(oldest, attempt.sighting.line);
    }
    return oldest;
  }

  takeChanged(): [string, string | null][] {
    const states: [string, string | null][] = [];
    for (const ip of this.#changed) {
      const attempts = this.#attempts.get(ip);
      if (attempts !== undefined) {
        this.#stored.add(ip);
        states.push([PREFIX + ip, JSON.stringify(attempts)]);
      } else if (this.#stored.delete(ip)) {
        states.push([PREFIX + ip, null]);
      }
    }
    this.#changed.clear();
    return states;
  }

  /** Takes over what `takeChanged` gave; other keys are left alone. */
  load(states: ReadonlyMap<string, string>): void {
    const stored = [...states]
      .filter(([key]) => key.startsWith(PREFIX))
      .map(([key, state]) => ({
        ip: key.slice(PREFIX.length) as Address,
        // An older version did not keep the voices.
        attempts: (JSON.parse(state) as Attempt[]).map((attempt) => ({ ...attempt, voices: attempt.voices ?? [] })),
      }));
    const lastTime = (attempts: readonly Attempt[]): Millis => attempts.at(-1)?.sighting.time ?? 0;
    for (const { ip, attempts } of stored.sort((a, b) => lastTime(a.attempts) - lastTime(b.attempts))) {
      this.#stored.add(ip);
      this.#keep(ip, attempts);
      this.#changed.delete(ip);
    }
  }

  #release(passed: Millis): void {
    this.#firstDue = Number.POSITIVE_INFINITY;
    for (const [ip, due] of this.#waiting) {
      if (due > passed) {
        this.#firstDue = Math.min(this.#firstDue, due);
        continue;
      }
      const attempts = this.#attempts.get(ip) ?? [];
      for (const attempt of attempts) {
        if (!isWaiting(attempt) || dueOf(attempt) > passed) continue;
        this.#ready.push(asSighting(attempt));
        release(attempt);
      }
      this.#keep(ip, attempts);
    }
  }

  #take(sighting: Sighting, wanted: (attempt: Attempt) => boolean): Attempt[] {
    const { ip } = sighting;
    const attempts = ip === null ? undefined : this.#attempts.get(ip);
    if (ip === null || attempts === undefined) return [];
    const taken = attempts.filter(wanted);
    if (taken.length > 0)
      this.#keep(
        ip,
        attempts.filter((attempt) => !taken.includes(attempt)),
      );
    return taken;
  }

  /** Stores the attempts of an address without those that nothing can refer to any more. */
  #keep(ip: Address, attempts: readonly Attempt[]): void {
    const kept = this.#bounded(attempts.filter((attempt) => isWaiting(attempt) || endOf(attempt) > this.#passed));
    if (kept.length === 0) {
      this.#drop(ip);
      return;
    }
    this.#changed.add(ip);
    this.#attempts.set(ip, kept);
    let due = Number.POSITIVE_INFINITY;
    for (const attempt of kept) if (isWaiting(attempt)) due = Math.min(due, dueOf(attempt));
    if (due < Number.POSITIVE_INFINITY) this.#waiting.set(ip, due);
    else this.#waiting.delete(ip);
    this.#firstDue = Math.min(this.#firstDue, due);
    if (this.#attempts.size <= this.#max) return;
    const { oldest } = this.#attempts;
    if (oldest === undefined) return;
    this.#ready.push(...(this.#attempts.get(oldest) ?? []).filter(isWaiting).map(asSighting));
    this.#drop(oldest);
  }

  /** At most so many as one address may have: those that wait for nothing go first. */
  #bounded(attempts: Attempt[]): Attempt[] {
    const over = attempts.length - PER_ADDRESS;
    if (over <= 0) return attempts;
    const idle = attempts.filter((attempt) => !isWaiting(attempt));
    const going = new Set([...idle, ...attempts.filter(isWaiting)].slice(0, over));
    this.#ready.push(...[...going].filter(isWaiting).map(asSighting));
    return attempts.filter((attempt) => !going.has(attempt));
  }

  #drop(ip: Address): void {
    this.#attempts.delete(ip);
    this.#waiting.delete(ip);
    this.#changed.add(ip);
  }
}

/** Whether a server line of one attempt may tell of this one. */
function isOf(attempt: Attempt, sighting: Sighting): boolean {
  return belongs(attempt, sighting, ECHO_WAIT, false);
}

/** Whether the end of a connection without a session comes so soon behind the attempt that it may have been made there. */
function isBeforeEnd({ session, sighting }: Attempt, end: Millis): boolean {
  return session === null && sighting.time <= end + SKEW && end - sighting.time <= ECHO_WAIT;
}

/** How far apart two layers' lines on one attempt may be; the server's line comes at the end of a session. */
function reach(attempt: Attempt): Millis {
  return attempt.session === null ? ECHO_WAIT : SESSION_WAIT;
}

/** When a waiting attempt has waited long enough. */
function dueOf(attempt: Attempt): Millis {
  return attempt.sighting.time + reach(attempt);
}

/** Until when something may refer to an attempt. */
function endOf(attempt: Attempt): Millis {
  return attempt.sighting.time + (attempt.state === 'released' ? SESSION_WAIT : reach(attempt));
}
