/** Stamps without a zone in zones all over the world: whole years, and the hours in which the clocks are changed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { localTimeIn } from '../../src/clock.ts';
import type { Millis } from '../../src/core/types.ts';
import { StampReader } from '../../src/filter/stamp.ts';

const ZONES = [
  ...['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'UTC'],
  ...['America/St_Johns', 'Africa/Casablanca', 'Pacific/Apia', 'America/Sao_Paulo', 'Pacific/Chatham', 'Asia/Tehran'],
];
const MINUTE: Millis = 60_000;
const HOUR: Millis = 60 * MINUTE;
const DAY: Millis = 24 * HOUR;

/** What a log in that zone writes at that time, formatted by Intl, which knows nothing of our calculations. */
function writer(zone: string, format: 'iso' | 'bsd'): (time: Millis) => string {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: format === 'bsd' ? 'short' : '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  return (time) => {
    const { year, month, day, hour, minute, second } = Object.fromEntries(
      parts.formatToParts(time).map(({ type, value }) => [type, value]),
    );
    const clock = `${hour}:${minute}:${second}`;
    return format === 'bsd' ? `${month} ${day?.replace(/^0/, ' ')} ${clock}` : `${year}-${month}-${day} ${clock}`;
  };
}

function instant(time: Millis): Temporal.Instant {
  return Temporal.Instant.fromEpochMilliseconds(time);
}

for (const zone of ZONES) {
  const write = { iso: writer(zone, 'iso'), bsd: writer(zone, 'bsd') };

  test(`${zone}: a log of a whole year is read as it was written, also in the hours that come twice`, () => {
    const end = Date.UTC(2027, 0, 1);
    const readers = {
      iso: new StampReader(localTimeIn(zone), () => end),
      bsd: new StampReader(localTimeIn(zone), () => end),
    };
    const changes = changesIn(zone, 2026);
    const isNearChange = (time: Millis) =>
      changes.some((change) => time > change - 6 * HOUR && time < change + 3 * HOUR);
    // Steps of an odd length reach every hour of the day; every change of clocks is walked through at leisure.
    for (let time = Date.UTC(2026, 0, 3); time < end - DAY; ) {
      for (const format of ['iso', 'bsd'] as const) {
        const text = write[format](time);
        assert.equal(readers[format].read(text), time, `${text} is ${instant(time)}`);
      }
      time += isNearChange(time) ? 7 * MINUTE + 1_000 : 307 * MINUTE;
    }
  });

  test(`${zone}: a log that is followed is read as it was written, however seldom it is written to`, () => {
    for (const change of changesIn(zone, 2026)) {
      for (const step of [11 * MINUTE, 25 * MINUTE, HOUR, 2 * HOUR]) {
        let now = change - 5 * HOUR;
        const reader = new StampReader(localTimeIn(zone), () => now + 300);
        for (; now < change + 5 * HOUR; now += step) {
          const text = write.bsd(now);
          assert.equal(reader.read(text), now, `${text} is ${instant(now)}, every ${step / MINUTE} minutes`);
        }
      }
    }
  });
}

function changesIn(zone: string, year: number): Millis[] {
  const changes: Millis[] = [];
  for (let at = instant(Date.UTC(year, 0, 1)).toZonedDateTimeISO(zone); ; ) {
    const next = at.getTimeZoneTransition('next');
    if (next === null || next.epochMilliseconds >= Date.UTC(year + 1, 0, 1)) return changes;
    changes.push(next.epochMilliseconds);
    at = next;
  }
}

test('any minute of any zone is one that Temporal gives for it too', () => {
  const minute = fc.integer({ min: Date.UTC(2000, 0, 1) / MINUTE, max: Date.UTC(2030, 0, 1) / MINUTE });
  fc.assert(
    fc.property(fc.constantFrom(...ZONES), minute, (zone, at) => {
      const text = instant(at * MINUTE)
        .toString()
        .slice(0, 16)
        .replace('T', ' ');
      const time = new StampReader(localTimeIn(zone), () => Date.UTC(2030, 0, 2)).read(`${text}:00`);
      const wall = Temporal.PlainDateTime.from(text.replace(' ', 'T'));
      const right = (['earlier', 'later', 'compatible'] as const).map(
        (disambiguation) => wall.toZonedDateTime(zone, { disambiguation }).epochMilliseconds,
      );
      assert.ok(time !== null && right.includes(time), `${zone} ${text} is ${time}`);
    }),
    { numRuns: 3_000 },
  );
});

/** The clocks go back at 01:00 UTC, from 03:00 to 02:00. */
const BACK = Date.UTC(2026, 9, 25, 1);

function berlinReader(reference: Millis): (text: string) => string {
  const reader = new StampReader(localTimeIn('Europe/Berlin'), () => reference);
  return (text) => {
    const time = reader.read(text);
    return time === null ? 'none' : new Date(time).toISOString().slice(11, 19);
  };
}

test('lines that come a little out of order do not turn the clocks back, before, in and after the hour that comes twice', () => {
  const read = berlinReader(BACK + DAY);
  const lines: readonly (readonly [stamp: string, utc: string])[] = [
    ['Oct 25 02:10:00', '00:10:00'],
    ['Oct 25 02:09:58', '00:09:58'],
    ['Oct 25 02:59:59', '00:59:59'],
    ['Oct 25 02:00:01', '01:00:01'],
    ['Oct 25 02:59:59', '00:59:59'],
    ['Oct 25 02:00:02', '01:00:02'],
    ['Oct 25 02:31:00', '01:31:00'],
    ['Oct 25 02:30:59', '01:30:59'],
    ['Oct 25 03:00:00', '02:00:00'],
    ['Oct 25 02:59:59', '01:59:59'],
  ];
  for (const [stamp, utc] of lines) assert.equal(read(stamp), utc, stamp);
});

test('a line is never from the future', () => {
  const read = berlinReader(BACK - 20 * MINUTE);
  assert.equal(read('Oct 25 02:40:00'), '00:40:00');
  assert.equal(read('Oct 25 02:05:00'), '00:05:00');
});

test('a stamp with a zone is the same everywhere, also in the hour that comes twice', () => {
  const read = berlinReader(BACK + DAY);
  for (let turn = 0; turn < 2; turn++) {
    assert.equal(read('2026-10-25T02:30:00+02:00'), '00:30:00');
    assert.equal(read('2026-10-25T02:30:00+01:00'), '01:30:00');
  }
});

test('a time that does not exist in spring goes on from the one before', () => {
  const read = berlinReader(Date.UTC(2026, 3, 1));
  assert.equal(read('Mar 29 01:59:59'), '00:59:59');
  assert.equal(read('Mar 29 02:00:00'), '01:00:00');
  assert.equal(read('Mar 29 03:00:00'), '01:00:00');
});

test('at the turn of the year the zone decides which year it is', () => {
  const reader = new StampReader(localTimeIn('Pacific/Auckland'), () => Date.UTC(2026, 11, 31, 11, 30));
  assert.equal(reader.read('Jan  1 00:20:00'), Date.UTC(2026, 11, 31, 11, 20));
  assert.equal(reader.read('Dec 31 23:59:59'), Date.UTC(2026, 11, 31, 10, 59, 59));
});
