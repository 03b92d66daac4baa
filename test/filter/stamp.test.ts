/** Times at the start of log lines: their formats, the year that is missing, the zone of the host, and rubbish. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lineTime } from '../../src/filter/header.ts';
import { type LocalTime, StampReader } from '../../src/filter/stamp.ts';

const utc: LocalTime = (year, month, day, hour, minute) => Date.UTC(year, month, day, hour, minute);

/** Central Europe: two hours ahead in summer of 2026, from 29 March 01:00 to 25 October 01:00 UTC, else one. */
const berlin: LocalTime = (year, month, day, hour, minute) => {
  const asUtc = Date.UTC(year, month, day, hour, minute);
  const summer = asUtc - 7_200_000;
  return summer >= Date.UTC(2026, 2, 29, 1) && summer < Date.UTC(2026, 9, 25, 1) ? summer : asUtc - 3_600_000;
};

function read(text: string, localTime = utc, reference = Date.UTC(2026, 10, 22, 12)): string | null {
  const time = new StampReader(localTime, () => reference).read(text);
  return time === null ? null : new Date(time).toISOString();
}

test('every format is read to the millisecond', () => {
  const table: readonly (readonly [stamp: string, time: string])[] = [
    ['2026-11-22T08:47:25.498659+00:00 mx1', '2026-11-22T08:47:25.498Z'],
    ['2026-11-22T08:47:25Z mx1', '2026-11-22T08:47:25.000Z'],
    ['2026-11-22T08:47:25.5Z mx1', '2026-11-22T08:47:25.500Z'],
    ['2026-11-22T10:47:25.498+02:00 mx1', '2026-11-22T08:47:25.498Z'],
    ['2026-11-22T03:17:25.498-0530 mx1', '2026-11-22T08:47:25.498Z'],
    ['2026-11-22 08:47:25,498 [12]', '2026-11-22T08:47:25.498Z'],
    ['2026-11-22 08:47:25.449 [12]', '2026-11-22T08:47:25.449Z'],
    ['2026-11-22 08:47:25 [12]', '2026-11-22T08:47:25.000Z'],
    ['2026-12-31T23:59:60Z mx1', '2027-01-01T00:00:00.000Z'],
    ['Nov 22 08:47:25 mx1', '2026-11-22T08:47:25.000Z'],
    ['Nov 22 08:47:25.498659 mx1', '2026-11-22T08:47:25.498Z'],
    ['Nov  2 08:47:25 mx1', '2026-11-02T08:47:25.000Z'],
    ['Nov 02 08:47:25 mx1', '2026-11-02T08:47:25.000Z'],
  ];
  for (const [stamp, time] of table) assert.equal(read(stamp), time, stamp);
});

test('what is no time is none', () => {
  const rubbish = [
    ...['', 'N', 'Nov', 'Nov 22', 'Nov 22 08:47', 'Nov 22 08:47:', 'Nov 22 8:47:25', 'Nov 32 08:47:25 x'],
    ...['Nov 22 24:47:25 x', 'Nov 22 08:60:25 x', 'Nov 22 08:47:61 x', 'Xyz 22 08:47:25 x', 'ovD 22 08:47:25 x'],
    ...['Feb 30 08:47:25 x', '2026-13-22T08:47:25Z', '2026-00-22T08:47:25Z', '2026-11-22T24:00:00Z', '2026-11-22'],
    ...['2026-11-22T08:47:25+0x:00 y', '2026-11-22T08:47', '20261122T084725Z', '2026-11-22T08:47:7', '-1'],
  ];
  for (const text of rubbish) assert.equal(read(text), null, text);
});

test('the missing year is the latest that is not more than a day ahead of now', () => {
  const table: readonly (readonly [stamp: string, now: number, year: number])[] = [
    ['Dec 31 23:59:59', Date.UTC(2027, 0, 1, 0, 0, 1), 2026],
    ['Jan  1 00:00:01', Date.UTC(2026, 11, 31, 23, 59), 2027],
    ['Jan  1 00:00:01', Date.UTC(2027, 0, 1, 0, 5), 2027],
    ['Nov 23 11:00:00', Date.UTC(2026, 10, 22, 12), 2026],
    ['Nov 24 13:00:00', Date.UTC(2026, 10, 22, 12), 2025],
    ['Feb 29 12:00:00', Date.UTC(2028, 1, 29, 13), 2028],
    ['Feb 29 12:00:00', Date.UTC(2027, 5, 1), 2024],
    ['Feb 29 12:00:00', Date.UTC(2103, 5, 1), 2096],
  ];
  for (const [stamp, now, year] of table) {
    assert.equal(read(stamp, utc, now)?.slice(0, 4), String(year), `${stamp} at ${new Date(now).toISOString()}`);
  }
});

