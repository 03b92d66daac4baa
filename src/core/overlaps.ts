/**
 * How many requests of somebody ran at the same time, told afterwards by the time in their lines and how long they took.
 * Logs tell whole seconds, nginx of when a request ended, Apache of when it began. So only that counts which was so either
 * way: who asks often, but one after the other, never runs two at once. Bounded.
 */
import { RecentMap } from './recent.ts';
import type { Millis } from './types.ts';

interface Served {
  /** When it began, or when it ended, in whole seconds. */
  readonly time: Millis;
  readonly duration: Millis;
}

interface Span {
  readonly start: Millis;
  readonly end: Millis;
}

/** So many subjects are remembered, and so many of the last requests of each. */
const MOST_SUBJECTS = 4_096;
const MOST_REQUESTS = 64;
/** How much later than its line says it may have been. */
const SECOND: Millis = 1_000;

export class Overlaps {
  readonly #served = new RecentMap<string, readonly Served[]>();

  /** Adds a request that has ended; returns how many ran for certain at one instant while it did, itself included. */
  add(key: string, served: Served): number {
    const all = [...(this.#served.get(key) ?? []).slice(1 - MOST_REQUESTS), served];
    this.#served.set(key, all);
    this.#served.trim(MOST_SUBJECTS);
    return Math.min(mostWithLast(all.map(before)), mostWithLast(all.map(after)));
  }
}

/** When it surely ran, if the time is that of its end. */
function before({ time, duration }: Served): Span {
  return { start: time + SECOND - duration, end: time };
}

/** When it surely ran, if the time is that of its beginning. */
function after({ time, duration }: Served): Span {
  return { start: time + SECOND, end: time + duration };
}

function mostWithLast(spans: readonly Span[]): number {
  const last = spans.at(-1);
  if (last === undefined || last.start >= last.end) return 1;
  const met = spans.slice(0, -1).filter(({ start, end }) => start < end && start < last.end && end > last.start);
  const instants = [last.start, ...met.map(({ start }) => Math.max(start, last.start))];
  return Math.max(...instants.map((at) => met.filter(({ start, end }) => start <= at && end > at).length + 1));
}
