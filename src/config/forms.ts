/**
 * How single values are written: numbers, words, durations, bans, rates. Each form reads what stands in the file, says
 * what is wrong and where, and writes its value back. Forms of whole lists are in `list-forms.ts`.
 */
import { FormatError, formatDuration, formatRate, parseDuration, parseRate } from '../core/duration.ts';
import type { Limit, Millis } from '../core/types.ts';
import type { Form, Report } from './setting.ts';
import { closest } from './suggest.ts';
import { isTable, type TomlValue, tomlLiteral } from './toml.ts';

/** The words that switch a limit off; beside our own "off" those that mail servers with such settings use. */
const OFF_WORDS: readonly string[] = ['off', '', 'false', 'disable', 'disabled', 'never'];
const SHORTEST_SECRET = 8;

/** Whether a value switches something off. */
export function isOff(value: TomlValue): boolean {
  return value === false || (typeof value === 'string' && OFF_WORDS.includes(value));
}

export function flag(): Form<boolean> {
  return {
    type: 'true or false',
    read: (value, report) =>
      typeof value === 'boolean'
        ? value
        : report({ message: `${found(value)} is neither true nor false`, hint: 'Write true or false without quotes' }),
    write: (value) => value,
  };
}

/** A whole number from `least` to `most`, both included. */
export function whole(least: number, most: number): Form<number> {
  const range = `${inGroups(least)} to ${inGroups(most)}`;
  return {
    type: `whole number, ${range}`,
    read: (value, report) => {
      if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
      const hint = typeof value === 'string' && /^\d+$/.test(value) ? `Write ${value} without quotes` : undefined;
      return report({
        message: `${found(value)} is not a whole number from ${range}`,
        ...(hint === undefined ? {} : { hint }),
      });
    },
    write: (value) => value,
  };
}

/** A number above `above`, up to `most`. */
export function numberAbove(above: number, most: number): Form<number> {
  return {
    type: `number above ${above}, up to ${most}`,
    read: (value, report) =>
      typeof value === 'number' && value > above && value <= most
        ? value
        : report({ message: `${found(value)} is not a number above ${above} and up to ${most}` }),
    write: (value) => value,
  };
}

/** One of a few words. */
export function choice<const W extends string>(words: readonly W[]): Form<W> {
  const all = words.map((word) => `"${word}"`).join(', ');
  return {
    type: all,
    read: (value, report) => {
      const word = words.find((each) => each === value);
      if (word !== undefined) return word;
      const near = typeof value === 'string' ? closest(value, words) : null;
      return report({
        message: `${found(value)} is none of ${all}`,
        ...(near === null ? {} : { hint: `Did you mean "${near}"?` }),
      });
    },
    write: (value) => value,
  };
}

/** An absolute path; `most` is the greatest length in bytes where the system sets one. */
export function path(most = 4095): Form<string> {
  return {
    type: 'absolute path',
    read: (value, report) => {
      if (typeof value !== 'string') return report({ message: `${found(value)} is no path`, hint: 'Write "/…"' });
      if (!value.startsWith('/'))
        return report({ message: `"${value}" is no absolute path`, hint: 'Write a path that starts with /' });
      const control = value.search(/[\0-\x1f\x7f]/);
      if (control >= 0) return report({ message: 'a path holds no control characters', offset: control });
      const length = Buffer.byteLength(value);
      if (length > most)
        return report({ message: `a path of ${length} bytes is longer than the ${most} possible here` });
      return value;
    },
    write: (value) => value,
  };
}

/** What requests are signed with, or what lets somebody in. */
export function secret(): Form<string> {
  return {
    type: 'text',
    read: (value, report) => {
      if (typeof value !== 'string') return report({ message: 'the key is no text', hint: 'Write it in quotes' });
      if (value.length < SHORTEST_SECRET)
        return report({
          message: `a key of ${value.length} characters is too easy to guess, it needs ${SHORTEST_SECRET} or more`,
          hint: 'Make one with: openssl rand -base64 24',
        });
      return value;
    },
    write: (value) => value,
  };
}

