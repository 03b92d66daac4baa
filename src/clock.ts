/** The wall clock and the zone of the host; everything else gets time as an argument. */
import type { Millis } from './core/types.ts';
import type { LocalTime } from './filter/wall-clock.ts';

export interface Clock {
  now(): Millis;
  /** Wall-clock time in the zone of the host. */
  readonly localTime: LocalTime;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  localTime: (year, month, day, hour, minute) => new Date(year, month, day, hour, minute).getTime(),
};

/**
 * Wall-clock time in an IANA zone. A time that daylight saving skips is read as the later one, a time that comes twice as
 * the earlier (RFC 5545 section 3.3.5).
 */
export function localTimeIn(zone: string): LocalTime {
  return (year, month, day, hour, minute) =>
    Temporal.PlainDateTime.from({ year, month: month + 1, day })
      .add({ hours: hour, minutes: minute })
      .toZonedDateTime(zone).epochMilliseconds;
}
