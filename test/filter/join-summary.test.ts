/** The end of a session that does not say how many logins failed on it: what the layers behind the server told of counts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Joiner } from '../../src/filter/join.ts';
import { LogReader } from '../../src/filter/reader.ts';
import { events, file, options, tell } from './reading.ts';

const START = Date.UTC(2026, 10, 22, 9);
const IP = '192.0.2.9';

/** A line of Dovecot's own log at so many seconds after nine o'clock. */
function at(seconds: number, rest: string): string {
  return `${new Date(START + seconds * 1000).toISOString()} mx1 dovecot: ${rest}`;
}

const unknown = (login: string, session = 'abc', ip = IP): string =>
  `auth: passwd-file(${login},${ip},<${session}>): unknown user`;
const mismatch = (login: string, session = 'abc'): string =>
  `auth: passwd-file(${login},${IP},<${session}>): Password mismatch`;
const outage = (login: string): string =>
  `auth: Error: sql(${login},${IP},<abc>): Password query failed: Not connected`;
const end = (login: string, reason = 'tried to use unsupported auth mechanism'): string =>
  `imap-login: Disconnected: Aborted login by logging out (${reason}): ` +
  `user=<${login}>, method="X>,RIP=203.0.113.77, rip=${IP}, lip=203.0.113.10, TLS, session=<abc>`;

function told(lines: readonly string[]): string[] {
  return events([file(lines)]).map(tell);
}

const failures = (...logins: readonly string[]): string[] => logins.map((login) => `authentication ${IP} ${login}`);

test('as many failures count as the auth process told of, each with its login', () => {
  for (const count of [1, 3, 12]) {
    const logins = Array.from({ length: count }, (_, index) => `u${index}`);
    for (const guess of [unknown, mismatch]) {
      const lines = logins.map((login, index) => at(4 * index, guess(login)));
      assert.deepEqual(told([...lines, at(4 * count, end(logins.at(-1) ?? ''))]), failures(...logins));
    }
  }
});

test('the same login guessed again and again counts again and again', () => {
  const lines = [0, 4, 8].map((seconds) => at(seconds, unknown('alice')));
  assert.deepEqual(told([...lines, at(10, end('alice'))]), failures('alice', 'alice', 'alice'));
});

test('a session of which nothing was told counts once, for the login of its last line', () => {
  for (const reason of ['tried to use unsupported auth mechanism', 'user disabled', 'sent invalid base64 in response'])
    assert.deepEqual(told([at(0, end('alice', reason))]), failures('alice'));
});

test('what two password databases say of one attempt counts once', () => {
  const lines = ['u1', 'u2'].flatMap((login, index) => [at(4 * index, unknown(login)), at(4 * index, unknown(login))]);
  assert.deepEqual(told([...lines, at(8, end('u2'))]), failures('u1', 'u2'));
});

test('other sessions and other addresses add nothing, and an attempt that the server could not judge counts for nobody', () => {
  const others = [at(0, unknown('x1', 'other')), at(1, unknown('x2', 'abc', '192.0.2.8'))];
  assert.deepEqual(told([...others, at(2, unknown('u1')), at(4, end('u1'))]), failures('u1'));
  assert.deepEqual(told([at(0, outage('u1')), at(4, unknown('u2')), at(8, end('u2'))]), failures('u2'));
});

test('who guesses over Postfix at the same time is counted there too', () => {
  const postfix = (seconds: number, rest: string): string =>
    at(seconds, '').replace('dovecot: ', `postfix/smtpd[7]: ${rest}`);
  const failed = `warning: unknown[${IP}]: SASL PLAIN authentication failed: (reason unavailable), sasl_username=alice`;
  const guess = `auth: passwd-file(alice,${IP}): Password mismatch`;
  const lines = [0, 2].flatMap((seconds) => [
    ...(seconds === 0 ? [mismatch('alice'), guess] : [guess, mismatch('alice')]).map((line) => at(seconds, line)),
    postfix(seconds + 2, failed),
  ]);
  assert.deepEqual(told([...lines, at(4, end('alice'))]), failures('alice', 'alice', 'alice', 'alice'));
});

test('what has counted because the end came late does not count again', () => {
  const seen: string[] = [];
  const joiner = new Joiner();
  const reader = new LogReader(options, joiner);
  const read = (...lines: readonly string[]): void => reader.read(file(lines), (joined) => seen.push(tell(joined)));
  read(at(0, mismatch('u1')), at(4, mismatch('u2')));
  for (let seconds = 1; seconds < 302; seconds++)
    reader.tick(START + seconds * 1000, (joined) => seen.push(tell(joined)));
  assert.deepEqual(seen, failures('u1'));
  read(at(302, end('u2')));
  reader.flush((joined) => seen.push(tell(joined)));
  assert.deepEqual(seen, failures('u1', 'u2'));
});

test('after a restart in the middle of the session nothing is missing', () => {
  const seen: string[] = [];
  const before = new Joiner();
  new LogReader(options, before).read(file([at(0, unknown('u1')), at(4, unknown('u2'))]), () => {});
  const stored = [...before.takeChanged()].flatMap(([key, state]): [string, string][] =>
    state === null ? [] : [[key, state]],
  );
  const after = new Joiner();
  after.load(new Map(stored));
  new LogReader(options, after).read(file([at(8, end('u2'))]), (joined) => seen.push(tell(joined)));
  assert.deepEqual(seen, failures('u1', 'u2'));
});
