/**
 * Brings what several logs tell into one order of time, as if they had been followed while they were written. Of each log
 * only one piece is in memory. Within a log the order of its lines stays: a clock that was put back must not turn them
 * around, so there the latest time that was seen goes on counting (as in `backlog.ts`).
 */
import type { Millis } from '../core/types.ts';

interface Timed {
  readonly time: Millis;
}

interface Lane<Item extends Timed> {
  readonly pieces: AsyncIterator<readonly Item[]>;
  /** Decides between equal times. */
  readonly order: number;
  items: readonly Item[];
  at: number;
  /** The time by which the next item is taken. */
  next: Millis;
}

/** Gives all items to `take`. The logs are read as they are needed; of equal times the earlier log comes first. */
export async function mergeByTime<Item extends Timed>(
  logs: readonly AsyncIterable<readonly Item[]>[],
  take: (item: Item) => void,
): Promise<void> {
  const lanes = logs.map(
    (log, order): Lane<Item> => ({
      pieces: log[Symbol.asyncIterator](),
      order,
      items: [],
      at: 0,
      next: Number.NEGATIVE_INFINITY,
    }),
  );
  let active: Lane<Item>[] = [];
  for (const lane of lanes) if (await refill(lane)) active.push(lane);
  while (active.length > 0) {
    const [first, second] = earliest(active);
    if (first === undefined) return;
    while (first.at < first.items.length && (second === undefined || isBefore(first, second))) {
      const item = first.items[first.at++];
      if (item !== undefined) take(item);
      advance(first);
    }
    if (first.at === first.items.length && !(await refill(first))) active = active.filter((lane) => lane !== first);
  }
}

/** The next piece that holds anything; false at the end of the log. */
async function refill<Item extends Timed>(lane: Lane<Item>): Promise<boolean> {
  for (;;) {
    const { done, value } = await lane.pieces.next();
    if (done) return false;
    if (value.length === 0) continue;
    lane.items = value;
    lane.at = 0;
    advance(lane);
    return true;
  }
}

function advance<Item extends Timed>(lane: Lane<Item>): void {
  const item = lane.items[lane.at];
  if (item !== undefined && item.time > lane.next) lane.next = item.time;
}

/** The lane whose turn it is, and the one that comes after it. */
function earliest<Item extends Timed>(lanes: readonly Lane<Item>[]): [Lane<Item> | undefined, Lane<Item> | undefined] {
  let first: Lane<Item> | undefined;
  let second: Lane<Item> | undefined;
  for (const lane of lanes) {
    if (first === undefined || isBefore(lane, first)) [first, second] = [lane, first];
    else if (second === undefined || isBefore(lane, second)) second = lane;
  }
  return [first, second];
}

function isBefore<Item extends Timed>(one: Lane<Item>, other: Lane<Item>): boolean {
  return one.next < other.next || (one.next === other.next && one.order < other.order);
}
