/**
 * What has been found in the logs while they are caught up with. Each log is read on its own, one may be a day ahead of
 * another, and what two servers wrote of one login stands in two of them: so it is kept until all have been read, and
 * then given out in the order of time, as if the logs had been followed while they were written.
 */
import type { Millis } from '../core/types.ts';

interface Entry<Item> {
  readonly time: Millis;
  readonly item: Item;
}

export class Backlog<Item> {
  #entries: Entry<Item>[] = [];
  /** The latest time in each log: a clock that was put back must not turn its lines around. */
  readonly #latest = new Map<string, Millis>();

  get size(): number {
    return this.#entries.length;
  }

  add(log: string, time: Millis, item: Item): void {
    const latest = Math.max(time, this.#latest.get(log) ?? Number.NEGATIVE_INFINITY);
    this.#latest.set(log, latest);
    this.#entries.push({ time: latest, item });
  }

  /** Everything in order; nothing is left. */
  take(): Item[] {
    const entries = this.#entries.sort((one, other) => one.time - other.time);
    this.#entries = [];
    return entries.map(({ item }) => item);
  }
}
