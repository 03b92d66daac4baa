/** Durations (`10m`, `1d12h`) and rates (`100/1d`): reading with an error that tells the place, and writing. */
import type { Limit, Millis } from './types.ts';

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const LONGEST: Millis = 100 * 365 * UNITS.d;

/** A text that is no duration or rate. `offset` is the index of the first character that is wrong. */
export class FormatError extends Error {
  override readonly name = 'FormatError';
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/**
 * Reads a duration such as `10m`, `1d12h` or `500ms`; units ms s m h d w, each with a whole number before it.
 * @throws FormatError where a unit is missing or unknown, or something follows.
 */
export function parseDuration(text: string, start = 0): Millis {
  if (text.length === start) throw new FormatError('A duration is missing, write one such as 10m, 1h or 1d', start);
  let total = 0;
  let at = start;
  while (at < text.length) {
    const digits = /^\d+/.exec(text.slice(at))?.[0];
    if (digits === undefined) throw notANumber(text, at);
    const unitAt = at + digits.length;
    const unit = /^[^\d\s]*/.exec(text.slice(unitAt))?.[0] ?? '';
    if (unit === '') {
      const more = text.slice(unitAt).trim();
      if (more !== '')
        throw new FormatError(
          `"${more}" is not expected after ${digits}, write the unit without a space, such as ${digits}m`,
          unitAt,
        );
      throw new FormatError(`${digits} has no unit, write ${digits}s, ${digits}m, ${digits}h or ${digits}d`, unitAt);
    }
    if (!Object.hasOwn(UNITS, unit))
      throw new FormatError(`"${unit}" is no unit of time, the units are ms, s, m, h, d and w`, unitAt);
    total += Number(digits) * UNITS[unit as keyof typeof UNITS];
    at = unitAt + unit.length;
  }
  if (total === 0) throw new FormatError('A duration of zero is not possible', start);
  if (total > LONGEST)
    throw new FormatError(
      'A duration of more than 100 years is not possible, write "permanent" for a ban without end',
      start,
    );
  return total;
}

function notANumber(text: string, at: number): FormatError {
  const rest = text.slice(at);
  const more = rest.trimStart();
  if (more.length === rest.length)
    return new FormatError(`"${rest}" is no duration, it starts with a number, such as 10m`, at);
  // A space is only itself what is wrong where nothing or another duration follows it.
  if (more === '' || /^\d/.test(more))
    return new FormatError('A space is not expected here, write a duration without spaces, such as 1d12h', at);
  return new FormatError(`"${more.trimEnd()}" is not expected here`, at + rest.length - more.length);
}

/**
 * Reads a rate `count/period`, such as `100/1d`: the count is a whole number of 1 or more.
 * @throws FormatError telling what is wrong and where.
 */
export function parseRate(text: string): Limit {
  const slash = text.indexOf('/');
  const countText = slash < 0 ? text : text.slice(0, slash);
  if (!/^\d+$/.test(countText)) {
    throw new FormatError(
      countText === ''
        ? 'The count is missing, write a rate such as 10/1m'
        : `"${countText}" is no count, write a whole number of 1 or more before the slash, such as 10/1m`,
      0,
    );
  }
  const count = Number(countText);
  if (count < 1) throw new FormatError('A count of 0 would ban at once, write "off" to switch the limit off', 0);
  if (count > 1_000_000)
    throw new FormatError(`A count of ${countText} is more than the 1,000,000 that can be kept`, 0);
  if (slash < 0) throw new FormatError(`The period is missing, write ${countText}/1h or ${countText}/1d`, text.length);
  if (slash === text.length - 1)
    throw new FormatError(
      `The period is missing after the slash, write ${countText}/1h or ${countText}/1d`,
      text.length,
    );
  return { count, period: parseDuration(text, slash + 1) };
}

/** `36h` is written `1d12h`; exact to the millisecond. */
export function formatDuration(duration: Millis): string {
  let rest = Math.round(duration);
  if (rest <= 0) return '0s';
  let text = '';
  for (const unit of ['d', 'h', 'm', 's', 'ms'] as const) {
    const count = Math.floor(rest / UNITS[unit]);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * UNITS[unit];
  }
  return text;
}

/** The two largest units of a duration, for people: `3h20m`, `45s`. */
export function roughDuration(duration: Millis): string {
  if (duration < UNITS.s) return '0s';
  const steps: readonly (readonly [Millis, Millis])[] = [
    [UNITS.d, UNITS.h],
    [UNITS.h, UNITS.m],
    [UNITS.m, UNITS.s],
  ];
  for (const [large, small] of steps) {
    if (duration >= large) return formatDuration(Math.floor(duration / small) * small);
  }
  return formatDuration(Math.floor(duration / UNITS.s) * UNITS.s);
}

/** `100/1d`. */
export function formatRate(limit: Limit): string {
  return `${limit.count}/${formatDuration(limit.period)}`;
}
