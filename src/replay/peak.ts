/**
 * How hard somebody pressed against a limit, had there been no ban: the most failures in any of its periods, and the shortest
 * time in which there were as many as the limit allows. From that follows which limit would have spared them.
 */
import type { FailureKind, Limit, Millis } from '../core/types.ts';

/** Of more failures in one period the times are not kept, and nothing can be said. */
export const MOST_TIMES = 10_000;

export class Peak {
  readonly kind: FailureKind;
  readonly limit: Limit;
  /** The most failures in any period, at most `MOST_TIMES`. */
  most: number;
  /** The shortest time between the first and the last of `limit.count` failures in a row; null where that is not known. */
  shortest: Millis | null = null;
  /** Of the last failures within a period of the newest, oldest first. */
  readonly #times: Millis[] = [];

  /** @param times of the failures up to the one that led to the first ban. */
  constructor(kind: FailureKind, limit: Limit, times: readonly Millis[]) {
    this.kind = kind;
    this.limit = limit;
    this.most = limit.count;
    for (const time of times) this.add(time);
  }

  /** A failure, whether or not a ban would have stopped it. */
  add(time: Millis): void {
    const times = this.#times;
    const { count, period } = this.limit;
    if (times.length === 0 || (times[times.length - 1] ?? 0) <= time) times.push(time);
    else insert(times, time);
    const end = times[times.length - 1] ?? time;
    let gone = Math.max(0, times.length - MOST_TIMES);
    while ((times[gone] ?? end) <= end - period) gone++;
    if (gone > 0) times.splice(0, gone);
    this.most = Math.max(this.most, times.length);
    const start = times[times.length - count];
    if (start !== undefined) this.shortest = Math.min(this.shortest ?? Number.POSITIVE_INFINITY, end - start);
  }
}

/** In its place; most come only a little late. */
function insert(times: Millis[], time: Millis): void {
  let at = times.length;
  while (at > 0 && (times[at - 1] ?? 0) > time) at--;
  times.splice(at, 0, time);
}
