/** Times as people read them: how long ago, how long still, and the wall clock of the host. */
import { roughDuration } from '../core/duration.ts';
import type { Millis } from '../core/types.ts';

const SECOND: Millis = 1_000;
const MINUTE: Millis = 60 * SECOND;

/** `3h20m ago`, `just now`; a time ahead of now is one that has just been. */
export function ago(time: Millis, now: Millis): string {
  return now - time < SECOND ? 'just now' : `${plainDuration(now - time)} ago`;
}

/** `in 57m`, `never`. */
export function expiry(until: Millis | null, now: Millis): string {
  if (until === null) return 'never';
  return until - now < SECOND ? 'now' : `in ${plainDuration(until - now)}`;
}

/** `2026-11-22 08:47:29` in the zone of the host. */
export function wallClock(time: Millis): string {
  const date = new Date(time);
  const two = (part: number): string => String(part).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** `1,203,882` */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** `1 ban`, `2 bans`, `1 address`, `2 addresses`, `1 story`, `2 stories`. */
export function counted(count: number, noun: string): string {
  if (count === 1) return `1 ${noun}`;
  const plural = noun.endsWith('s') ? `${noun}es` : `${noun}s`;
  return `${grouped(count)} ${plural.replace(/([^aeiou])ys$/, '$1ies')}`;
}

/** Nobody wants to know the seconds of an hour: `1h` and not `59m59s`. */
function plainDuration(duration: Millis): string {
  const unit = duration < 10 * MINUTE ? SECOND : MINUTE;
  return roughDuration(Math.round(duration / unit) * unit);
}
