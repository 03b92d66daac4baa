/** What Dovecot reports over HTTP and what logs tell of the same logins is one stream: each login is one event. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Address } from '../../src/core/ip.ts';
import { reportSighting } from '../../src/daemon/reported.ts';
import { type Joined, Joiner } from '../../src/filter/join.ts';
import type { LoginReport } from '../../src/gate/types.ts';
import { file, NOON, options, sightings } from './reading.ts';

const IP = '192.0.2.180' as Address;
const SESSION = 'naY+j9lgI6vAAAK0';
const ALICE = 'alice@example.org';

/** Something that is told, so many seconds after noon. */
type Told = (joiner: Joiner, emit: (joined: Joined) => void) => void;

function reported(second: number, own: Partial<Pick<LoginReport, 'session' | 'outcome'>> = {}): Told {
  const { session = SESSION, outcome = 'failure' } = own;
  const report = { reporter: 'dovecot-auth-policy', outcome, ip: IP, login: ALICE, session, password: '0544' };
  return (joiner, emit) => joiner.report(reportSighting(report, NOON + second * 1_000), emit);
}

function logged(second: number, message: string): Told {
  const stamp = new Date(NOON + second * 1_000).toISOString();
  return (joiner, emit) => {
    for (const sighting of sightings(file([`${stamp} mx1 ${message}`]), options)) joiner.see(sighting, emit);
  };
}

const mismatch = (session: string): string =>
  `dovecot: auth: passwd-file(${ALICE},${IP}${session}): Password mismatch (SHA1 of given password: 7c4a8d)`;
const imapFailed = (attempts: number): string =>
  `dovecot: imap-login: Disconnected: Aborted login by logging out (auth failed, ${attempts} attempts in 9 secs): user=<${ALICE}>, method=PLAIN, rip=${IP}, lip=203.0.113.10, TLS, session=<${SESSION}>`;
const imapLogin = `dovecot: imap-login: Login: user=<${ALICE}>, method=PLAIN, rip=${IP}, lip=203.0.113.10, mpid=416, TLS, session=<${SESSION}>`;
const smtpFailed = `postfix/submission/smtpd[380]: warning: unknown[${IP}]: SASL LOGIN authentication failed: (reason unavailable), sasl_username=${ALICE}`;

/** The events, each with how many things had been told when it came out; `end` for those that came at last. */
function events(...told: readonly Told[]): string[] {
  const joiner = new Joiner();
  const found: string[] = [];
  let when = '';
  const emit = ({ event }: Joined): void =>
    void found.push(`${when} ${event.kind} ${event.login ?? '-'} ${event.password ?? '-'}`);
  for (const [index, tell] of told.entries()) {
    when = String(index + 1);
    tell(joiner, emit);
  }
  when = 'end';
  joiner.tick(NOON + 3_600_000, emit);
  joiner.flush(emit);
  return found;
}

test('a reported failure counts at once, and what the logs tell of it later does not', () => {
  assert.deepEqual(events(reported(0), logged(0, mismatch(`,<${SESSION}>`)), logged(9, imapFailed(1))), [
    `1 authentication ${ALICE} 0544`,
  ]);
  assert.deepEqual(events(reported(0, { session: null }), logged(0, mismatch('')), logged(2, smtpFailed)), [
    `1 authentication ${ALICE} 0544`,
  ]);
});

test('the log of the auth process may come first', () => {
  assert.deepEqual(events(logged(0, mismatch(`,<${SESSION}>`)), reported(0), logged(9, imapFailed(1))), [
    `2 authentication ${ALICE} 0544`,
  ]);
});

test('so may the line of the server', () => {
  assert.deepEqual(events(logged(0, smtpFailed), reported(0, { session: null })), [`1 authentication ${ALICE} -`]);
  assert.deepEqual(events(logged(0, imapFailed(1)), reported(0)), [`1 authentication ${ALICE} -`]);
});

test('each of several failures on one connection counts once', () => {
  const attempts = [0, 3, 6].flatMap((second) => [reported(second), logged(second, mismatch(`,<${SESSION}>`))]);
  assert.deepEqual(
    events(...attempts, logged(9, imapFailed(3))).map((event) => event.split(' ')[0]),
    ['1', '3', '5'],
  );
  const smtp = [0, 3, 6].flatMap((second) => [reported(second, { session: null }), logged(second + 2, smtpFailed)]);
  assert.equal(events(...smtp).length, 3);
});

