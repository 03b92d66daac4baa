/** Entries of the journal: what they hold, whom they are believed, and what is no entry at all. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Entry, parseJournal } from '../../src/filter/header.ts';
import { Matcher, type Sighting } from '../../src/filter/match.ts';
import { options } from './reading.ts';

const TRUST = { units: new Set(['postfix@-.service']) };
const MESSAGE = 'timeout after CONNECT from unknown[192.0.2.144]';
const FIELDS = {
  __REALTIME_TIMESTAMP: '1795337331362000',
  _SOURCE_REALTIME_TIMESTAMP: '1795337331361690',
  SYSLOG_IDENTIFIER: 'postfix/smtpd',
  SYSLOG_PID: '383',
  _PID: '383',
  _UID: '101',
  MESSAGE,
};

function parse(fields: object): Entry | null {
  return parseJournal(JSON.stringify(fields), TRUST);
}

function read(entries: readonly object[], matcher = new Matcher({ ...options, trust: TRUST })): Sighting[] {
  const seen: Sighting[] = [];
  const data = Buffer.from(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  matcher.readJournal(data, (sighting) => seen.push(sighting));
  return seen;
}

test('an entry gives the time that its sender had, program, process and message', () => {
  assert.deepEqual(parse(FIELDS), {
    time: 1795337331361,
    host: '',
    program: 'postfix/smtpd',
    pid: '383',
    message: MESSAGE,
    times: 1,
  });
  const { _SOURCE_REALTIME_TIMESTAMP: _, SYSLOG_PID: __, ...less } = FIELDS;
  assert.deepEqual([parse(less)?.time, parse(less)?.pid], [1795337331362, '383']);
});

test('a message that is no UTF-8 comes as bytes, and one that is reads the same in a file and here', () => {
  const bytes = [
    ...Buffer.from('warning: unknown[192.0.2.1]: SASL PLAIN authentication failed: x, sasl_username=ad'),
    255,
  ];
  assert.equal(read([{ ...FIELDS, MESSAGE: bytes }])[0]?.login, 'ad�');
  const login = 'пользователь@example.org';
  const MESSAGE = `warning: unknown[192.0.2.1]: SASL PLAIN authentication failed: x, sasl_username=${login}`;
  assert.equal(read([{ ...FIELDS, MESSAGE }])[0]?.login, login);
});

test('a message that was too long for journalctl is null, and gives nothing', () => {
  assert.equal(parse({ ...FIELDS, MESSAGE: null })?.message, '');
  assert.deepEqual(read([{ ...FIELDS, MESSAGE: null }]), []);
});

test('a local user cannot log as a mail server, whatever identifier he takes', () => {
  for (const uid of ['1000', '65534', 1000])
    assert.equal(parse({ ...FIELDS, _UID: uid, _SYSTEMD_UNIT: 'user@1000.service' }), null);
  assert.ok(parse({ ...FIELDS, _UID: '0' }) !== null);
  assert.ok(parse({ ...FIELDS, _UID: '999' }) !== null);
  assert.ok(parse({ ...FIELDS, _UID: '1000', _SYSTEMD_UNIT: 'postfix@-.service' }) !== null, 'the unit is trusted');
});

test('what is no entry gives nothing and does not stop the others', () => {
  const lines = ['', '{', 'null', '[]', '7', '"text"', '{}', '{"SYSLOG_IDENTIFIER":"x"}', JSON.stringify(FIELDS)];
  const seen: Sighting[] = [];
  const matcher = new Matcher({ ...options, trust: TRUST });
  matcher.readJournal(Buffer.from(lines.map((line) => `${line}\n`).join('')), (sighting) => seen.push(sighting));
  assert.deepEqual(
    seen.map(({ line, ip, text }) => [line, ip, text]),
    [[9, '192.0.2.144', `2026-11-22T08:48:51.361Z postfix/smtpd[383]: ${MESSAGE}`]],
  );
});

test('no values of the fields make it fail', () => {
  const value = fc.oneof(
    fc.constantFrom('postfix/smtpd', MESSAGE, '1795337331362000', '1e300', '-5', 'NaN', null, 9e18, 1e30),
    fc.array(fc.oneof(fc.integer(), fc.constant(null), fc.constant('x')), { maxLength: 3 }),
    fc.jsonValue(),
  );
  const matcher = new Matcher({ ...options, trust: TRUST });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...Object.keys(FIELDS)), value), { maxLength: 4, size: 'max' }),
      (changes) => {
        for (const { time } of read([{ ...FIELDS, ...Object.fromEntries(changes) }], matcher))
          assert.ok(Number.isInteger(time));
      },
    ),
    { numRuns: 5_000 },
  );
});
