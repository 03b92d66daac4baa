/** Lines without an address, whose connection is named by a later line: as Sendmail tells of unknown recipients. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Joined, Joiner } from '../../src/filter/join.ts';
import { LogReader } from '../../src/filter/reader.ts';
import { file, options, tell } from './reading.ts';

const START = Date.UTC(2026, 10, 22, 9);
const MINUTE = 60_000;

function at(minutes: number, transaction: number, rest: string): string {
  const id = `6AM9Ci${String(transaction).padStart(8, '0')}`;
  return `${new Date(START + minutes * MINUTE).toISOString()} mx1 sm-mta[${transaction}]: ${id}: ${rest}`;
}

const unknown = '<nosuch@example.org>... User unknown';
const sender = (ip: string, protocol = 'ESMTP'): string =>
  `from=<s@example.net>, size=0, class=0, nrcpts=0, proto=${protocol}, daemon=MTA-v4, relay=[${ip}]`;
const noMail = (ip: string): string => `[${ip}] did not issue MAIL/EXPN/VRFY/ETRN during connection to MTA-v4`;
const failed = (ip: string): string =>
  `AUTH failure (PLAIN): user not found (-20) SASL(-13): user not found: checkpass failed, user=bob, relay=[${ip}]`;

function joined(lines: readonly string[], joiner = new Joiner({ oneLog: true })): Joined[] {
  const seen: Joined[] = [];
  const reader = new LogReader(options, joiner);
  reader.read(file(lines), (one) => seen.push(one));
  reader.flush((one) => seen.push(one));
  return seen;
}

test('a line without an address counts for the address that its connection is given later', () => {
  const lines = [at(0, 1, unknown), at(0, 2, unknown), at(3, 2, sender('192.0.2.2')), at(4, 1, sender('192.0.2.1'))];
  const seen = joined(lines);
  assert.deepEqual(seen.map(tell), ['invalid-rcpt 192.0.2.2 -', 'invalid-rcpt 192.0.2.1 -']);
  assert.deepEqual(
    seen.map(({ line, event }) => [line, event.time, event.text]),
    [
      [2, START, lines[1]],
      [1, START, lines[0]],
    ],
  );
});

test('it is forgotten if the line that names the address says that the client has logged in', () => {
  assert.deepEqual(joined([at(0, 1, unknown), at(0, 1, unknown), at(1, 1, sender('192.0.2.1', 'ESMTPSA'))]), []);
});

test('it counts for nobody if no line names the address, or only after more than an hour', () => {
  const joiner = new Joiner({ oneLog: true });
  assert.deepEqual(
    joined([at(0, 1, unknown), at(70, 9, sender('192.0.2.9')), at(71, 1, sender('192.0.2.1'))], joiner),
    [],
  );
  assert.equal(joiner.oldestWaitingLine(), Number.POSITIVE_INFINITY);
  assert.deepEqual(
    joined([at(0, 1, unknown), at(59, 9, sender('192.0.2.9')), at(60, 1, sender('192.0.2.1'))]).map(tell),
    ['invalid-rcpt 192.0.2.1 -'],
  );
});

test('it outlives a crash', () => {
  const before = new Joiner();
  new LogReader(options, before).read(file([at(0, 1, unknown), at(0, 1, unknown)]), () => {});
  assert.equal(before.oldestWaitingLine(), 1);
  const stored = new Map<string, string>();
  for (const [key, value] of before.takeChanged()) if (value !== null) stored.set(key, value);
  const after = new Joiner();
  after.load(stored);
  assert.deepEqual(joined([at(1, 1, sender('192.0.2.1'))], after).map(tell), Array(2).fill('invalid-rcpt 192.0.2.1 -'));
});

test('so many lines wait for an address, and no more', () => {
  const lines = Array.from({ length: 50 }, () => at(0, 1, unknown));
  assert.equal(joined([...lines, at(1, 1, sender('192.0.2.1'))]).length, 20);
  const joiner = new Joiner();
  const flood = Array.from({ length: 5_000 }, (_, index) => at(0, index + 1, unknown));
  new LogReader(options, joiner).read(file(flood), () => {});
  assert.equal(joiner.takeChanged().size, 1_000);
  assert.equal(joiner.oldestWaitingLine(), 4_001);
});

test('an end with a kind counts only if nothing else did on its connection', () => {
  assert.deepEqual(joined([at(0, 1, noMail('192.0.2.1'))]).map(tell), ['loitering 192.0.2.1 -']);
  assert.deepEqual(joined([at(0, 1, failed('192.0.2.1')), at(0, 1, noMail('192.0.2.1'))]).map(tell), [
    'authentication 192.0.2.1 bob',
  ]);
});

test('who has logged in may linger for some minutes, where no line tells on which connection it was', () => {
  const login = at(0, 1, '').replace(/: \S+: $/, ': AUTH=server, relay=[192.0.2.1], authid=alice, mech=PLAIN, bits=0');
  const lines = [login, at(1, 1, noMail('192.0.2.1')), at(1, 2, noMail('192.0.2.2')), at(6, 3, noMail('192.0.2.1'))];
  assert.deepEqual(joined(lines).map(tell), [
    'success 192.0.2.1 alice',
    'loitering 192.0.2.2 -',
    'loitering 192.0.2.1 -',
  ]);
});
