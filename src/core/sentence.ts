/** How long somebody is banned, and how that is said. Pure. */
import { formatDuration, formatRate, roughDuration } from './duration.ts';
import type { Increment, LimitSetting } from './settings.ts';
import type { Ban, FailureKind, Millis } from './types.ts';

const SECOND: Millis = 1_000;

const NOUNS: Record<FailureKind, string> = {
  authentication: 'failed logins',
  'invalid-rcpt': 'rejected recipients',
  loitering: 'idle connections',
  scan: 'probes',
};

/** Which ban of a subject this is, within the memory for repeat offenders; from 1. */
export function offenceNumber(last: Ban | undefined, increment: Increment | null, time: Millis): number {
  if (last === undefined || increment === null) return 1;
  const ended = last.until ?? time;
  return time - ended > increment.forgetAfter ? 1 : last.offence + 1;
}

/** The length of the nth ban, from that of the first; null means permanent. */
export function banDuration(base: Millis | null, increment: Increment | null, offence: number): Millis | null {
  if (base === null || increment === null) return base;
  return Math.max(base, Math.min(Math.round(base * increment.factor ** (offence - 1)), increment.max));
}

/** `100 failed logins in 20m (limit 100/1d, ban number 2)` */
export function banReason(kind: FailureKind, limit: LimitSetting, span: Millis, offence: number): string {
  const again = offence > 1 ? `, ban number ${offence}` : '';
  return `${limit.count} ${NOUNS[kind]} in ${roughDuration(span)} (limit ${formatRate(limit)}${again})`;
}

/** `for 1h` or `for good`. */
export function banLength(ban: Ban): string {
  if (ban.until === null) return 'for good';
  const length = ban.until - ban.since;
  return `for ${formatDuration(length < SECOND ? length : Math.ceil(length / SECOND) * SECOND)}`;
}