test('what was not reported, because nobody answered then, counts by the log', () => {
  assert.equal(events(reported(0), logged(9, imapFailed(3))).length, 3);
});

test('failures on two connections at once are two', () => {
  assert.equal(events(reported(0), reported(0, { session: null }), logged(2, smtpFailed)).length, 2);
  assert.equal(events(reported(0), reported(0, { session: 'another' }), logged(9, imapFailed(1))).length, 2);
});

test('what we refused counts for nobody, wherever it comes back, and a real failure beside it does', () => {
  const refused = reported(0, { outcome: 'refused' });
  assert.deepEqual(events(refused, logged(9, imapFailed(1))), []);
  assert.deepEqual(events(reported(0), refused, refused, logged(9, imapFailed(3))), [`1 authentication ${ALICE} 0544`]);
  const smtp = reported(0, { outcome: 'refused', session: null });
  assert.deepEqual(events(smtp, smtp, logged(1, smtpFailed), logged(2, smtpFailed)), []);
  const failed = reported(5, { session: null });
  assert.deepEqual(events(smtp, failed, logged(6, smtpFailed)), [`2 authentication ${ALICE} 0544`]);
});

test('a good login counts once, and takes with it what the first of two databases said of it', () => {
  const success = reported(0, { outcome: 'success' });
  assert.deepEqual(events(success, logged(0, imapLogin)), [`1 success ${ALICE} -`]);
  assert.deepEqual(events(logged(0, mismatch(`,<${SESSION}>`)), success, logged(0, imapLogin)), [
    `2 success ${ALICE} -`,
  ]);
  assert.deepEqual(events(success, logged(0, mismatch(`,<${SESSION}>`)), logged(0, imapLogin)), [
    `1 success ${ALICE} -`,
  ]);
  assert.equal(events(success, success, logged(0, imapLogin), logged(40, imapLogin)).length, 3);
});

test('a crash between the report and the line of the server makes no second event', () => {
  const before = new Joiner();
  const found: Joined[] = [];
  reported(0)(before, (joined) => void found.push(joined));
  const stored = new Map<string, string>();
  for (const [key, value] of before.takeChanged()) if (value !== null) stored.set(key, value);
  const next = new Joiner();
  next.load(stored);
  logged(9, imapFailed(1))(next, (joined) => void found.push(joined));
  next.flush((joined) => void found.push(joined));
  assert.equal(found.length, 1);
});

test('the hash of a password that the auth process logs is that of the event', () => {
  assert.deepEqual(events(logged(0, mismatch(`,<${SESSION}>`)), logged(9, imapFailed(1))), [
    `2 authentication ${ALICE} 7c4a8d`,
  ]);
  assert.deepEqual(events(logged(0, mismatch(`,<${SESSION}>`))), [`end authentication ${ALICE} 7c4a8d`]);
});

test('a password that Dovecot logs as it is stays out of the evidence', () => {
  for (const password of ['wonderland', 'wro)ng x', 'a)(b', 'ends in )', 'x'.repeat(100)]) {
    const line = mismatch('').replace(/SHA1.*$/, `given password: ${password})`);
    const [seen] = sightings(file([`2026-11-22T12:00:00Z mx1 ${line}`]));
    assert.deepEqual([seen?.ip, seen?.login, seen?.password], [IP, ALICE, null]);
    assert.match(seen?.text ?? '', /\(given password: \*\*\*\)$/);
  }
  const long = mismatch('').replace('7c4a8d', 'f'.repeat(65));
  assert.deepEqual(sightings(file([`2026-11-22T12:00:00Z mx1 ${long}`])), []);
});

test('evidence of a report shows the login with escapes', () => {
  const { text } = reportSighting(
    { reporter: 'r', outcome: 'failure', ip: IP, login: 'a"\n\x1b[2J', session: null, password: null },
    NOON,
  );
  assert.equal(text, `2026-11-22T12:00:00.000Z r: failed login of "a\\"\\n\\u001b[2J" from ${IP}`);
});
