/** Durations and rates: what is read, what is refused and where the error points, and what is written. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  FormatError,
  formatDuration,
  formatRate,
  parseDuration,
  parseRate,
  roughDuration,
} from '../../src/core/duration.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const CENTURY = 36_500 * DAY;

/** The error that `read` throws; the test fails where it throws none or another. */
function formatError(read: () => unknown): FormatError {
  try {
    const value = read();
    assert.fail(`gave ${String(value)} and no error`);
  } catch (error) {
    assert.ok(error instanceof FormatError, String(error));
    return error;
  }
}

test('a duration is a sum of whole numbers with units', () => {
  const table: readonly (readonly [string, number])[] = [
    ['1ms', 1],
    ['500ms', 500],
    ['1s', 1_000],
    ['90s', 90_000],
    ['10m', 10 * MINUTE],
    ['1h', HOUR],
    ['1d', DAY],
    ['2w', 14 * DAY],
    ['1d12h', 36 * HOUR],
    ['1w2d3h4m5s6ms', 9 * DAY + 3 * HOUR + 4 * MINUTE + 5_006],
    ['1m1ms', MINUTE + 1],
    ['0h1s', 1_000],
    ['007m', 7 * MINUTE],
    ['36500d', CENTURY],
  ];
  for (const [text, expected] of table) assert.equal(parseDuration(text), expected, text);
});

test('what is no duration is refused with a sentence, and the offset points at the first character that is wrong', () => {
  const table: readonly (readonly [text: string, offset: number, message: RegExp])[] = [
    ['', 0, /duration is missing, write one such as 10m/],
    ['10', 2, /^10 has no unit, write 10s, 10m, 10h or 10d$/],
    ['1d12', 4, /^12 has no unit/],
    ['10 ', 2, /^10 has no unit/],
    ['10x', 2, /^"x" is no unit of time, the units are ms, s, m, h, d and w$/],
    ['10M', 2, /^"M" is no unit/],
    ['10min', 2, /^"min" is no unit/],
    ['1.5h', 1, /^"\." is no unit/],
    ['10µs', 2, /^"µs" is no unit/],
    // Names that every JavaScript object inherits are no units either.
    ['10toString', 2, /^"toString" is no unit/],
    ['1constructor', 1, /^"constructor" is no unit/],
    ['1__proto__', 1, /^"__proto__" is no unit/],
    ['1hasOwnProperty', 1, /^"hasOwnProperty" is no unit/],
    ['m', 0, /^"m" is no duration, it starts with a number/],
    ['-1h', 0, /^"-1h" is no duration/],
    ['+1h', 0, /^"\+1h" is no duration/],
    ['1h-30m', 1, /^"h-" is no unit/],
    ['forever', 0, /^"forever" is no duration/],
    ['١m', 0, /is no duration/],
    ['10 m', 2, /^"m" is not expected after 10, write the unit without a space, such as 10m$/],
    ['10m ', 3, /^A space is not expected here, write a duration without spaces, such as 1d12h$/],
    ['10m\n', 3, /^A space is not expected/],
    [' 10m', 0, /^A space is not expected/],
    [' ', 0, /^A space is not expected/],
    ['10m 5s', 3, /^A space is not expected/],
    ['1d junk', 3, /^"junk" is not expected here$/],
    ['1d  junk ', 4, /^"junk" is not expected here$/],
    ['0s', 0, /^A duration of zero is not possible$/],
    ['0d0h', 0, /zero/],
    ['36501d', 0, /more than 100 years .* write "permanent"/],
    ['36500d1ms', 0, /more than 100 years/],
    [`${'9'.repeat(400)}d`, 0, /more than 100 years/],
  ];
  for (const [text, offset, message] of table) {
    const error = formatError(() => parseDuration(text));
    assert.match(error.message, message, text);
    assert.equal(error.offset, offset, `offset in ${JSON.stringify(text)}`);
    assert.equal(error.name, 'FormatError');
  }
});

test('reading can start inside a text, and offsets still count from its beginning', () => {
  assert.equal(parseDuration('100/1d', 4), DAY);
  assert.equal(formatError(() => parseDuration('100/1x', 4)).offset, 5);
  assert.equal(formatError(() => parseDuration('100/', 4)).offset, 4);
});

test('a rate is a count and a period', () => {
  const table: readonly (readonly [string, number, number])[] = [
    ['100/1d', 100, DAY],
    ['1/1ms', 1, 1],
    ['10/1m30s', 10, 90_000],
    ['010/1m', 10, MINUTE],
    ['1000000/1d', 1_000_000, DAY],
  ];
  for (const [text, count, period] of table) assert.deepEqual(parseRate(text), { count, period }, text);
});

