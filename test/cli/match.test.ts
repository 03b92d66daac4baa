import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { temporaryFolder } from '../api/serving.ts';
import { start, tailban } from './tailban.ts';

interface Row {
  readonly file?: string;
  readonly line: number;
  readonly filter: string | null;
  readonly kind?: string;
  readonly ip?: string;
  readonly login?: string | null;
  readonly time?: string;
}

const QUIET = '2026-11-22T08:47:00.000000+00:00 mx1 postfix/qmgr[1]: 4XyZ: removed';

function failure(second: number, ip: string, login = 'alice'): string {
  const time = `2026-11-22T08:47:${String(second).padStart(2, '0')}.030000+00:00`;
  return `${time} mx1 postfix/smtpd[377]: warning: unknown[${ip}]: SASL LOGIN authentication failed: authentication failure, sasl_username=${login}`;
}

function rows(stdout: string): Row[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
}

async function match(input: string | Buffer, ...args: string[]): Promise<Row[]> {
  const { code, stdout, stderr } = await tailban(['match', ...args], { input });
  assert.deepEqual([code, stderr], [0, '']);
  return rows(stdout);
}

test('an event has exactly the fields of the contract, in their order', async () => {
  const { stdout } = await tailban(['match', '--json'], { input: failure(29, '192.0.2.1', 'a@b') });
  assert.equal(
    stdout,
    '{"line":1,"filter":"postfix","kind":"authentication","ip":"192.0.2.1","login":"a@b","time":"2026-11-22T08:47:29.030Z"}\n',
  );
});

test('the zone in which a log was written may be given', async () => {
  const line = failure(29, '192.0.2.1').replace(/^\S+/, 'Nov 22 09:47:29');
  const [berlin] = await match(line, '--timezone', 'Europe/Berlin');
  assert.equal(berlin?.time, '2026-11-22T08:47:29.000Z');
  const unknown = await tailban(['match', '--timezone', 'Europe/Brelin'], { input: line });
  assert.equal(unknown.code, 64);
  assert.match(unknown.stderr, /there is no such time zone/);
});

test('the logs of containers are read as they are', async () => {
  const log = `${failure(29, '192.0.2.1').replace(/^\S+/, 'Nov 22 11:11:11')}\n`;
  const docker = JSON.stringify({ log, stream: 'stdout', time: '2026-11-22T08:47:29.5Z' });
  const [found] = await match(docker);
  assert.deepEqual([found?.ip, found?.time], ['192.0.2.1', '2026-11-22T08:47:29.500Z']);
});

test('lines are counted whatever they hold, and the last one needs no newline', async () => {
  const long = `${QUIET} ${'x'.repeat(20_000)} ${failure(30, '192.0.2.2')}`;
  const input = Buffer.concat([
    Buffer.from(`${QUIET}\r\n\n\0\0\0\xff\xfe\n${failure(29, '192.0.2.1')}\r\n`, 'latin1'),
    Buffer.from(`${long}\n${failure(31, '192.0.2.3')}`),
  ]);
  const found = await match(input, '--filter', 'postfix');
  assert.deepEqual(
    found.map(({ line, ip }) => [line, ip]),
    [
      [4, '192.0.2.1'],
      [6, '192.0.2.3'],
    ],
  );
});

test('an empty input has no events', async () => {
  assert.deepEqual(await match(''), []);
  assert.deepEqual(await match('', '--all'), []);
});

test('with --all every line comes once or as often as it has events, in order', async () => {
  const lines = Array.from({ length: 30_000 }, (_, i) =>
    i % 7 === 3 ? failure(Math.floor(i / 600), `192.0.2.${i % 250}`) : QUIET,
  );
  const found = await match(lines.join('\n'), '--all', '--filter', 'postfix');
  assert.deepEqual(
    found.map(({ line }) => line),
    lines.map((_, i) => i + 1),
  );
  for (const { line, filter, ip } of found) {
    assert.equal(filter, line % 7 === 4 ? 'postfix' : null);
    if (filter !== null) assert.equal(ip, `192.0.2.${(line - 1) % 250}`);
  }
});

test('a line that waits for others is written in its place', async () => {
  // The refused recipient counts when its connection ends without a login: later, and yet it is line 2.
  const at = '2026-11-22T08:47';
  const input = [
    `${at}:01.000000+00:00 mx1 postfix/smtpd[9]: connect from unknown[192.0.2.50]`,
    `${at}:02.000000+00:00 mx1 postfix/smtpd[9]: NOQUEUE: reject: RCPT from unknown[192.0.2.50]: 550 5.1.1 <no@example.org>: Recipient address rejected: User unknown in local recipient table; from=<a@b.example> to=<no@example.org> proto=ESMTP helo=<x>`,
    failure(3, '192.0.2.1'),
    `${at}:04.000000+00:00 mx1 postfix/smtpd[9]: disconnect from unknown[192.0.2.50] ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4`,
  ].join('\n');
  const found = await match(input, '--all', '--filter', 'postfix');
  assert.deepEqual(
    found.map(({ line, ip = null }) => [line, ip]),
    [
      [1, null],
      [2, '192.0.2.50'],
      [3, '192.0.2.1'],
      [4, null],
    ],
  );
});

