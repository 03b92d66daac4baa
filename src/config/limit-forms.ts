/** How limits are written (as a rate, or as a PBX admin knows it), and how the growth of ban times is. */
import type { Increment } from '../core/settings.ts';
import type { Limit, Millis } from '../core/types.ts';
import { banTime, duration, numberAbove, off, rate, seconds, whole } from './forms.ts';
import { type Form, optional, orTable, type Report, setting, table, type ValueOf } from './setting.ts';
import type { TomlTable } from './toml.ts';

/** A limit as it is written: `blockFor` is undefined where the ban time of all limits holds, null for ever. */
export interface WrittenLimit {
  readonly limit: Limit;
  readonly blockFor: Millis | null | undefined;
}

const MOST_FAILURES = 1_000_000;

/** `"100/1d"`, "off" (null), or `{ attempts = 20, within = "10m", block-for = "10m" }`. */
export function limit(): Form<WrittenLimit | null> {
  const plain = rate();
  return orTable<WrittenLimit | null, ValueOf<ReturnType<typeof limitFields>>>(
    {
      type: plain.type,
      read: (value, report) => {
        const read = plain.read(value, report);
        return read === null || read === undefined ? read : { limit: read, blockFor: undefined };
      },
      write: (value) => plain.write(value?.limit ?? null),
    },
    limitFields(),
    `${plain.type}, or { attempts, within, block-for }`,
    // The rule has made sure that both are there.
    (fields) => ({
      limit: { count: fields.attempts ?? 1, period: fields.within ?? 1 },
      blockFor: fields['block-for'],
    }),
    (value) =>
      value === null || value.blockFor === undefined
        ? null
        : { attempts: value.limit.count, within: value.limit.period, 'block-for': value.blockFor },
  );
}

/** `{ factor = 2, max = "30d", forget-after = "30d" }`, or "off" (null). */
export function increment(): Form<Increment | null> {
  return orTable<Increment | null, { factor: number; max: Millis; 'forget-after': Millis }>(
    off('Write { factor = 2, max = "30d" }, or "off"'),
    table('How ban times grow.', {
      factor: setting(numberAbove(1, 1000), 2, { meaning: 'How many times as long each further ban is' }),
      max: setting(duration(), '30d', { meaning: 'The longest that a ban can become' }),
      'forget-after': setting(duration(), '30d', { meaning: 'How long an earlier ban counts' }),
    }),
    '{ factor, max, forget-after }, or "off"',
    (fields) => ({ factor: fields.factor, max: fields.max, forgetAfter: fields['forget-after'] }),
    (value) => value && { factor: value.factor, max: value.max, 'forget-after': value.forgetAfter },
  );
}

function limitFields() {
  return table(
    'A limit in full.',
    {
      attempts: optional(whole(1, MOST_FAILURES), { meaning: 'The failures that lead to a ban' }),
      within: optional(seconds(), { meaning: 'The window in which they count' }),
      'block-for': optional(banTime(seconds()), { meaning: 'The ban time of this limit' }),
    },
    needsAttemptsAndWithin,
  );
}

function needsAttemptsAndWithin(raw: TomlTable, report: Report): void {
  const missing = ['attempts', 'within'].filter((key) => !Object.hasOwn(raw, key));
  if (missing.length === 0) return;
  report({
    message: `${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} missing`,
    hint: 'Write { attempts = 20, within = "10m", block-for = "10m" }, or a rate such as "20/10m"',
  });
}
