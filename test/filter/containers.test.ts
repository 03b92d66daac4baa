/** Logs as container runtimes write them: Docker's JSON files, CRI, and the journal; what they cut is no line. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { localTimeIn } from '../../src/clock.ts';
import type { Joined } from '../../src/filter/join.ts';
import { LogReader } from '../../src/filter/reader.ts';
import { file, options } from './reading.ts';

const DOCKER_TIME = '2026-11-22T08:47:25.123456789Z';

/** A failed login, without its stamp. */
function failure(ip: string, login = 'alice'): string {
  return `mail postfix/smtpd[377]: warning: unknown[${ip}]: SASL LOGIN authentication failed: authentication failure, sasl_username=${login}`;
}

/** As Docker's json-file driver writes it, which escapes these characters for HTML. */
function docker(log: string, { stream = 'stdout', time = DOCKER_TIME, attrs = {} } = {}): string {
  const more = Object.keys(attrs).length === 0 ? {} : { attrs };
  return JSON.stringify({ log, stream, ...more, time }).replace(
    /[<>&]/g,
    (one) => `\\u00${one.charCodeAt(0).toString(16)}`,
  );
}

function read(lines: readonly string[], zone = 'Asia/Kolkata'): Joined[] {
  const found: Joined[] = [];
  const reader = new LogReader({ ...options, localTime: localTimeIn(zone) });
  reader.read(file(lines), (joined) => found.push(joined));
  reader.flush((joined) => found.push(joined));
  assert.equal(reader.lines, lines.length);
  return found;
}

function told(lines: readonly string[]): string[] {
  return read(lines).map(({ event }) => `${event.ip} ${event.login} ${new Date(event.time).toISOString()}`);
}

const RIGHT = ['192.0.2.9 alice 2026-11-22T08:47:25.123Z'];

test("a line in Docker's JSON is read with Docker's time, for that of the container may be of any zone", () => {
  assert.deepEqual(told([docker(`Nov 22 11:11:11 ${failure('192.0.2.9')}\n`)]), RIGHT);
  assert.deepEqual(told([docker(`2026-11-22 11:11:11 ${failure('192.0.2.9')}\n`)]), RIGHT);
  assert.deepEqual(told([docker(`Nov 22 11:11:11 ${failure('192.0.2.9')}\n`, { attrs: { tag: 'mail' } })]), RIGHT);
  assert.deepEqual(told([docker(`${failure('192.0.2.9').slice('mail '.length)}\r\n`)]), RIGHT);
});

test('a stamp with a zone is better than the time at which the runtime got the line', () => {
  assert.deepEqual(told([docker(`2026-11-22T08:47:20.5+00:00 ${failure('192.0.2.9')}\n`)]), [
    '192.0.2.9 alice 2026-11-22T08:47:20.500Z',
  ]);
});

test('logins come through the JSON as they are', () => {
  const line = `Nov 22 08:47:25 mail dovecot: imap-login: Disconnected: Aborted login by logging out (auth failed, 1 attempts in 2 secs): user=<"jürgen"&\\>, method=PLAIN, rip=192.0.2.9, lip=192.0.2.1, session=<abc>`;
  assert.deepEqual(told([docker(`${line}\n`)]), ['192.0.2.9 "jürgen"&\\ 2026-11-22T08:47:25.123Z']);
});

test("Dovecot's own format is understood in a container, too", () => {
  const line =
    'Nov 22 11:11:11 imap-login: Info: Disconnected: Aborted login by logging out (auth failed, 1 attempts in 2 secs): user=<alice>, method=PLAIN, rip=192.0.2.9, lip=192.0.2.1, session=<abc>';
  assert.deepEqual(told([docker(`${line}\n`)]), RIGHT);
});

test('CRI lines are read with the time in front', () => {
  const line = failure('192.0.2.9');
  for (const head of ['2026-11-22T08:47:25.123456789+00:00 stdout F ', '2026-11-22T09:47:25.123+01:00 stderr F '])
    assert.deepEqual(told([`${head}Nov 22 11:11:11 ${line}`]), RIGHT);
});

const FORGED = `Nov 22 08:47:25 ${failure('203.0.113.77', 'forged')}`;
const LONG = `Nov 22 08:47:25 mail nginx: GET /${'x'.repeat(16_000)}`;

test('the rest of a line that Docker has cut is no line: a client decides what it begins with', () => {
  const lines = [
    docker(LONG),
    docker(FORGED),
    docker(`Nov 22 11:11:11 ${failure('192.0.2.9')}\n`, { stream: 'stderr' }),
    docker(`${FORGED}\n`),
    docker(`Nov 22 11:11:11 ${failure('192.0.2.10')}\n`),
  ];
  assert.deepEqual(
    told(lines).map((one) => one.split(' ')[0]),
    ['192.0.2.9', '192.0.2.10'],
  );
});

