/** Joining in cases that the logs at hand do not show; what they show stands as stories in the filter files. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Joined, Joiner } from '../../src/filter/join.ts';
import { LogReader } from '../../src/filter/reader.ts';
import { events, file, fixture, options, tell } from './reading.ts';

const DAY = '2026-11-22';
const START = Date.UTC(2026, 10, 22, 9);

/** A line at so many seconds after nine o'clock. */
function at(seconds: number, rest: string, host = 'mx1'): string {
  return `${DAY}T${new Date(START + seconds * 1000).toISOString().slice(11)} ${host} ${rest}`;
}

function told(lines: readonly string[], joiner?: Joiner): string[] {
  return events([file(lines)], joiner).map(tell);
}

const CLIENT = 'unknown[192.0.2.9]';
const failed = (login: string): string =>
  `warning: ${CLIENT}: SASL LOGIN authentication failed: (reason unavailable), sasl_username=${login}`;
const pam = (login: string): string =>
  `auth: pam_unix(dovecot:auth): authentication failure; logname= uid=0 euid=0 tty=dovecot ruser=${login} rhost=192.0.2.9 `;
const imap = (attempts: number, seconds: number, login: string): string =>
  `dovecot: imap-login: Disconnected: Aborted login by logging out (auth failed, ${attempts} attempts in ${seconds} secs): ` +
  `user=<${login}>, method=PLAIN, rip=192.0.2.9, lip=203.0.113.10, TLS, session=<abc>`;

test('the logs of PAM, Dovecot and Postfix may be read one after the other in any order', () => {
  const [pamLog, dovecot, postfix] = ['pam-auth.txt', 'pam-dovecot.txt', 'pam-postfix.txt'].map(fixture);
  assert.ok(pamLog && dovecot && postfix);
  const orders = [
    [pamLog, dovecot, postfix],
    [pamLog, postfix, dovecot],
    [dovecot, pamLog, postfix],
    [dovecot, postfix, pamLog],
    [postfix, pamLog, dovecot],
    [postfix, dovecot, pamLog],
  ];
  const [first = [], ...others] = orders.map((files) => events(files).map(tell).sort());
  assert.equal(first.filter((one) => one.startsWith('authentication')).length, 11);
  for (const other of others) assert.deepEqual(other, first);
});

test('three logins in one session that only PAM names count three times, whichever log is read first', () => {
  const pamLog = [at(0, pam('x1')), at(6, pam('x2')), at(16, pam('x3'))];
  const dovecot = [at(20, imap(3, 20, 'x3'))];
  for (const files of [
    [pamLog, dovecot],
    [dovecot, pamLog],
  ]) {
    const logins = events(files.map(file)).map(({ event }) => event.login);
    assert.equal(logins.length, 3);
    assert.equal(logins.at(-1), 'x3');
  }
  assert.deepEqual(
    told([...pamLog, ...dovecot]).sort(),
    ['x1', 'x2', 'x3'].map((login) => `authentication 192.0.2.9 ${login}`),
  );
});

test('what PAM alone tells of counts when the server has had its time, and not again when the server is late', () => {
  const joiner = new Joiner();
  const reader = new LogReader(options, joiner);
  const seen: string[] = [];
  const emit = (joined: Joined): void => void seen.push(tell(joined));
  reader.read(file([at(0, pam('alice'))]), emit);
  reader.tick(START + 29_000, emit);
  assert.deepEqual(seen, []);
  reader.tick(START + 31_000, emit);
  assert.deepEqual(seen, ['authentication 192.0.2.9 alice']);
  reader.read(file([at(60, imap(1, 60, 'alice'))]), emit);
  reader.flush(emit);
  assert.deepEqual(seen, ['authentication 192.0.2.9 alice']);
});

test('in one log the lines themselves tell that the time has passed', () => {
  const lines = [at(0, pam('alice')), at(31, `postfix/smtpd[7]: disconnect from unknown[192.0.2.1] commands=0/0`)];
  const joiner = new Joiner({ oneLog: true });
  const seen: string[] = [];
  new LogReader(options, joiner).read(file(lines), (joined) => seen.push(tell(joined)));
  assert.deepEqual(seen, ['authentication 192.0.2.9 alice']);
});

