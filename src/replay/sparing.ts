/** Which limit would have let somebody be: the smallest change of a limit under which there would have been no ban. */
import type { FailureKind, Limit, Millis, Subject } from '../core/types.ts';
import { MOST_TIMES, type Peak } from './peak.ts';

/** The key of a limit in the configuration. */
export type LimitName = FailureKind | 'login';

/** A limit, and what to write instead. */
export interface Change {
  readonly name: LimitName;
  readonly limit: Limit;
  readonly proposed: Limit;
}

const MINUTE: Millis = 60_000;
const HOUR: Millis = 60 * MINUTE;

/**
 * The smaller of two changes, a higher count or a shorter period, under which none of the peaks is a ban; all are of one
 * limit. Null where there are none, or so many failures that they were not kept.
 */
export function sparing(name: LimitName, peaks: readonly Peak[]): Change | null {
  const limit = peaks[0]?.limit;
  if (limit === undefined || peaks.some(({ most }) => most >= MOST_TIMES)) return null;
  let count = limit.count;
  let shortest = Number.POSITIVE_INFINITY;
  for (const peak of peaks) {
    count = Math.max(count, peak.most + 1);
    shortest = Math.min(shortest, peak.shortest ?? 0);
  }
  const period = rounded(shortest);
  const shortens = period > 0 && limit.period / period < count / limit.count;
  const proposed = shortens ? { count: limit.count, period } : { count, period: limit.period };
  return { name, limit, proposed };
}

/** Whether the changed limit would not have been reached. */
export function isSpared({ limit, most, shortest }: Peak, { proposed }: Change): boolean {
  return proposed.count > limit.count ? most < proposed.count : shortest !== null && shortest >= proposed.period;
}

export function limitName(subject: Subject, { kind }: Peak): LimitName {
  return subject.type === 'login' ? 'login' : kind;
}

/** Down to whole hours, minutes or seconds, as people write it. */
function rounded(period: Millis): Millis {
  const unit = period >= 4 * HOUR ? HOUR : period >= 4 * MINUTE ? MINUTE : 1_000;
  return Math.floor(period / unit) * unit;
}