test('packed files are read by their content, in several parts too', async (t) => {
  const folder = await temporaryFolder(t);
  const packed = Buffer.concat([
    gzipSync(`${failure(1, '192.0.2.1')}\n${QUIET}`),
    gzipSync(`\n${failure(2, '192.0.2.2')}\n`),
  ]);
  await writeFile(join(folder, 'mail.log.2.gz'), packed);
  await writeFile(join(folder, 'packed-without-its-name'), packed);
  for (const file of ['mail.log.2.gz', 'packed-without-its-name']) {
    const found = await match('', join(folder, file));
    assert.deepEqual(
      found.map(({ line, ip }) => [line, ip]),
      [
        [1, '192.0.2.1'],
        [3, '192.0.2.2'],
      ],
    );
  }
  assert.equal((await match(packed)).length, 2);
});

test('of a packed file that ends too early the lines before are told, and the exit code is 65', async (t) => {
  const path = join(await temporaryFolder(t), 'cut.gz');
  const lines = Array.from({ length: 5_000 }, (_, i) => failure(i % 60, `10.0.${i >> 8}.${i & 255}`, `user${i}`));
  const packed = gzipSync(lines.join('\n'));
  await writeFile(path, packed.subarray(0, packed.length / 2));
  const { code, stdout, stderr } = await tailban(['match', path]);
  assert.equal(code, 65);
  assert.ok(rows(stdout).length > 1_000);
  assert.match(stderr, /^tailban: Cannot read .*cut\.gz: the packed data ends too early\n$/);
});

test('the journal is read as journalctl prints it, forged entries of a local user are not', async () => {
  const message = failure(29, '192.0.2.1').split('smtpd[377]: ')[1];
  const entry = {
    __REALTIME_TIMESTAMP: '1795337249030000',
    SYSLOG_IDENTIFIER: 'postfix/smtpd',
    _PID: '377',
    _UID: '0',
    MESSAGE: message,
  };
  const bytes = { ...entry, MESSAGE: [...Buffer.from(String(message))] };
  const forged = { ...entry, _UID: '1000' };
  const absurd = { ...entry, __REALTIME_TIMESTAMP: 'x' };
  const input = [entry, 'no journal', forged, absurd, bytes].map((one) => JSON.stringify(one)).join('\n');
  const found = await match(input, '--all');
  assert.deepEqual(
    found.map(({ line, ip = null, time = null }) => [line, ip, time]),
    [
      [1, '192.0.2.1', '2026-11-22T08:47:29.030Z'],
      [2, null, null],
      [3, null, null],
      [4, null, null],
      [5, '192.0.2.1', '2026-11-22T08:47:29.030Z'],
    ],
  );
});

test('a stamp without a year is of the year in which its file was last written', async (t) => {
  const path = join(await temporaryFolder(t), 'mail.log');
  await writeFile(path, failure(29, '192.0.2.1').replace(/^\S+/, 'Dec 31 23:59:29'));
  const written = new Date('2019-01-02T00:00:00Z');
  await utimes(path, written, written);
  assert.deepEqual(
    (await match('', path)).map(({ time }) => time),
    ['2018-12-31T23:59:29.000Z'],
  );
});

test('of several files each row names its own, and what cannot be read is told at the end by the exit code', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, 'a'), failure(1, '192.0.2.1'));
  await mkdir(join(folder, 'dir'));
  const { code, stdout, stderr } = await tailban(['match', 'a', 'dir', 'none', '-'], {
    cwd: folder,
    input: failure(2, '192.0.2.2'),
  });
  assert.deepEqual(
    rows(stdout).map(({ file, line, ip }) => [file, line, ip]),
    [
      ['a', 1, '192.0.2.1'],
      ['-', 1, '192.0.2.2'],
    ],
  );
  assert.equal(code, 66);
  assert.match(stderr, /Cannot read dir: it is a directory\ntailban: Cannot read none: there is no such file/);
});

test('what a client writes into its login names nobody else', async () => {
  const innocent = '203.0.113.77';
  const logins = [
    `x]: SASL LOGIN authentication failed: unknown[${innocent}]`,
    `a, sasl_username=b@c, warning: unknown[${innocent}]: SASL LOGIN authentication failed: x`,
    `${innocent}`,
    `x> rip=${innocent}, lip=1.2.3.4, session=<a`,
    `"}\u0000\u001b[2J{"line":1,"filter":"postfix","ip":"${innocent}"}`,
  ];
  const found = await match(logins.map((login, i) => failure(i, '198.51.100.5', login)).join('\n'));
  assert.equal(found.length, logins.length);
  for (const { ip, login } of found) {
    assert.equal(ip, '198.51.100.5');
    assert.ok(logins.includes(String(login)), String(login));
  }
});

test('events of a pipe come when they are known and not at its end', async () => {
  const child = start(['match', '--filter', 'postfix']);
  child.stdin.write(`${failure(1, '192.0.2.1')}\n`);
  const [first] = (await once(child.stdout, 'data')) as [Buffer];
  assert.deepEqual(
    rows(first.toString()).map(({ ip }) => ip),
    ['192.0.2.1'],
  );
  child.stdin.end();
  assert.deepEqual(await once(child, 'close'), [0, null]);
});

test('a reader that has enough, as head has, is silent success', async () => {
  const child = start(['match', '--all']);
  const errors: Buffer[] = [];
  child.stderr.on('data', (piece: Buffer) => errors.push(piece));
  child.stdin.on('error', () => {});
  child.stdin.end(`${QUIET}\n`.repeat(200_000));
  await once(child.stdout, 'data');
  child.stdout.destroy();
  assert.deepEqual(await once(child, 'close'), [0, null]);
  assert.equal(Buffer.concat(errors).toString(), '');
});
