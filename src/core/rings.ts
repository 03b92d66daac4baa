/**
 * Times of failures, chained: a ring per slot, in which the newest leads to the oldest, so that both ends are at hand. All
 * lies in typed arrays, and the rings of a kind of failure take no room before the first one of that kind. `Nodes` is what
 * the rings of all kinds are made of.
 */
import type { Limit, Millis } from './types.ts';

export const NONE = 0;
export const FIRST_CAPACITY = 1024;

export class Nodes {
  times = new Float64Array(FIRST_CAPACITY);
  /** The node after this one in time, behind the newest comes the oldest; for free nodes, the next free one. */
  next = new Uint32Array(FIRST_CAPACITY);
  #made = 1;
  #free = NONE;

  /** Whether so many have been made and all are in use. */
  areUsed(count: number): boolean {
    return this.#free === NONE && this.#made > count;
  }

  take(time: Millis): number {
    let node = this.#free;
    if (node !== NONE) {
      this.#free = this.next[node] ?? NONE;
    } else {
      if (this.#made === this.times.length) {
        this.times = grown(this.times, this.#made + 1);
        this.next = grown(this.next, this.#made + 1);
      }
      node = this.#made++;
    }
    this.times[node] = time;
    return node;
  }

  /** Frees all from the first to the last, which are chained. */
  free(first: number, last: number): void {
    this.next[last] = this.#free;
    this.#free = first;
  }
}

export class Rings {
  readonly #nodes: Nodes;
  /** Newest node of each ring. */
  #ends = new Uint32Array();
  /** Number of nodes of each ring. */
  #lengths = new Uint32Array();

  constructor(nodes: Nodes) {
    this.#nodes = nodes;
  }

  /** True where no time in the ring is newer. */
  insert(slot: number, time: Millis): boolean {
    if (slot >= this.#ends.length) {
      this.#ends = grown(this.#ends, slot + 1);
      this.#lengths = grown(this.#lengths, slot + 1);
    }
    const node = this.#nodes.take(time);
    const { times, next } = this.#nodes;
    const newest = this.#ends[slot] ?? NONE;
    this.#lengths[slot] = (this.#lengths[slot] ?? 0) + 1;
    const isNewest = newest === NONE || (times[newest] ?? 0) <= time;
    if (isNewest) this.#ends[slot] = node;
    let before = newest === NONE ? node : newest;
    while (!isNewest && (times[next[before] ?? NONE] ?? 0) <= time) before = next[before] ?? NONE;
    next[node] = before === node ? node : (next[before] ?? NONE);
    next[before] = node;
    return isNewest;
  }

  /** The newest time; null where there is none. */
  newest(slot: number): Millis | null {
    const end = this.#ends[slot] ?? NONE;
    return end === NONE ? null : (this.#nodes.times[end] ?? null);
  }

  /** Oldest first. */
  times(slot: number): Millis[] {
    const { times, next } = this.#nodes;
    const found: Millis[] = [];
    let node = this.#oldest(slot);
    for (let left = this.#lengths[slot] ?? 0; left > 0; left--) {
      found.push(times[node] ?? 0);
      node = next[node] ?? NONE;
    }
    return found;
  }

  /** The oldest of the last so many; null where there are fewer. */
  nthLast(slot: number, count: number): Millis | null {
    const { times, next } = this.#nodes;
    const older = (this.#lengths[slot] ?? 0) - count;
    if (older < 0) return null;
    let node = this.#oldest(slot);
    for (let left = older; left > 0; left--) node = next[node] ?? NONE;
    return times[node] ?? null;
  }

  /** How many are after `start`; the newest one must be. */
  lengthSince(slot: number, start: Millis): number {
    const { times, next } = this.#nodes;
    let length = this.#lengths[slot] ?? 0;
    for (let node = this.#oldest(slot); (times[node] ?? 0) <= start; node = next[node] ?? NONE) length--;
    return length;
  }

  /** The most in any half-open period that holds `time`. */
  fullest(slot: number, time: Millis, limit: Limit): number {
    const times = this.times(slot);
    let most = 0;
    let start = 0;
    for (const [end, newest] of times.entries()) {
      if (newest < time) continue;
      if (newest >= time + limit.period) break;
      while ((times[start] ?? 0) <= newest - limit.period) start++;
      most = Math.max(most, end - start + 1);
    }
    return most;
  }

  /** Drops what is two periods older than the newest: even for one that comes a whole period late it is out of reach. */
  trim(slot: number, period: Millis): void {
    const { times, next } = this.#nodes;
    const newest = this.#ends[slot] ?? NONE;
    const start = (times[newest] ?? 0) - 2 * period;
    for (;;) {
      const oldest = next[newest] ?? NONE;
      if ((times[oldest] ?? 0) > start) return;
      next[newest] = next[oldest] ?? NONE;
      this.#nodes.free(oldest, oldest);
      this.#lengths[slot] = (this.#lengths[slot] ?? 1) - 1;
    }
  }

  /** Frees a whole ring at once; false where it was empty. */
  empty(slot: number): boolean {
    const newest = this.#ends[slot] ?? NONE;
    if (newest === NONE) return false;
    this.#nodes.free(this.#oldest(slot), newest);
    this.#ends[slot] = NONE;
    this.#lengths[slot] = 0;
    return true;
  }

  #oldest(slot: number): number {
    return this.#nodes.next[this.#ends[slot] ?? NONE] ?? NONE;
  }
}

/** The same values, with room for at least so many. */
export function grown<Values extends Uint8Array | Uint32Array | Float64Array>(values: Values, least: number): Values {
  const larger = new (values.constructor as new (length: number) => Values)(
    Math.max(values.length * 2, least, FIRST_CAPACITY),
  );
  larger.set(values);
  return larger;
}
