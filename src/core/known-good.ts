/**
 * From where each login has been used with success: pairs of a login and a network. Whoever comes from there is let
 * through to the password check while the login is locked. Only a success can enter a pair, never a failure, so nobody
 * without the password can. Bounded: those go first that were used least recently.
 */
import type { Network } from './ip.ts';
import type { Millis } from './types.ts';

/** A pair as it is stored; null where it is gone. */
export type KnownPair = readonly [key: string, time: Millis | null];

/** Times are kept to the minute: small integers take no memory of their own in a map. */
const MINUTE: Millis = 60_000;
const SEPARATOR = '\n';

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

  /** A login worked from there; the pair is a `pairKey`. */
  note(pair: string, time: Millis): void {
    const minute = Math.floor(time / MINUTE);
    const known = this.#younger.get(pair);
    if (known !== undefined && known >= minute) return;
    this.#keep(pair, Math.max(minute, this.#older.get(pair) ?? minute));
    this.#changed.add(pair);
  }

  /** When the login last worked from there; null where it never did, as far as is known. */
  last(pair: string): Millis | null {
    const minute = this.#younger.get(pair) ?? this.#older.get(pair);
    return minute === undefined ? null : minute * MINUTE;
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

  /** Forgets the pairs that were used before, of all logins or of one. Returns how many. */
  forget(before: Millis, login: string | null = null): number {
    let count = 0;
    for (const map of [this.#younger, this.#older]) {
      for (const [key, minute] of map) {
        if (minute * MINUTE >= before || (login !== null && !key.startsWith(login + SEPARATOR))) continue;
        map.delete(key);
        this.#changed.add(key);
        count++;
      }
    }
    return count;
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