test('what is no rate is refused, each mistake with its own sentence and place', () => {
  const table: readonly (readonly [text: string, offset: number, message: RegExp])[] = [
    ['', 0, /^The count is missing, write a rate such as 10\/1m$/],
    ['/1d', 0, /^The count is missing/],
    ['0/1d', 0, /^A count of 0 would ban at once, write "off"/],
    ['-1/1d', 0, /^"-1" is no count, write a whole number of 1 or more before the slash/],
    ['1.5/1d', 0, /^"1\.5" is no count/],
    ['1e3/1d', 0, /^"1e3" is no count/],
    [' 10/1d', 0, /^" 10" is no count/],
    ['10 /1d', 0, /^"10 " is no count/],
    ['ten/1d', 0, /^"ten" is no count/],
    ['off', 0, /^"off" is no count/],
    ['10d', 0, /^"10d" is no count/],
    ['1000001/1d', 0, /more than the 1,000,000 that can be kept/],
    [`${'9'.repeat(400)}/1d`, 0, /more than the 1,000,000/],
    ['10', 2, /^The period is missing, write 10\/1h or 10\/1d$/],
    ['10/', 3, /^The period is missing after the slash, write 10\/1h or 10\/1d$/],
    ['10/1x', 4, /^"x" is no unit/],
    ['10/1', 4, /^1 has no unit/],
    ['10/d', 3, /^"d" is no duration/],
    ['10/0s', 3, /zero/],
    ['10/-1d', 3, /^"-1d" is no duration/],
    ['10/ 1d', 3, /^A space is not expected/],
    ['10/1d junk', 6, /^"junk" is not expected here$/],
    ['10/1m/1h', 4, /^"m\/" is no unit/],
    ['10/101w5300w', 3, /more than 100 years/],
    ['10/1valueOf', 4, /^"valueOf" is no unit/],
  ];
  for (const [text, offset, message] of table) {
    const error = formatError(() => parseRate(text));
    assert.match(error.message, message, text);
    assert.equal(error.offset, offset, `offset in ${JSON.stringify(text)}`);
  }
});

test('a duration is written with days as its largest unit and nothing left out', () => {
  const table: readonly (readonly [number, string])[] = [
    [0, '0s'],
    [-5, '0s'],
    [0.4, '0s'],
    [1, '1ms'],
    [999.6, '1s'],
    [1_000, '1s'],
    [61_001, '1m1s1ms'],
    [36 * HOUR, '1d12h'],
    [14 * DAY, '14d'],
    [CENTURY, '36500d'],
  ];
  for (const [duration, text] of table) assert.equal(formatDuration(duration), text, String(duration));
});

test('for people a duration is written with its two largest units, rounded down', () => {
  const table: readonly (readonly [number, string])[] = [
    [-1, '0s'],
    [0, '0s'],
    [999, '0s'],
    [45_900, '45s'],
    [MINUTE, '1m'],
    [MINUTE + 1_999, '1m1s'],
    [3 * HOUR + 20 * MINUTE + 59_999, '3h20m'],
    [3 * HOUR + 59_999, '3h'],
    [DAY - 1, '23h59m'],
    [2 * DAY + HOUR + 59 * MINUTE, '2d1h'],
  ];
  for (const [duration, text] of table) assert.equal(roughDuration(duration), text, String(duration));
});

test('what was written is read back as the same duration or rate', () => {
  assert.equal(formatRate({ count: 100, period: DAY }), '100/1d');
  fc.assert(
    fc.property(fc.integer({ min: 1, max: CENTURY }), fc.integer({ min: 1, max: 1_000_000 }), (duration, count) => {
      assert.equal(parseDuration(formatDuration(duration)), duration);
      assert.deepEqual(parseRate(formatRate({ count, period: duration })), { count, period: duration });
    }),
    { numRuns: 2_000 },
  );
});

test('any text gives a whole number of milliseconds or a FormatError whose offset lies in the text', () => {
  const nearly = fc.string({ unit: fc.constantFrom(...'0123456789smhdw/ .-x'), maxLength: 12 });
  fc.assert(
    fc.property(fc.oneof(nearly, fc.string()), (text) => {
      for (const read of [() => parseDuration(text), () => parseRate(text).period]) {
        try {
          const value = read();
          assert.ok(Number.isSafeInteger(value) && value > 0, `${value}`);
        } catch (error) {
          if (!(error instanceof FormatError)) throw error;
          assert.ok(error.offset >= 0 && error.offset <= text.length, `offset ${error.offset}`);
        }
      }
    }),
    { numRuns: 5_000 },
  );
});