/** A time zone by its name in the IANA database; null where the host's own zone holds. */
export function zone(): Form<string> {
  return {
    type: 'IANA time zone',
    read: (value, report) => {
      if (typeof value !== 'string') return report({ message: `${found(value)} is no time zone` });
      if (/^[A-Za-z]/.test(value) && isZone(value)) return value;
      const near = closest(value, Intl.supportedValuesOf('timeZone'));
      return report({
        message: `"${value}" is no time zone`,
        hint: near === null ? 'Write a name such as "Europe/Berlin" or "UTC"' : `Did you mean "${near}"?`,
      });
    },
    write: (value) => value,
  };
}

/** `10m`, `1d12h`. */
export function duration(): Form<Millis> {
  return {
    type: 'duration',
    read: (value, report) =>
      typeof value === 'string'
        ? attempt(() => parseDuration(value), report)
        : report({ message: `${found(value)} is no duration`, hint: durationHint(value) }),
    write: (value) => formatDuration(value),
  };
}

/** A duration, or bare whole seconds, as PBX documents give them. */
export function seconds(): Form<Millis> {
  const inner = duration();
  return {
    ...inner,
    type: 'duration, or whole seconds',
    read: (value, report) => {
      if (typeof value !== 'number') return inner.read(value, report);
      if (!Number.isInteger(value) || value < 1)
        return report({ message: `${found(value)} is not a whole number of seconds, 1 or more` });
      return attempt(
        () => parseDuration(`${value}s`),
        (issue) => report({ message: issue.message }),
      );
    },
  };
}

/** A duration; null where it is switched off. */
export function durationOrOff(): Form<Millis | null> {
  const inner = duration();
  return {
    type: 'duration, or "off"',
    read: (value, report) => (isOff(value) ? null : inner.read(value, report)),
    write: (value) => (value === null ? 'off' : inner.write(value)),
  };
}

/** How long a ban lasts; null is a ban without end. */
export function banTime(inner: Form<Millis> = duration()): Form<Millis | null> {
  return {
    type: `${inner.type}, or "permanent"`,
    read: (value, report) => {
      if (value === 'permanent') return null;
      if (value === -1 || value === '-1' || (typeof value === 'string' && isOff(value)))
        return report({ message: `${found(value)} is no ban time`, hint: 'For a ban without end write "permanent"' });
      return inner.read(value, report);
    },
    write: (value) => (value === null ? 'permanent' : inner.write(value)),
  };
}

/** `count/period`; null where it is switched off. */
export function rate(): Form<Limit | null> {
  return {
    type: '"count/period", or "off"',
    read: (value, report) => {
      if (isOff(value)) return null;
      if (typeof value === 'string') return attempt(() => parseRate(value), report);
      const count = typeof value === 'number' && value >= 1 ? value : 10;
      return report({ message: `${found(value)} is no rate`, hint: `Write "${count}/1d" in quotes, or "off"` });
    },
    write: (value) => (value === null ? 'off' : formatRate(value)),
  };
}

/** "off" and its synonyms; for a setting that is otherwise a table. */
export function off(otherwise: string): Form<null> {
  return {
    type: '"off"',
    read: (value, report) =>
      isOff(value) ? null : report({ message: `${found(value)} is neither "off" nor a table`, hint: otherwise }),
    write: () => 'off',
  };
}

/** What stands in the file, in words, shortened. */
export function found(value: TomlValue): string {
  if (isTable(value)) return 'a table';
  if (Array.isArray(value)) return 'an array';
  if (value instanceof Date) return 'a date or time';
  const text = tomlLiteral(value);
  const short = text.length > 60 ? `${text.slice(0, 57)}…` : text;
  return typeof value === 'number' ? `the number ${short}` : short;
}

function attempt<T>(read: () => T, report: Report): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return report({ message: error.message, offset: error.offset });
  }
}

function durationHint(value: TomlValue): string {
  return typeof value === 'number' && Number.isInteger(value) && value > 0
    ? `Write it with a unit and in quotes, such as "${value}s"`
    : 'Write a duration in quotes, such as "10m"';
}

function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** 1000000 as 1,000,000. */
function inGroups(value: number): string {
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, ',');
}