test('a line that syslog folded stands for several attempts, in every layer', () => {
  const twice = (line: string): string => line.replace(/^(\S+): (.*)$/, '$1: message repeated 2 times: [ $2]');
  assert.deepEqual(told([at(0, pam('bob')), at(5, twice(pam('bob')))]).length, 3);
  const both = [
    at(0, pam('bob')),
    at(2, `postfix/smtpd[7]: ${failed('bob')}`),
    at(5, twice(pam('bob'))),
    at(7, twice(`postfix/smtpd[7]: ${failed('bob')}`)),
    at(8, `postfix/smtpd[7]: disconnect from ${CLIENT} ehlo=1 auth=0/3 quit=1 commands=2/5`),
  ];
  assert.deepEqual(told(both), Array(3).fill('authentication 192.0.2.9 bob'));
});

test('a failed and then a good login in one IMAP session is one failure', () => {
  const auth = 'dovecot: auth: passwd-file(alice,192.0.2.9,<abc>)';
  const login =
    'dovecot: imap-login: Login: user=<alice>, method=PLAIN, rip=192.0.2.9, lip=203.0.113.10, mpid=4, TLS, session=<abc>';
  assert.deepEqual(told([at(0, `${auth}: Password mismatch`), at(6, login)]), [
    'authentication 192.0.2.9 alice',
    'success 192.0.2.9 alice',
  ]);
  assert.deepEqual(told([at(0, `${auth}: unknown user`), at(0.01, login)]), ['success 192.0.2.9 alice']);
  assert.deepEqual(
    told([at(0, `${auth}: Password mismatch`), at(0.01, login)]),
    ['success 192.0.2.9 alice'],
    'a second database knew it',
  );
});

test('a database that cannot be asked excuses one failure of that client and login, and no other', () => {
  const outage = 'dovecot: auth: Error: sql(alice,192.0.2.9): Password query failed: Not connected to database';
  const lines = [
    at(0, outage),
    at(2, `postfix/smtpd[7]: ${failed('alice')}`),
    at(9, `postfix/smtpd[7]: ${failed('alice')}`),
    at(10, `postfix/smtpd[7]: disconnect from ${CLIENT} ehlo=1 auth=0/2 quit=1 commands=2/4`),
  ];
  assert.deepEqual(told(lines), ['authentication 192.0.2.9 alice']);
});

test('a login name with brackets does not make an outage of its own failure', () => {
  for (const name of [
    'a,192.0.2.9): Password query failed',
    'a,192.0.2.9): Password query failed: x (',
    'a,192.0.2.9): Aborting',
  ]) {
    const lines = [
      at(0, `dovecot: auth: sql(${name},192.0.2.9,<abc>): unknown user`),
      at(0, `dovecot: auth: ldap(${name},192.0.2.9): Password mismatch (given password: x)`),
      at(2, imap(1, 2, name)),
    ];
    assert.equal(told(lines).length, 1, name);
  }
});

test('a process that serves another client without a word about the end of the first has a new connection', () => {
  const reject = (client: string): string =>
    `postfix/smtpd[7]: NOQUEUE: reject: RCPT from unknown[${client}]: 550 5.1.1 <x@example.org>: Recipient address rejected: User unknown; from=<> to=<x@example.org> proto=SMTP helo=<x>`;
  const lines = [
    at(0, reject('192.0.2.1')),
    at(1, reject('192.0.2.2')),
    at(1, 'postfix/smtpd[7]: disconnect from unknown[192.0.2.2] helo=1 auth=1 mail=1 rcpt=0/1 commands=4/5'),
  ];
  assert.deepEqual(told(lines), ['invalid-rcpt 192.0.2.1 -']);
});

test('held lines count when the connection has been silent, or has made too many of them', () => {
  const reject = `postfix/smtpd[7]: NOQUEUE: reject: RCPT from ${CLIENT}: 554 5.7.1 <x@example.net>: Relay access denied; from=<> to=<x@example.net> proto=SMTP helo=<x>`;
  const seen: string[] = [];
  const reader = new LogReader(options, new Joiner());
  const emit = (joined: Joined): void => void seen.push(tell(joined));
  reader.read(file([at(0, reject)]), emit);
  reader.tick(START + 309_000, emit);
  assert.equal(seen.length, 0);
  reader.tick(START + 310_500, emit);
  assert.equal(seen.length, 1);
  reader.read(file(Array.from({ length: 21 }, () => at(6, reject))), emit);
  assert.equal(seen.length, 22);
  reader.read(file([at(6, reject)]), emit);
  assert.equal(seen.length, 23, 'from there on nothing is held');
});