test('nor is the rest of one that was longer than a line may be, and lost its end', () => {
  const cut = docker(LONG).slice(0, 15_990);
  for (const end of ['', '\\', '\\u', '\\u00', '\\u003']) {
    const lines = [cut + end, docker(`${FORGED}\n`), docker(`Nov 22 11:11:11 ${failure('192.0.2.10')}\n`)];
    assert.deepEqual(
      told(lines).map((one) => one.split(' ')[0]),
      ['192.0.2.10'],
      end,
    );
  }
});

test('nor is the rest of a CRI line', () => {
  const head = '2026-11-22T08:47:25.123456789+00:00 stdout';
  const lines = [
    `${head} P ${LONG}`,
    `${head} P ${FORGED}`,
    `${head} F ${FORGED}`,
    `${head} F ${failure('192.0.2.9')}`,
  ];
  assert.deepEqual(
    told(lines).map((one) => one.split(' ')[0]),
    ['192.0.2.9'],
  );
});

test('a rest is known as such when it comes with the next block', () => {
  const found: Joined[] = [];
  const reader = new LogReader(options);
  for (const line of [docker(LONG), docker(`${FORGED}\n`), docker(`Nov 22 08:47:25 ${failure('192.0.2.9')}\n`)])
    reader.read(file([line]), (joined) => found.push(joined));
  reader.flush((joined) => found.push(joined));
  assert.deepEqual(
    found.map(({ event }) => event.ip),
    ['192.0.2.9'],
  );
});

test('what is inside a line cannot become a line of its own', () => {
  assert.deepEqual(told([docker(`hello\n${FORGED}\n`), docker(`hello ${docker(`${FORGED}\n`)}\n`)]), []);
});

test('broken JSON, other JSON and nothing at all are stepped over', () => {
  const good = docker(`Nov 22 08:47:25 ${failure('192.0.2.9')}\n`);
  for (const odd of ['{"log":7,"stream":"stdout","time":"x"}', '', '{}', 'null', '[', '{"log', '\0\0\0'])
    assert.deepEqual(told([good, odd, good]).length, 2, odd);
  assert.deepEqual(told(['{"reqId":"x","time":"2026-11-22T08:47:25+00:00","message":"hello"}']), []);
});

/** An entry as Docker's journald driver makes it. */
function entry(message: string, more: Record<string, string> = {}): string {
  return JSON.stringify({
    __CURSOR: 's=1',
    __REALTIME_TIMESTAMP: '1795337245123456',
    SYSLOG_IDENTIFIER: '0123456789ab',
    CONTAINER_ID: '0123456789ab',
    CONTAINER_NAME: 'mailcow-postfix-mailcow-1',
    CONTAINER_TAG: '0123456789ab',
    IMAGE_NAME: 'mailcow/postfix',
    PRIORITY: '6',
    _UID: '0',
    _PID: '777',
    _SYSTEMD_UNIT: 'docker.service',
    MESSAGE: message,
    ...more,
  });
}

test('the message of a container in the journal is a line, with a program of its own', () => {
  assert.deepEqual(told([entry(`Nov 22 11:11:11 ${failure('192.0.2.9')}`)]), RIGHT);
  assert.deepEqual(told([entry(failure('192.0.2.9').slice('mail '.length))]), RIGHT);
});

test('entries of containers and of services stand in one journal', () => {
  const service = JSON.stringify({
    __REALTIME_TIMESTAMP: '1795337245123456',
    SYSLOG_IDENTIFIER: 'postfix/smtpd',
    _UID: '0',
    MESSAGE: failure('192.0.2.10').split(': ').slice(1).join(': '),
  });
  assert.deepEqual(
    told([service, entry(`Nov 22 11:11:11 ${failure('192.0.2.9')}`), service]).map((one) => one.split(' ')[0]),
    ['192.0.2.10', '192.0.2.9', '192.0.2.10'],
  );
});

test('a local user cannot pass for a container', () => {
  assert.deepEqual(told([entry(FORGED, { _UID: '1000', _SYSTEMD_UNIT: 'user@1000.service' })]), []);
});

test('the rest of a line that was cut on its way to the journal is no line', () => {
  const parts = [
    [
      entry(LONG, { CONTAINER_PARTIAL_MESSAGE: 'true', CONTAINER_PARTIAL_ORDINAL: '1' }),
      entry(FORGED, { CONTAINER_PARTIAL_ORDINAL: '2', CONTAINER_PARTIAL_LAST: 'true' }),
    ],
    [entry(LONG, { CONTAINER_PARTIAL_MESSAGE: 'true' }), entry(FORGED)],
  ];
  for (const lines of parts) {
    assert.deepEqual(
      told([...lines, entry(`Nov 22 11:11:11 ${failure('192.0.2.9')}`)]).map((one) => one.split(' ')[0]),
      ['192.0.2.9'],
    );
  }
});
