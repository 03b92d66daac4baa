/**
 * Failed logins that more than one layer tells of. Dovecot's auth process and PAM speak first, the server that the client
 * talks to speaks last; each attempt has at most one line a layer. What the server says counts; what the others say names
 * the login, and counts only if the server says nothing. Bounded in number of addresses, and per address.
 */
import type { Address } from '../core/ip.ts';
import type { Millis } from '../core/types.ts';
import type { Sighting } from './match.ts';

interface Attempt {
  /** The sighting that counts if no server line comes. */
  sighting: Sighting;
  login: string | null;
  session: string | null;
  readonly layers: string[];
  /** A real failure by itself; false for hints, which good logins write too. */
  strong: boolean;
  /** The server has told of it: it has been counted. */
  served: boolean;
  /** The server's own fault: it is to count for nobody. */
  readonly excused: boolean;
}

const PREFIX = 'attempts ';
const PER_ADDRESS = 64;
/** Two password databases answer for one attempt within so long; a client's next attempt comes later. */
const SAME_ATTEMPT: Millis = 1_500;
/** Dovecot delays the answer to a wrong password by 2 s: what a success follows at once was the same attempt. */
const ANSWER_DELAY: Millis = 1_900;
/** Clocks and log writers of different processes may be so far apart. */
const SKEW: Millis = 3_000;

export class Attempts {
  readonly #max: number;
  readonly #echoWait: Millis;
  readonly #sessionWait: Millis;
  /** In the order in which the addresses were last seen. */
  readonly #attempts = new Map<Address, Attempt[]>();
  /** Addresses with an unserved strong attempt, by the time at which it will have waited long enough. */
  readonly #waiting = new Map<Address, Millis>();
  readonly #changed = new Set<Address>();

  constructor(maxAddresses: number, echoWait: Millis, sessionWait: Millis) {
    this.#max = maxAddresses;
    this.#echoWait = echoWait;
    this.#sessionWait = sessionWait;
  }