test('a user who takes a while over a mistyped recipient is no attacker', () => {
  const reject = `postfix/smtpd[7]: NOQUEUE: reject: RCPT from ${CLIENT}: 550 5.1.1 <typo@example.org>: Recipient address rejected: User unknown in virtual mailbox table; from=<alice@example.org> to=<typo@example.org> proto=ESMTP helo=<x>`;
  const end = (auth: string): string =>
    at(250, `postfix/smtpd[7]: disconnect from ${CLIENT} ehlo=1${auth} mail=1 rcpt=0/1 quit=1 commands=4/5`);
  assert.deepEqual(
    told([at(0, reject), at(200, 'postfix/smtpd[9]: connect from unknown[192.0.2.3]'), end(' auth=1')]),
    [],
  );
  assert.deepEqual(told([at(0, reject), end('')]), ['invalid-rcpt 192.0.2.9 -']);
});

test('equal process ids of two hosts in one log are two connections', () => {
  const lines = ['mx1', 'mx2'].flatMap((host) => [
    at(0, `postfix/smtpd[7]: connect from ${CLIENT}`, host),
    at(1, `postfix/smtpd[7]: warning: ${CLIENT}: SASL LOGIN authentication failed: , sasl_username=alice`, host),
  ]);
  const ends = ['mx1', 'mx2'].map((host) =>
    at(2, `postfix/smtpd[7]: disconnect from ${CLIENT} ehlo=1 auth=0/1 commands=1/2`, host),
  );
  assert.deepEqual(told([...lines, ...ends]), Array(2).fill('authentication 192.0.2.9 alice'));
});

test('a line from the future holds nothing up', () => {
  const seen: string[] = [];
  const reader = new LogReader(options, new Joiner());
  const emit = (joined: Joined): void => void seen.push(tell(joined));
  const reject = `postfix/smtpd[7]: NOQUEUE: reject: RCPT from ${CLIENT}: 554 5.7.1 <x@example.net>: Relay access denied; from=<> to=<x@example.net> proto=SMTP helo=<x>`;
  reader.read(
    file(['2036-01-01T00:00:00Z mx1 postfix/smtpd[8]: disconnect from unknown[192.0.2.1] commands=0/0']),
    emit,
  );
  reader.read(file([at(0, reject), at(1, pam('alice'))]), emit);
  for (let seconds = 1; seconds < 320; seconds++) reader.tick(START + seconds * 1000, emit);
  assert.deepEqual(seen.sort(), ['authentication 192.0.2.9 alice', 'invalid-rcpt 192.0.2.9 -']);
});

test('the numbers at the end count what no line told of, once', () => {
  const end = `postfix/smtpd[7]: disconnect from ${CLIENT} ehlo=1`;
  assert.deepEqual(told([at(0, `${end} auth=0/2 commands=1/3`)]), Array(2).fill('authentication 192.0.2.9 -'));
  const one = at(0, `postfix/smtpd[7]: ${failed('bob')}`);
  assert.deepEqual(told([one, at(1, `${end} auth=0/2 commands=1/3`)]), [
    'authentication 192.0.2.9 bob',
    'authentication 192.0.2.9 -',
  ]);
  assert.deepEqual(
    told([
      at(0, `postfix/smtpd[7]: warning: ${CLIENT}: SASL LOGIN authentication aborted`),
      at(1, `${end} auth=0/1 commands=1/2`),
    ]),
    ['loitering 192.0.2.9 -'],
  );
  assert.deepEqual(told([at(0, `${end} auth=2 commands=3`)]), []);
});

test('an event carries the time of what happened and the number of the line that completed it', () => {
  const lines = [at(0, pam('bob')), at(2, `postfix/smtpd[7]: ${failed('bob')}`)];
  const [joined] = events([file(lines)]);
  assert.deepEqual([joined?.line, joined?.event.time, joined?.event.text], [2, START + 2000, lines[1]]);
});

test('the oldest line that waits is known, and when nothing waits there is none', () => {
  const joiner = new Joiner();
  const reader = new LogReader(options, joiner);
  const emit = (): void => {};
  reader.read(file(['noise', at(0, pam('bob')), at(1, pam('alice'))]), emit);
  assert.equal(joiner.oldestWaitingLine(), 2);
  reader.read(file([at(2, `postfix/smtpd[7]: ${failed('bob')}`)]), emit);
  assert.equal(joiner.oldestWaitingLine(), 3);
  reader.flush(emit);
  assert.equal(joiner.oldestWaitingLine(), Number.POSITIVE_INFINITY);
});
