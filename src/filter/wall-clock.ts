/**
 * Turns what a clock on the wall showed into time. The hour that comes twice when daylight saving ends is decided by the
 * line before and by the present; nothing in such a line says which one it is.
 */
import type { Millis } from '../core/types.ts';

/**
 * The epoch time of a wall-clock minute in the zone of the log; month counts from 0. Hour and minute may run over the day
 * on either side, as with `Date.UTC`. Of a minute that comes twice it is the earlier one.
 */
export type LocalTime = (year: number, month: number, day: number, hour: number, minute: number) => Millis;

const MINUTE: Millis = 60_000;
const HOUR: Millis = 60 * MINUTE;
const DAY: Millis = 24 * HOUR;
/** Further than the clocks are ever put forward or back. */
const BEYOND_ANY_CHANGE: Millis = 3 * HOUR;
/** Lines of one log come out of order by this much. A line that is followed is read within this time, too. */
const SLACK: Millis = 2 * MINUTE;

export class WallClock {
  readonly #localTime: LocalTime;
  readonly #reference: () => Millis;
  /** The day that was asked for last, and what the clock was ahead of UTC all day long; null where that changes. */
  #day = Number.NaN;
  #ahead: Millis | null = null;
  /** The time that was given last, and how much later that was asked for. */
  #last: Millis = Number.NEGATIVE_INFINITY;
  #lag: Millis = 0;
  /** Whether the minute that was asked for last comes twice, so that the next answer may be another one. */
  isTwice = false;

  /** `reference` is about the time at which the line was written. */
  constructor(localTime: LocalTime, reference: () => Millis) {
    this.#localTime = localTime;
    this.#reference = reference;
  }

  /** @param wall the minute that the clock showed, as if it were UTC. */
  at(wall: Millis): Millis {
    const day = Math.floor(wall / DAY);
    if (day !== this.#day) this.#turnTo(day);
    this.isTwice = false;
    const time = this.#ahead === null ? this.#onDayOfChange(wall) : wall - this.#ahead;
    this.#lag = this.#reference() - time;
    this.#last = time;
    return time;
  }

  /**
   * The latest of eight years in which such a minute is not more than a day ahead of the reference: a log is never from
   * the future. Null where no year has that day.
   */
  inLikelyYear(month: number, day: number, hour: number, minute: number): Millis | null {
    const reference = this.#reference();
    const thisYear = new Date(reference).getUTCFullYear();
    // Eight years back always hold a 29 February.
    for (let year = thisYear + 1; year >= thisYear - 8; year--) {
      if (new Date(Date.UTC(year, month, day)).getUTCDate() !== day) continue;
      const wall = Date.UTC(year, month, day, hour, minute);
      if (this.#earlier(wall) <= reference + DAY) return this.at(wall);
    }
    return null;
  }

  #turnTo(day: number): void {
    const before = this.#aheadAt(day * DAY - BEYOND_ANY_CHANGE);
    const after = this.#aheadAt((day + 1) * DAY + BEYOND_ANY_CHANGE);
    this.#day = day;
    this.#ahead = before === after ? before : null;
  }

  #onDayOfChange(wall: Millis): Millis {
    const earlier = this.#earlier(wall);
    const back = wall - earlier - this.#aheadAt(wall + BEYOND_ANY_CHANGE);
    // Where the clocks are not put back soon, a minute comes once. A minute that is left out is read as the later one.
    if (back <= 0) return earlier;
    // So much further on the change has been made if this minute comes twice, and has not if it comes once.
    const later = this.#earlier(wall + back) - back;
    this.isTwice = later !== earlier;
    return this.isTwice ? this.#choose(earlier, later) : earlier;
  }

  #choose(earlier: Millis, later: Millis): Millis {
    const reference = this.#reference();
    const isFuture = later > reference + SLACK;
    if (isFuture) return earlier;
    const wasPassed = earlier < this.#last - SLACK && later > this.#last - SLACK;
    if (wasPassed) return later;
    // A log that is followed is read as it is written.
    const isFollowed = Math.abs(this.#lag) < SLACK && Math.abs(reference - later) < SLACK;
    return isFollowed ? later : earlier;
  }

  #aheadAt(wall: Millis): Millis {
    return wall - this.#earlier(wall);
  }

  #earlier(wall: Millis): Millis {
    const date = new Date(wall);
    return this.#localTime(
      date.getUTCFullYear(),
      date.getUTCMonth(),
      date.getUTCDate(),
      date.getUTCHours(),
      date.getUTCMinutes(),
    );
  }
}
