/**
 * Sliding windows of what may only happen so often: exact, in memory, bounded. Who is over the rate is not forgotten to
 * make room for others; who is under it may be, the one seen longest ago first. No clock: time comes in with the call.
 */
import { RecentMap } from './recent.ts';
import type { Limit, Millis } from './types.ts';

/** Where a subject stands in its window. */
export interface Room {
  /** How many more there is room for. */
  readonly remaining: number;
  /** When there is room for one more; in the past where there is some now. */
  readonly freeAt: Millis;
  /** When the next one leaves the window; null where it is empty. */
  readonly nextLeaves: Millis | null;
}

interface Window {
  /** Oldest first, at most as many as the limit. */
  times: Millis[];
  limit: Limit;
}

/** So many of those seen longest ago are looked at when there is time to tidy up. */
const MOST_TIDIED = 20_000;
/** Whoever is over the rate is looked through again for those who are not, at most so often. */
const SWEEP_EVERY: Millis = 1_000;

export class Rates {
  /** How many keys are remembered. */
  max: number;
  readonly #open = new RecentMap<string, Window>();
  /** Those without room when they were last seen. */
  readonly #full = new Map<string, Window>();
  #lastSweep = Number.NEGATIVE_INFINITY;
  /** How many were not counted because everybody who is remembered is over the rate. */
  overflow = 0;

  constructor(max: number) {
    this.max = max;
  }

  get size(): number {
    return this.#open.size + this.#full.size;
  }

  /** How much room there is now; counts nothing. */
  room(key: string, limit: Limit, now: Millis): Room {
    return roomIn(this.#known(key, now)?.times ?? [], limit, now);
  }

  /** Counts one that has happened, whether there was room or not; one that is told late is sorted in. */
  add(key: string, limit: Limit, time: Millis, now: Millis = time): Room {
    const window = this.#take(key, limit, now);
    if (window === null) return roomIn([time], limit, now);
    const { times } = window;
    let at = times.length;
    while (at > 0 && (times[at - 1] ?? 0) > time) at--;
    times.splice(at, 0, time);
    const gone = times.findIndex((one) => one > now - limit.period);
    // Beyond the limit only the newest matter: when the oldest of them leaves, there is room.
    times.splice(0, Math.max(gone < 0 ? times.length : gone, times.length - limit.count));
    const room = roomIn(times, limit, now);
    if (room.remaining > 0) this.#open.set(key, window);
    else {
      this.#open.delete(key);
      this.#full.set(key, window);
    }
    return room;
  }

  /** Whether there was anything to forget. */
  forget(key: string): boolean {
    const wasOpen = this.#open.delete(key);
    return this.#full.delete(key) || wasOpen;
  }

  /** The keys that had no room when they were last seen. */
  full(): Iterable<string> {
    return this.#full.keys();
  }

  /** Forgets windows that are empty now, as far as it gets in a few milliseconds. */
  tidy(now: Millis): void {
    this.#sweep(now);
    let seen = 0;
    for (const [key, { times, limit }] of this.#open.entries()) {
      if (++seen > MOST_TIDIED) return;
      if ((times.at(-1) ?? 0) <= now - limit.period) this.#open.delete(key);
    }
  }

  /** The window of a key, not among the full ones any more; null where everybody who is remembered is over the rate. */
  #take(key: string, limit: Limit, now: Millis): Window | null {
    const known = this.#known(key, now);
    if (known !== undefined) {
      this.#full.delete(key);
      known.limit = limit;
      return known;
    }
    if (this.size >= this.max && this.#open.size === 0 && Math.abs(now - this.#lastSweep) >= SWEEP_EVERY)
      this.#sweep(now);
    if (this.size >= this.max && this.#open.size === 0) {
      this.overflow++;
      return null;
    }
    this.#open.trim(Math.max(0, this.max - 1 - this.#full.size));
    return { times: [], limit };
  }

  /** After the clock was set back, what lies ahead of it counts as now: else it would shut out for as long as that. */
  #known(key: string, now: Millis): Window | undefined {
    const window = this.#open.get(key) ?? this.#full.get(key);
    if (window !== undefined && (window.times.at(-1) ?? now) > now)
      window.times = window.times.map((time) => Math.min(time, now));
    return window;
  }

  #sweep(now: Millis): void {
    this.#lastSweep = now;
    for (const key of [...this.#full.keys()]) {
      const window = this.#known(key, now);
      if (window === undefined) continue;
      if (roomIn(window.times, window.limit, now).remaining === 0) continue;
      this.#full.delete(key);
      this.#open.set(key, window);
    }
  }
}

function roomIn(times: readonly Millis[], { count, period }: Limit, now: Millis): Room {
  const first = times.findIndex((time) => time > now - period);
  const inside = first < 0 ? 0 : times.length - first;
  const oldest = times[times.length - count];
  return {
    remaining: Math.max(0, count - inside),
    freeAt: oldest === undefined ? now : oldest + period,
    nextLeaves: first < 0 ? null : (times[first] ?? now) + period,
  };
}
