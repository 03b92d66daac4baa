/**
 * A limit as the leaky bucket of nginx's limit_req: `burst` requests may wait, and with `nodelay` pass at once, and room
 * for one more comes `rate` times a second or minute (ngx_http_limit_req_module; checked with nginx 1.22).
 */
import { formatRate } from '../core/duration.ts';
import type { Limit } from '../core/types.ts';

export interface Bucket {
  /** `10r/m`, whole requests a second or minute. */
  readonly rate: string;
  /** One less than pass at once; nginx takes no zero here, so there is none for a limit of one. */
  readonly burst: number | null;
  /** What of the limit it cannot say; empty where the long run is the same. */
  readonly difference: string;
}

/**
 * As many as the limit pass at once after a rest. The rate is rounded up, so that nobody who keeps to the limit is refused.
 */
export function bucketOf(limit: Limit): Bucket {
  const { count, period } = limit;
  const burst = count > 1 ? count - 1 : null;
  const perSecond = (count * 1_000) / period;
  if (Number.isInteger(perSecond)) return { rate: `${perSecond}r/s`, burst, difference: '' };
  const perMinute = Math.ceil((count * 60_000) / period);
  const isExact = Number.isInteger((count * 60_000) / period);
  return {
    rate: `${perMinute}r/m`,
    burst,
    difference: isExact
      ? ''
      : `nginx knows only whole requests a minute: in the long run it lets ${perMinute} a minute through, more than ${formatRate(limit)}.`,
  };
}
