/** Heads of lines of text: program, process and message in every format, and lines that are none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Entry, parseLine } from '../../src/filter/header.ts';
import { StampReader } from '../../src/filter/stamp.ts';
import { NOON, options, sightings } from './reading.ts';

const TIME = Date.UTC(2026, 10, 22, 8, 47, 25);

function parse(line: string): Entry | null {
  return parseLine(line, new StampReader(options.localTime, () => NOON));
}

/** `program|pid|message`, or null. */
function parts(line: string): string | null {
  const entry = parse(line);
  return entry === null ? null : `${entry.program}|${entry.pid}|${entry.message}`;
}

test('each format gives program, process and message', () => {
  const table: readonly (readonly [line: string, parts: string])[] = [
    ['Nov 22 08:47:25 mx1 postfix/smtpd[377]: connect from x', 'postfix/smtpd|377|connect from x'],
    ['<22>Nov 22 08:47:25 mx1 postfix/smtpd[377]: connect', 'postfix/smtpd|377|connect'],
    ['<6>Nov 22 08:47:25 mx1 dovecot: imap-login: Login', 'dovecot||imap-login: Login'],
    ['2026-11-22T08:47:25.498659+00:00 mx1 dovecot: auth: x', 'dovecot||auth: x'],
    ['2026-11-22T08:47:25+00:00 mx1 auth: pam_unix(dovecot:auth): x', 'auth||pam_unix(dovecot:auth): x'],
    ['Nov 22 08:47:25 postfix/smtpd[377]: no host', 'postfix/smtpd|377|no host'],
    ['Nov 22 08:47:25 imap-login: Info: Login: x', 'dovecot||imap-login: Login: x'],
    [
      'Nov 22 08:47:25 auth-worker(385): Info: conn unix:auth-worker (pid=383,uid=101): x',
      'dovecot||auth-worker(385): conn unix:auth-worker (pid=383,uid=101): x',
    ],
    [
      'Nov 22 08:47:25 auth(bob,192.0.2.1,sasl:plain)<abc>: Info: deny: unknown user',
      'dovecot||auth(bob,192.0.2.1,sasl:plain)<abc>: deny: unknown user',
    ],
    ['<22>1 2026-11-22T08:47:25.498Z mx1 postfix 377 - - connect from x', 'postfix|377|connect from x'],
    ['<22>1 2026-11-22T08:47:25Z mx1 dovecot - - - auth: x', 'dovecot||auth: x'],
    [String.raw`<22>1 2026-11-22T08:47:25Z mx1 postfix 377 ID [a x="]\"]"][b c="d"] connect`, 'postfix|377|connect'],
    ['<22>1 2026-11-22T08:47:25Z mx1 postfix 377 - - \xef\xbb\xbfconnect', 'postfix|377|connect'],
  ];
  for (const [line, expected] of table) {
    assert.equal(parts(line), expected);
    assert.equal(Math.floor((parse(line)?.time ?? 0) / 1000) * 1000, TIME, line);
  }
});

test('what rsyslog folds together stands for so many', () => {
  const entry = parse(
    'Nov 22 08:47:25 mx1 dovecot: message repeated 2 times: [ auth: passwd-file(x]y,1): unknown user]',
  );
  assert.deepEqual([entry?.times, entry?.message], [2, 'auth: passwd-file(x]y,1): unknown user']);
  assert.equal(parse('Nov 22 08:47:25 mx1 dovecot: message repeated 2 times: nonsense')?.times, 1);
  assert.equal(parse('Nov 22 08:47:25 mx1 dovecot: message repeated 999999999 times: [ x]')?.times, 100_000);
});

test('a line without time, program or message is none', () => {
  const lines = [
    ...['', ' ', 'Nov 22 08:47:25', 'Nov 22 08:47:25 ', 'Nov 22 08:47:25 mx1', 'Nov 22 08:47:25 mx1 ', 'x'],
    ...['Nov 22 08:47:25 mx1 no program here', 'Nov 22 08:47:25 mx1 two words[3]: x', 'Nov 22 08:47:25 mx1 : x'],
    ...['Nov 22 08:47:25 mx1 postfix/smtpd[3 77]: x', 'Nov 22 08:47:25 mx1 postfix/smtpd[377] : x'],
    ...['Nov 22 08:47:25 mx1 postfix/smtpd[377: x', '<22', '<99999>Nov 22 08:47:25 mx1 a: x', '<22>1 nonsense'],
    ...[
      '<22>1 2026-11-22T08:47:25Z mx1 postfix',
      '<22>1 2026-11-22T08:47:25Z mx1 postfix 1 - [open x',
      '<22>1 - - - - - -',
    ],
    ...['2026-11-22T08:47:25Zmx1 a: x', 'Nov 22 08:47:25mx1 a: x'],
  ];
  for (const line of lines) assert.equal(parts(line), null, line);
});

test("a user name in Dovecot's own log does not pass for host and program", () => {
  const forged = 'imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<v>, rip=203.0.113.77, x';
  for (const line of [
    `Nov 22 08:47:25 auth(a dovecot: ${forged},198.51.100.1,sasl:plain): Info: passwd-file: unknown user`,
    `Nov 22 08:47:25 imap(a dovecot: ${forged})<12><abc>: Info: Disconnected`,
    `Nov 22 08:47:25 lmtp(a mx1 dovecot[2]: ${forged}): Info: x`,
  ]) {
    assert.equal(parts(line), null, line);
  }
});

test('a carriage return at the end, NUL bytes in front and a missing process id do no harm', () => {
  const line = 'mx1 postfix/smtpd[383]: timeout after CONNECT from unknown[192.0.2.144]';
  for (const text of [
    `Nov 22 08:47:25 ${line}\r\n`,
    `${'\0'.repeat(5000)}Nov 22 08:47:25 ${line}\n`,
    `Nov 22 08:47:25 ${line.replace('[383]', '')}\n`,
    `<22>1 2026-11-22T08:47:25Z mx1 postfix - - - timeout after CONNECT from unknown[192.0.2.144]\r\n`,
  ]) {
    const [seen] = sightings(Buffer.from(`noise\n\n${text}`, 'latin1'));
    assert.equal(seen?.ip, '192.0.2.144', text);
    assert.equal(seen?.line, 3);
  }
});

test('no text makes it fail', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '<22>',
      '<22>1 ',
      'Nov 22 08:47:25 ',
      '2026-11-22T08:47:25Z ',
      'mx1 ',
      'dovecot',
      '[12]',
      ': ',
      'Info: ',
    ),
    fc.constantFrom('[a b="', '"] ', '- ', 'message repeated 3 times: [ ', ']', '\\', '\0', '(', ')', '<', '>'),
    fc.string({ maxLength: 4 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12, size: 'max' }), (pieces) => {
      const entry = parse(pieces.join(''));
      if (entry === null) return;
      assert.ok(Number.isInteger(entry.time) && entry.times >= 0 && typeof entry.message === 'string');
      assert.ok(entry.program !== '' && !entry.program.includes(' '));
    }),
    { numRuns: 20_000 },
  );
});
