/** Times at the start of log lines: their formats, the year that is missing, the zone of the host, and rubbish. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stampEnd } from '../../src/filter/leading-stamp.ts';
import { StampReader } from '../../src/filter/stamp.ts';
import type { LocalTime } from '../../src/filter/wall-clock.ts';

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

const STAMPS = [
  ...[
    'Nov 22 08:47:25',
    'Nov 22 08:47:25.123',
    'Nov  2 2026 08:47:25',
    'Sun Nov 22 08:47:25.5 2026',
    'Sun Nov 22 08:47:25',
  ],
  ...['2026-11-22T08:47:25.5+00:00', '2026-11-22T08:47:25Z', '2026-11-22 08:47:25,1', '2026-11-22 08:47:25'],
  ...['2026-11-22 08:47:25 +0100', '2026-11-22 08:47:25.449 -0100', '2026/11/22 08:47:25', '2026-11-22 08:47:25 UTC'],
  ...['22/Nov/2026:08:47:25 +0000', '22/Nov/2026:08:47:25', '22-Nov-2026 08:47:25 +0000', '22-Nov-2026 08:47:25 GMT'],
  ...['Sun, 22 Nov 2026 08:47:25 GMT', '22 Nov 2026 08:47:25 +0100', '1795337245', '1795337245.1', '1795337245123'],
  '@400000006b02ac271dcd6500',
];

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
    ['Nov 22 2026 08:47:25 mx1', '2026-11-22T08:47:25.000Z'],
    ['Sun Nov 22 08:47:25 2026 [pid 3]', '2026-11-22T08:47:25.000Z'],
    ['Sun Nov 22 08:47:25.123456 2026] [auth', '2026-11-22T08:47:25.123Z'],
    ['Sun Nov  1 08:47:25 2025] x', '2025-11-01T08:47:25.000Z'],
    ['Sun Nov 22 08:47:25 mx1', '2026-11-22T08:47:25.000Z'],
    ['2026-11-22 08:50:34 +0100 1vM8', '2026-11-22T07:50:34.000Z'],
    ['2026-11-22 08:50:34.449 -0530 [77]', '2026-11-22T14:20:34.449Z'],
    ['2026-11-22 08:47:25 UTC [1]', '2026-11-22T08:47:25.000Z'],
    ['2026/11/22 08:47:25 [error]', '2026-11-22T08:47:25.000Z'],
    ['22/Nov/2026:08:47:25 +0100] "GET', '2026-11-22T07:47:25.000Z'],
    ['22/Nov/2026 08:47:25] "GET', '2026-11-22T08:47:25.000Z'],
    ['22-Nov-2026 08:47:25 +0000]: <x>', '2026-11-22T08:47:25.000Z'],
    ['22-Nov-2026 08:47:25.123456 -0100]: <x>', '2026-11-22T09:47:25.123Z'],
    ['22-Nov-2026 08:47:25 UTC] PHP', '2026-11-22T08:47:25.000Z'],
    ['2026-05-07 10:06:17] SECURITY', '2026-05-07T10:06:17.000Z'],
    ['2026-05-07 10:06:17.999999] SECURITY', '2026-05-07T10:06:17.999Z'],
    ['May  7 10:06:17] NOTICE[1]', '2026-05-07T10:06:17.000Z'],
    ['Sun, 22 Nov 2026 08:47:25 GMT x', '2026-11-22T08:47:25.000Z'],
    ['Sun, 22 Nov 2026 08:47:25 +0100 x', '2026-11-22T07:47:25.000Z'],
    ['22 Nov 2026 08:47:25 +0100 x', '2026-11-22T07:47:25.000Z'],
    ['1795337245 x', '2026-11-22T08:47:25.000Z'],
    ['1795337245.498659 x', '2026-11-22T08:47:25.498Z'],
    ['1795337245498 x', '2026-11-22T08:47:25.498Z'],
    ['1795337245498.6 x', '2026-11-22T08:47:25.498Z'],
    // 2^62 + 10 + 1795337245, as multilog labels it.
    ['@400000006b02ac271dcd6500 x', '2026-11-22T08:47:25.500Z'],
  ];
  for (const [stamp, time] of table) assert.equal(read(stamp), time, stamp);
});

test('what is no time is none', () => {
  const rubbish = [
    ...['', 'N', 'Nov', 'Nov 22', 'Nov 22 08:47', 'Nov 22 08:47:', 'Nov 22 8:47:25', 'Nov 32 08:47:25 x'],
    ...['Nov 22 24:47:25 x', 'Nov 22 08:60:25 x', 'Nov 22 08:47:61 x', 'Xyz 22 08:47:25 x', 'ovD 22 08:47:25 x'],
    ...['Feb 30 08:47:25 x', '2026-13-22T08:47:25Z', '2026-00-22T08:47:25Z', '2026-11-22T24:00:00Z', '2026-11-22'],
    ...['2026-11-22T08:47:25+0x:00 y', '2026-11-22T08:47', '20261122T084725Z', '2026-11-22T08:47:7', '-1'],
    ...[
      '2026-11-31 08:47:25 x',
      '2026-02-29 08:47:25 x',
      '2026-11-22T08:47:25x',
      '2026-11-22T08:47:251',
      '31/Nov/2026:08:47:25',
    ],
    ...[
      '22/Nvo/2026:08:47:25',
      '22/Nov/26:08:47:25',
      'San Nov 22 08:47:25 2026',
      '179533724 x',
      '17953372450 x',
      '@',
      '@4',
    ],
    ...[
      '@500000006b02ac271dcd6500',
      '@400000006b02ac271dcd650',
      '@400000006b02ac271dcd650g',
      '2026-11-22T08:47:25+00:0x',
    ],
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
  for (const stamp of STAMPS) {
    const reader = new StampReader(utc, () => Date.UTC(2026, 11, 1));
    for (let turn = 0; turn < 2; turn++) {
      for (const behind of [' host', '] x', '', ': x', '", "a"']) {
        assert.ok(reader.read(`<6>${stamp}${behind}`, 3) !== null, stamp);
        assert.equal(reader.end, 3 + stamp.length, stamp);
        const bytes = Buffer.from(stamp + behind);
        assert.equal(stampEnd(bytes, 0, bytes.length), stamp.length, stamp);
      }
    }
  }
});

test('what was read before changes nothing, and both sides agree where a stamp ends', () => {
  const marks = fc.constantFrom(
    '',
    '',
    '',
    '.',
    ',5',
    ' ',
    '+01:00',
    ' +0100',
    ' 2026',
    ' UTC',
    ' GMT',
    'Z',
    '-1',
    '0',
    ']',
    'x',
    ': ',
  );
  const text = fc.tuple(fc.constantFrom(...STAMPS), marks, marks).map((parts) => parts.join(''));
  const reader = new StampReader(utc, () => Date.UTC(2026, 11, 2));
  fc.assert(
    fc.property(fc.array(text, { minLength: 2, maxLength: 6 }), (texts) => {
      for (const one of texts) {
        const fresh = new StampReader(utc, () => Date.UTC(2026, 11, 2));
        const time = fresh.read(one);
        assert.equal(reader.read(one), time, one);
        if (time === null) continue;
        assert.equal(reader.end, fresh.end, one);
        const bytes = Buffer.from(one);
        assert.equal(stampEnd(bytes, 0, bytes.length), fresh.end, one);
      }
    }),
    { numRuns: 3_000 },
  );
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
