/** How many requests of somebody ran at the same time, told afterwards by when each ended and how long it took. Bounded. */
import { RecentMap } from './recent.ts';
import type { Millis } from './types.ts';

interface Span {
  readonly start: Millis;
  readonly end: Millis;
}

/** So many subjects are remembered, and so many of the last requests of each. */
const MOST_SUBJECTS = 4_096;
const MOST_SPANS = 64;

export class Overlaps {
  readonly #spans = new RecentMap<string, Span[]>();

  /** Adds a request that has ended; returns the most that ran at one instant while it did, itself included. */
  add(key: string, span: Span): number {
    const before = this.#spans.get(key) ?? [];
    const met = before.filter(({ start, end }) => start < span.end && end > span.start);
    const instants = [span.start, ...met.map(({ start }) => Math.max(start, span.start))];
    const most = Math.max(...instants.map((at) => met.filter(({ start, end }) => start <= at && end > at).length + 1));
    this.#spans.set(key, [...before.slice(1 - MOST_SPANS), span]);
    this.#spans.trim(MOST_SUBJECTS);
    return most;
  }
}
