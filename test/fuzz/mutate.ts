/**
 * Damages texts the way that fuzzers do: bits, pieces cut out, put in and doubled, numbers at their limits, and splices of
 * two inputs. Text is latin1, one character a byte, so that anything can come out, also what is no UTF-8.
 */
import { DELIMITERS } from '../support/delimiters.ts';
import type { Random } from '../support/random.ts';

/** What parsers of logs, of their wrappings and of configuration stumble over. */
const PIECES: readonly string[] = [
  ...DELIMITERS,
  ...'\x07\x08\x0b\x1b\x7f\x80\x9b\xff/*?-_&#',
  ...['\x1b[31m', '\x1b[0m', '\x1b]0;x\x07', '\xc0\x80', '\xc3(', '\xe2\x80\xa8', '\xed\xa0\x80', '\xf0\x9f\x92\xa9'],
  ...['\xf4\x90\x80\x80', '\xef\xbb\xbf', '\xe2\x80\xae', '\\\\', '\\u0000', '\\ud800', '\\x41', '%00', '%0a', '%s%n'],
  ...['${', '$(x)', '#033[31m', '../'],
  ...[
    '203.0.113.77',
    '2001:db8:dead::77',
    '::ffff:203.0.113.77',
    '[203.0.113.77]',
    'rip=203.0.113.77, ',
    '0x7f.1',
    '1.2.3',
    ':::',
    '::1%eth0',
  ],
  ...['0', '-0', '-1', '4294967296', '9007199254740993', '1e999', '99999999999999999999', '0.1', '010', '0x10'],
  ...['null', 'true', 'NaN', '__proto__', 'constructor', 'toString', '[]', '{}', '""'],
  ...[
    'Nov 31 25:61:61 ',
    '1970-01-01T00:00:00Z ',
    '9999-12-31T23:59:60.999999999+14:00 ',
    'Feb 29 00:00:00 ',
    '<999>1 ',
    '<22>',
  ],
  ...[': message repeated 4294967295 times: [ ', 'last message repeated 9 times'],
];
const NUMBERS: readonly string[] = [
  '0',
  '-1',
  '1',
  '255',
  '256',
  '65536',
  '2147483648',
  '18446744073709551616',
  '1e309',
];
/** Now and then one is long enough for every bound on lengths. */
const LONGEST_RUN = 40_000;
const MOST_STEPS = 6;

/** @param other another input of the same kind, to splice with. */
export function mutate(text: string, other: string, random: Random): string {
  let result = text;
  for (let steps = 1 + random.below(MOST_STEPS); steps > 0; steps--) result = step(result, other, random);
  return result;
}

/** A text without line breaks, such as one line of a log. */
export function oneLine(text: string): string {
  return text.replaceAll('\n', ' ');
}

function step(text: string, other: string, random: Random): string {
  const at = random.below(text.length + 1);
  const end = at + random.below(Math.min(text.length - at, 40) + 1);
  switch (random.below(12)) {
    case 0:
    case 1:
      return text.slice(0, at) + flipped(text.charCodeAt(at), random) + text.slice(at + 1);
    case 2:
      return text.slice(0, at) + text.slice(end);
    case 3:
      return text.slice(0, end) + text.slice(at);
    case 4:
    case 5:
    case 6:
      return text.slice(0, at) + random.pick(PIECES) + text.slice(random.chance(0.5) ? at : end);
    case 7:
      return text.slice(0, at);
    case 8:
      return text.slice(0, at) + other.slice(random.below(other.length + 1));
    case 9:
      return (
        text.slice(0, at) + other.slice(random.below(other.length + 1)).slice(0, random.below(60)) + text.slice(end)
      );
    case 10:
      return withOtherNumber(text, random);
    default:
      return random.chance(0.95) ? text : text.slice(0, at) + run(random) + text.slice(end);
  }
}

function flipped(byte: number, random: Random): string {
  const known = Number.isNaN(byte) ? 0 : byte;
  return String.fromCharCode(random.chance(0.5) ? known ^ (1 << random.below(8)) : random.below(256));
}

function withOtherNumber(text: string, random: Random): string {
  const numbers = [...text.matchAll(/\d+/g)];
  if (numbers.length === 0) return text;
  const { 0: digits, index } = random.pick(numbers);
  return text.slice(0, index) + random.pick(NUMBERS) + text.slice(index + digits.length);
}

function run(random: Random): string {
  const piece = random.chance(0.5) ? random.pick(PIECES) : String.fromCharCode(random.below(256));
  return piece.repeat(1 + Math.floor(random.below(LONGEST_RUN) / piece.length));
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Another value somewhere in a JSON value: of another type, missing, doubled, nested, or its text damaged. */
export function mutateJson(value: unknown, random: Random, depth = 0): Json {
  if (depth > 0 && random.chance(0.15)) return otherValue(random);
  if (Array.isArray(value)) {
    const items = value.map((item) => (random.chance(0.3) ? mutateJson(item, random, depth + 1) : (item as Json)));
    if (random.chance(0.1)) items.push(otherValue(random));
    return random.chance(0.05) ? [...items, ...items] : items;
  }
  if (typeof value === 'object' && value !== null) return mutateObject(value, random, depth);
  if (typeof value === 'string') return random.chance(0.5) ? mutate(value, value, random) : value;
  return random.chance(0.3) ? otherValue(random) : (value as Json);
}

function mutateObject(value: object, random: Random, depth: number): Json {
  const result: Record<string, Json> = {};
  for (const [key, item] of Object.entries(value)) {
    if (random.chance(0.05)) continue;
    const name = random.chance(0.03) ? mutate(key, key, random) : key;
    result[name] = random.chance(0.35) ? mutateJson(item, random, depth + 1) : (item as Json);
  }
  if (random.chance(0.05)) result[random.pick(PIECES)] = otherValue(random);
  return result;
}

function otherValue(random: Random): Json {
  const nested = random.below(60);
  return random.pick<Json>([
    ...[null, true, false, 0, -1, 1e300, 0.5, '', 'x', random.pick(PIECES), random.pick(NUMBERS)],
    ...[[], [[]], {}, [null], [1, 2, 300, -4, 0.5], { toString: 1 }, { length: 3 }],
    JSON.parse('['.repeat(nested) + ']'.repeat(nested) || 'null') as Json,
  ]);
}