  /** A layer behind the server speaks. */
  echo(sighting: Sighting): void {
    const { ip, layer } = sighting;
    if (ip === null) return;
    const strong = sighting.as === 'echo';
    const attempts = this.#attempts.get(ip) ?? [];
    const known =
      attempts.findLast(
        (attempt) => attempt.layers.includes(layer) && !attempt.served && isSame(attempt, sighting, SAME_ATTEMPT),
      ) ?? attempts.find((attempt) => !attempt.layers.includes(layer) && isSame(attempt, sighting, this.#echoWait));
    if (known === undefined) {
      attempts.push(newAttempt(sighting, layer, strong));
    } else {
      if (!known.layers.includes(layer)) known.layers.push(layer);
      known.login ??= sighting.login;
      known.session ??= sighting.session;
      if (strong && !known.strong) {
        known.strong = true;
        known.sighting = sighting;
      }
    }
    this.#keep(ip, attempts, sighting.time);
  }

  /** The server could not judge an attempt. */
  excuse(sighting: Sighting): void {
    const { ip } = sighting;
    if (ip === null || sighting.layer === '') return;
    const attempts = this.#attempts.get(ip) ?? [];
    attempts.push({ ...newAttempt(sighting, sighting.layer, false), excused: true });
    this.#keep(ip, attempts, sighting.time);
  }

  /** How many of the failures that the server tells of were its own; each is taken once. */
  takeExcused(sighting: Sighting): number {
    return this.#take(sighting, (attempt) => attempt.excused && belongs(attempt, sighting, this.#echoWait)).length;
  }

  /** The server tells of `count` failures: finds what the other layers said of them. Returns the logins, oldest first. */
  claim(sighting: Sighting, count: number): (string | null)[] {
    const { ip } = sighting;
    if (ip === null) return [];
    const attempts = this.#attempts.get(ip) ?? [];
    const own = attempts.filter(
      (attempt) => !attempt.served && !attempt.excused && belongs(attempt, sighting, this.#echoWait),
    );
    const claimed = own.slice(0, count);
    for (const attempt of claimed) attempt.served = true;
    // The other layers may be read later: what they will say has been counted already.
    for (let missing = Math.min(count - claimed.length, PER_ADDRESS); missing > 0; missing--) {
      attempts.push({ ...newAttempt(sighting, '', false), session: null, served: true });
    }
    this.#keep(ip, attempts, sighting.time);
    return claimed.map((attempt) => attempt.login);
  }

  /**
   * A login worked. What the layers said just before was the same attempt (the first of two password databases did not
   * know the name); what they said longer before on the same session was a failure that the server never logs.
   */
  success(sighting: Sighting): Sighting[] {
    const taken = this.#take(sighting, (attempt) => {
      if (attempt.served || attempt.excused || !belongs(attempt, sighting, this.#echoWait)) return false;
      return attempt.session !== null || !attempt.strong || sighting.time - attempt.sighting.time < ANSWER_DELAY;
    });
    return taken
      .filter((attempt) => attempt.strong && sighting.time - attempt.sighting.time >= ANSWER_DELAY)
      .map(asSighting);
  }

  /** The client has logged in over a server that names no session; its open attempts were no failures. */
  forgive(sighting: Sighting): void {
    this.#take(sighting, (attempt) => !attempt.served && attempt.session === null);
  }

  /** The attempts that no server line came for. */
  *takeWaited(clock: Millis): Generator<Sighting> {
    for (const [ip, due] of this.#waiting) {
      if (due > clock) continue;
      const attempts = this.#attempts.get(ip) ?? [];
      const waited = attempts.filter((attempt) => isWaiting(attempt) && this.#due(attempt) <= clock);
      for (const attempt of waited) attempt.served = true;
      this.#keep(ip, attempts, clock);
      yield* waited.map(asSighting);
    }
  }

  *takeAll(): Generator<Sighting> {
    for (const [ip, attempts] of this.#attempts) {
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
    const states = [...this.#changed].map((ip): [string, string | null] => {
      const attempts = this.#attempts.get(ip);
      return [PREFIX + ip, attempts === undefined ? null : JSON.stringify(attempts)];
    });
    this.#changed.clear();
    return states;
  }

  load(key: string, state: string): void {
    if (!key.startsWith(PREFIX)) return;
    const ip = key.slice(PREFIX.length) as Address;
    const attempts = JSON.parse(state) as Attempt[];
    this.#keep(ip, attempts, Number.NEGATIVE_INFINITY);
    this.#changed.delete(ip);
  }

  #take(sighting: Sighting, wanted: (attempt: Attempt) => boolean): Attempt[] {
    const { ip } = sighting;
    const attempts = ip === null ? undefined : this.#attempts.get(ip);
    if (ip === null || attempts === undefined) return [];
    const taken = attempts.filter(wanted);
    if (taken.length > 0) {
      this.#keep(
        ip,
        attempts.filter((attempt) => !taken.includes(attempt)),
        sighting.time,
      );
    }
    return taken;
  }

  /** Stores the attempts of an address without those that nothing can refer to any more. */
  #keep(ip: Address, attempts: readonly Attempt[], clock: Millis): void {
    const horizon = clock - this.#sessionWait;
    const kept = attempts.filter(
      (attempt) =>
        isWaiting(attempt) || attempt.sighting.time > (attempt.session === null ? clock - this.#echoWait : horizon),
    );
    this.#changed.add(ip);
    this.#attempts.delete(ip);
    this.#waiting.delete(ip);
    if (kept.length === 0) return;
    const newest = kept.slice(-PER_ADDRESS);
    this.#attempts.set(ip, newest);
    const due = newest.filter(isWaiting).map((attempt) => this.#due(attempt));
    if (due.length > 0) this.#waiting.set(ip, Math.min(...due));
    if (this.#attempts.size <= this.#max) return;
    for (const oldest of this.#attempts.keys()) {
      this.#drop(oldest);
      break;
    }
  }

  #drop(ip: Address): void {
    this.#attempts.delete(ip);
    this.#waiting.delete(ip);
    this.#changed.add(ip);
  }

  #due(attempt: Attempt): Millis {
    return attempt.sighting.time + (attempt.session === null ? this.#echoWait : this.#sessionWait);
  }
}

function newAttempt(sighting: Sighting, layer: string, strong: boolean): Attempt {
  const { login, session } = sighting;
  return { sighting, login, session, layers: [layer], strong, served: false, excused: false };
}

function isWaiting(attempt: Attempt): boolean {
  return attempt.strong && !attempt.served;
}

function asSighting(attempt: Attempt): Sighting {
  return { ...attempt.sighting, login: attempt.login };
}

/** Whether two layers may speak of one attempt. */
function isSame(attempt: Attempt, sighting: Sighting, within: Millis): boolean {
  if (Math.abs(sighting.time - attempt.sighting.time) > within) return false;
  const oneSession = attempt.session === null || sighting.session === null || attempt.session === sighting.session;
  return oneSession && isSameLogin(attempt.login, sighting.login);
}

/** Whether a server line may tell of the attempt: by session, or by time and login where the layer names no session. */
function belongs(attempt: Attempt, sighting: Sighting, within: Millis): boolean {
  if (attempt.session !== null) return attempt.session === sighting.session;
  const age = sighting.time - attempt.sighting.time;
  return age <= within && age >= -SKEW && isSameLogin(attempt.login, sighting.login);
}

/** Layers write a login differently: cut short, with or without its domain, odd characters as question marks. */
function isSameLogin(one: string | null, other: string | null): boolean {
  if (one === null || other === null) return true;
  const a = plain(one);
  const b = plain(other);
  if (a === b) return true;
  if (isCut(one) || isCut(other)) return a.startsWith(b) || b.startsWith(a);
  const localOnly = a.includes('@') !== b.includes('@');
  return localOnly && a.split('@')[0] === b.split('@')[0];
}

function plain(login: string): string {
  return login
    .toLowerCase()
    .replace(/\.\.\.$/, '')
    .replace(/\?.*$/, '');
}

function isCut(login: string): boolean {
  return login.endsWith('...') || login.includes('?') || login.length >= 100;
}
