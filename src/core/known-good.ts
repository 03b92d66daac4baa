/**
 * From where each login has been used with success: pairs of a login and a network. Whoever comes from there is let
 * through to the password check while the login is locked. Only a success can enter a pair, never a failure, so nobody
 * without the password can. Bounded: those go first that were used least recently.
 */
import { type Network, parseNetwork } from './ip.ts';
import type { Millis } from './types.ts';

/** Where a login has worked, and when last. */
export interface Origin {
  readonly network: Network;
  readonly last: Millis;
}

/** A pair as it is stored; null where it is gone. */
export type KnownPair = readonly [key: string, time: Millis | null];

/** Times are kept to the minute: small integers take no memory of their own in a map. */
const MINUTE: Millis = 60_000;
const SEPARATOR = '\n';
/** So many logins are looked for one by one: to compare the beginnings of keys is faster than to take them apart. */
const FEW = 8;

export class KnownGood {
  readonly #max: number;
  /**
   * Two generations instead of an order of all: a pair that is used again moves to the younger one, and when that is full
   * the older one goes. So what is kept are at least half as many pairs as there may be, those used last.
   */
  #younger = new Map<string, number>();
  #older = new Map<string, number>();
  #changed = new Set<string>();

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#younger.size + this.#older.size;
  }

  /** A login worked from there; the pair is a `pairKey`. Returns when it last had, null where it never had. */
  note(pair: string, time: Millis): Millis | null {
    const minute = Math.floor(time / MINUTE);
    const younger = this.#younger.get(pair);
    if (younger !== undefined && younger >= minute) return younger * MINUTE;
    const known = younger ?? this.#older.get(pair);
    this.#keep(pair, Math.max(minute, known ?? minute));
    this.#changed.add(pair);
    return known === undefined ? null : known * MINUTE;
  }

  /** When the login last worked from there; null where it never did, as far as is known. */
  last(pair: string): Millis | null {
    const minute = this.#younger.get(pair) ?? this.#older.get(pair);
    return minute === undefined ? null : minute * MINUTE;
  }

  /**
   * From where each of some logins worked after that time, the latest first and at most so many; one that never did is
   * missing. Goes through all pairs.
   */
  ofMany(logins: ReadonlySet<string>, after: Millis, most: number): ReadonlyMap<string, readonly Network[]> {
    const found =
      logins.size <= FEW ? new Map([...logins].map((login) => [login, this.of(login)])) : this.#grouped(logins);
    return new Map(
      [...found].flatMap(([login, origins]): [string, Network[]][] => {
        const recent = origins.filter(({ last }) => last > after).sort((one, other) => other.last - one.last);
        return recent.length === 0 ? [] : [[login, recent.slice(0, most).map(({ network }) => network)]];
      }),
    );
  }

  /** What changed since the last call. */
  takeChanged(): KnownPair[] {
    const changed = [...this.#changed].map((key): KnownPair => {
      const minute = this.#younger.get(key) ?? this.#older.get(key);
      return [key, minute === undefined ? null : minute * MINUTE];
    });
    this.#changed = new Set();
    return changed;
  }

  /** Takes over what `takeChanged` gave before. Not a change. */
  load(pairs: Iterable<readonly [key: string, time: Millis]>): void {
    for (const [key, time] of pairs) this.#keep(key, Math.floor(time / MINUTE));
  }

  /** The networks of one login, and when it last worked from each, the latest first. Goes through all pairs. */
  of(login: string): Origin[] {
    const start = login + SEPARATOR;
    const origins: Origin[] = [];
    for (const map of [this.#younger, this.#older])
      for (const [key, minute] of map) {
        const network = key.startsWith(start) ? parseNetwork(key.slice(start.length)) : null;
        if (network !== null) origins.push({ network, last: minute * MINUTE });
      }
    return origins.sort((one, other) => other.last - one.last);
  }

  /** Forgets one pair. */
  remove(pair: string): void {
    this.#younger.delete(pair);
    this.#older.delete(pair);
    this.#changed.add(pair);
  }

  /** Forgets the pairs that were last used before. */
  forgetBefore(before: Millis): void {
    for (const map of [this.#younger, this.#older])
      for (const [key, minute] of map) if (minute * MINUTE < before) this.remove(key);
  }

  #grouped(logins: ReadonlySet<string>): Map<string, Origin[]> {
    const found = new Map<string, Origin[]>();
    for (const map of [this.#younger, this.#older])
      for (const [key, minute] of map) {
        const end = key.lastIndexOf(SEPARATOR);
        const login = key.slice(0, end);
        const network = logins.has(login) ? parseNetwork(key.slice(end + 1)) : null;
        if (network === null) continue;
        const origins = found.get(login);
        if (origins === undefined) found.set(login, [{ network, last: minute * MINUTE }]);
        else origins.push({ network, last: minute * MINUTE });
      }
    return found;
  }

  #keep(key: string, minute: number): void {
    this.#older.delete(key);
    if (!this.#younger.has(key) && this.#younger.size >= this.#max / 2) {
      for (const gone of this.#older.keys()) this.#changed.add(gone);
      this.#older = this.#younger;
      this.#younger = new Map();
    }
    this.#younger.set(key, minute);
  }
}

/** A login and where it was used from. */
export function pairKey(login: string, origin: Network): string {
  return login + SEPARATOR + origin;
}