test('the year goes on when the time does, in one reader', () => {
  let now = Date.UTC(2026, 11, 31, 23, 59, 50);
  const reader = new StampReader(utc, () => now);
  assert.equal(reader.read('Dec 31 23:59:49 mx1'), Date.UTC(2026, 11, 31, 23, 59, 49));
  now = Date.UTC(2027, 0, 1, 0, 0, 10);
  assert.equal(reader.read('Jan  1 00:00:09 mx1'), Date.UTC(2027, 0, 1, 0, 0, 9));
  assert.equal(reader.read('Dec 31 23:59:59 mx1'), Date.UTC(2026, 11, 31, 23, 59, 59));
});

test('a stamp without a zone has that of the host, on both sides of the change of clocks', () => {
  const table: readonly (readonly [stamp: string, time: string])[] = [
    ['Mar 29 01:59:59', '2026-03-29T00:59:59.000Z'],
    ['Mar 29 03:00:00', '2026-03-29T01:00:00.000Z'],
    ['Oct 25 01:59:59', '2026-10-24T23:59:59.000Z'],
    ['Oct 25 03:00:00', '2026-10-25T02:00:00.000Z'],
    ['2026-07-01 12:00:00', '2026-07-01T10:00:00.000Z'],
    ['2026-12-01 12:00:00', '2026-12-01T11:00:00.000Z'],
    ['2026-12-01T12:00:00Z', '2026-12-01T12:00:00.000Z'],
  ];
  for (const [stamp, time] of table) assert.equal(read(stamp, berlin, Date.UTC(2026, 11, 2)), time, stamp);
  // This hour comes twice, and nothing in the line says which one it is.
  const twice = Date.parse(read('Oct 25 02:30:00', berlin, Date.UTC(2026, 10, 1)) ?? '');
  assert.ok(twice === Date.UTC(2026, 9, 25, 0, 30) || twice === Date.UTC(2026, 9, 25, 1, 30));
});

test('one reader reads different formats in turns', () => {
  const reader = new StampReader(berlin, () => Date.UTC(2026, 11, 2));
  const lines: readonly (readonly [string, number])[] = [
    ['2026-11-22T08:47:25Z', Date.UTC(2026, 10, 22, 8, 47, 25)],
    ['2026-11-22T08:47:26+01:00', Date.UTC(2026, 10, 22, 7, 47, 26)],
    ['2026-11-22T08:47:27', Date.UTC(2026, 10, 22, 7, 47, 27)],
    ['Nov 22 08:47:28', Date.UTC(2026, 10, 22, 7, 47, 28)],
    ['2026-11-22T08:47:29Z', Date.UTC(2026, 10, 22, 8, 47, 29)],
  ];
  for (let turn = 0; turn < 3; turn++) for (const [text, time] of lines) assert.equal(reader.read(text), time, text);
});

test('the end is where the message goes on', () => {
  for (const stamp of [
    'Nov 22 08:47:25',
    'Nov 22 08:47:25.123',
    '2026-11-22T08:47:25.5+00:00',
    '2026-11-22 08:47:25,1',
  ]) {
    const reader = new StampReader(utc, () => Date.UTC(2026, 11, 1));
    assert.ok(reader.read(`<6>${stamp} host`, 3) !== null, stamp);
    assert.equal(reader.end, 3 + stamp.length);
  }
});

test('the time of a line is found behind a priority too', () => {
  const reader = new StampReader(utc, () => Date.UTC(2026, 11, 1));
  for (const start of ['', '<22>', '<22>1 '])
    assert.ok(lineTime(`${start}2026-11-22T08:47:25Z mx1 x`, reader) !== null);
  assert.equal(lineTime('no time here at all', reader), null);
});

test('no text makes it fail or gives a time that is none', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'Nov',
      ' 22',
      ' 08:47:25',
      '2026-11-22',
      'T08:47:25',
      '.',
      ',',
      '999999999999',
      '+00:00',
      '-',
      'Z',
      ' ',
    ),
    fc.string({ maxLength: 4 }),
  );
  const reader = new StampReader(berlin, () => Date.UTC(2026, 11, 2));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8, size: 'max' }), fc.nat(4), (pieces, start) => {
      const text = pieces.join('');
      const time = reader.read(text, start);
      assert.ok(time === null || Number.isInteger(time), text);
      if (time !== null) assert.ok(reader.end <= text.length, text);
    }),
    { numRuns: 20_000 },
  );
});
