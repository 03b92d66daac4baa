import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type ReplayOptions, replay } from '../../src/cli/commands/replay.ts';
import { CliError } from '../../src/cli/exit.ts';
import { readMoment } from '../../src/cli/moments.ts';
import { Progress } from '../../src/cli/replay/progress.ts';
import { Terminal } from '../../src/cli/terminal.ts';
import { temporaryFolder } from '../api/serving.ts';
import { type ScreenOptions, screen } from './screen.ts';

const LIMITS = '[server.fail2ban]\nauthentication = "3/1h"\nlogin = "off"\n';

function failure(
  minute: number,
  ip = '192.0.2.1',
  login = 'alice',
  stamp = `2026-11-22T08:${two(minute)}:00.000000+00:00`,
) {
  return `${stamp} mx1 postfix/smtpd[377]: warning: unknown[${ip}]: SASL LOGIN authentication failed: x, sasl_username=${login}\n`;
}

function success(minute: number, ip: string, login: string): string {
  return `2026-11-22T08:${two(minute)}:00.000000+00:00 mx1 dovecot: imap-login: Login: user=<${login}>, method=PLAIN, rip=${ip}, lip=192.0.2.25, mpid=1, TLS, session=<T7Yzltlgd7HGM2Q8>\n`;
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}

interface Played {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command in this process; files are given by their content. */
async function play(
  t: TestContext,
  files: Readonly<Record<string, string | Buffer>>,
  options: ReplayOptions = {},
  { limits = LIMITS, names = Object.keys(files), ...rest }: ScreenOptions & { limits?: string; names?: string[] } = {},
): Promise<Played> {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'directory'));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  await writeFile(join(folder, 'tailban.toml'), limits.replaceAll('FOLDER', folder));
  const { terminal, out, err } = screen(rest);
  const globals = { config: join(folder, 'tailban.toml'), filters: join(folder, 'none') };
  const paths = names.map((name) => (name === '-' ? name : join(folder, name)));
  const exitCode = await replay({ terminal, globals, version: '1.2.3' }, paths, options);
  return { exitCode, out: out().replaceAll(`${folder}/`, ''), err: err().replaceAll(`${folder}/`, '') };
}

function bans({ out }: Played): [string, string][] {
  const { bans: rows } = JSON.parse(out) as { bans: { subject: string; since: string }[] };
  return rows.map(({ subject, since }) => [subject, since]);
}

test('names out of logs cannot steer the terminal or add lines to the report', async (t) => {
  const login = 'x\u001b[2J\u202eevil';
  const text = [1, 2, 3].map((minute) => failure(minute, '192.0.2.1', login)).join('') + success(4, '192.0.2.1', login);
  const { out } = await play(t, { 'mail.log': text }, { verbose: true }, { columns: 100, env: { NO_COLOR: '1' } });
  assert.ok(!/[\u001b\u202e]/.test(out), JSON.stringify(out));
  assert.match(out, /as x·\[2j·evil/);
});

test('standard input is read where no file is named, and may be the journal', async (t) => {
  const entry = (minute: number): string => {
    const [, message] = failure(minute).trimEnd().split('smtpd[377]: ');
    const micros = String(Date.UTC(2026, 10, 22, 8, minute) * 1000);
    return JSON.stringify({
      __REALTIME_TIMESTAMP: micros,
      SYSLOG_IDENTIFIER: 'postfix/smtpd',
      _PID: '377',
      _UID: '0',
      MESSAGE: message,
    });
  };
  const input = [1, 2, 3].map(entry).join('\n');
  const played = await play(t, {}, { json: true }, { input });
  assert.deepEqual(bans(played), [['192.0.2.1', '2026-11-22T08:03:00.000Z']]);
  const { first, last } = JSON.parse(played.out) as { first: string | null; last: string };
  assert.deepEqual([first, last], [null, '2026-11-22T08:03:00.000Z']);
});

test('a file that cannot be read, or not to its end, does not keep the others from being read', async (t) => {
  const packed = gzipSync([1, 2, 3].map((minute) => failure(minute, '192.0.2.2')).join(''));
  const files = {
    'whole.log': [1, 2, 3].map((minute) => failure(minute)).join(''),
    'cut.log.gz': packed.subarray(0, packed.length - 6),
  };
  const names = ['missing.log', 'directory', ...Object.keys(files)];
  const played = await play(t, files, { json: true }, { names });
  assert.ok(bans(played).some(([subject]) => subject === '192.0.2.1'));
  assert.equal(played.exitCode, 66);
  assert.match(played.err, /Cannot read missing.log: there is no such file/);
  assert.match(played.err, /Cannot read directory: it is a directory/);
  assert.match(played.err, /Cannot read cut.log.gz: the packed data ends too early/);
});

test('a file that is named twice, or there in two forms, is read once', async (t) => {
  const text = [1, 2].map((minute) => failure(minute)).join('');
  const files = { 'mail.log': failure(50), 'mail.log.1': text, 'mail.log.1.gz': gzipSync(text) };
  const names = ['mail.log', ...Object.keys(files)];
  const played = await play(t, files, { json: true }, { names });
  assert.deepEqual(bans(played), [['192.0.2.1', '2026-11-22T08:50:00.000Z']]);
  assert.equal(
    played.err,
    'note: mail.log.1.gz begins as mail.log.1 does and is taken for a copy of it; it is left out\n',
  );
});

test('a file is read as the source of the configuration that it was rotated out of', async (t) => {
  const stamp = (minute: number): string => `Nov 22 08:${two(minute)}:00`;
  const text = [1, 2, 3].map((minute) => failure(minute, '192.0.2.1', 'alice', stamp(minute))).join('');
  const limits = `${LIMITS}[source.mail]\nfiles = ["FOLDER/mail.log"]\ntimezone = "Asia/Tokyo"\nfilter = ["postfix"]\n`;
  const files = { 'mail.log.1': text, 'other.log': text.replaceAll('192.0.2.1', '192.0.2.2') };
  const zoned = await play(t, files, { json: true, timezone: 'America/New_York' }, { limits });
  assert.deepEqual(
    bans(zoned).map(([, since]) => since),
    ['2026-11-22T13:03:00.000Z', '2026-11-22T13:03:00.000Z'],
    'what the command line says comes first',
  );
  const [first] = bans(await play(t, files, { json: true }, { limits }));
  assert.deepEqual(first, ['192.0.2.1', '2026-11-21T23:03:00.000Z']);
  const none = await play(t, files, { json: true }, { limits: limits.replace('"postfix"', '"dovecot"') });
  assert.deepEqual(
    bans(none).map(([subject]) => subject),
    ['192.0.2.2'],
  );
});

test('a configuration compared with itself makes no difference, aliases and all', async (t) => {
  const folder = await temporaryFolder(t);
  const [compare, aliases] = [join(folder, 'other.toml'), join(folder, 'aliases')];
  const limits = `[server.fail2ban]\nlogin = "3/1h"\n[login]\naliases = "${aliases}"\n`;
  await writeFile(compare, limits);
  await writeFile(aliases, 'sales@example.org alice@example.org\n');
  const logins = ['alice@example.org', 'sales@example.org', 'alice@example.org'];
  const text = logins.map((login, index) => failure(index, `192.0.2.${index}`, login)).join('');
  const played = await play(t, { 'mail.log': text }, { json: true, compare }, { limits });
  assert.deepEqual(
    bans(played).map(([subject]) => subject),
    ['alice@example.org'],
  );
  const { same, onlyThis, onlyOther, changed } = JSON.parse(played.out).compare;
  assert.deepEqual({ same, onlyThis, onlyOther, changed }, { same: 1, onlyThis: [], onlyOther: [], changed: [] });
});

test('times are read as dates, as times in a zone or none, and as so long ago', () => {
  const now = Date.UTC(2026, 10, 22, 12);
  const read = (text: string): string => new Date(readMoment('--since', text, now, Date.UTC)).toISOString();
  assert.equal(read('2026-11-22'), '2026-11-22T00:00:00.000Z');
  assert.equal(read('2026-11-22 08:30'), '2026-11-22T08:30:00.000Z');
  assert.equal(read('2026-11-22T08:30:15.5'), '2026-11-22T08:30:15.500Z');
  assert.equal(read('2026-11-22T08:30:15+01:00'), '2026-11-22T07:30:15.000Z');
  assert.equal(read('2026-11-22 08:30 -0500'), '2026-11-22T13:30:00.000Z');
  assert.equal(read('1d12h'), '2026-11-21T00:00:00.000Z');
  for (const wrong of ['', '2026-02-30', '2026-11-22 24:00', '22.11.2026', 'yesterday', '7'])
    assert.throws(() => read(wrong), CliError, wrong);
});

test('people see how far the reading is, programs do not', () => {
  let now = 0;
  let written = '';
  const stderr = {
    isTTY: true,
    write(text: string) {
      written += text;
    },
  } as never;
  const terminal = new Terminal({ stdin: process.stdin, stdout: process.stdout, stderr, env: {}, now: () => now });
  for (const isOn of [false, true]) {
    const progress = new Progress(terminal, 4e6, isOn);
    progress.bytes(500_000);
    now += 500;
    progress.lines += 20_000;
    progress.bytes(500_000);
    progress.end();
  }
  assert.equal(written, '\r\u001b[K25 % of 4.0 MB read, 2 MB/s, 40,000 lines/s\r\u001b[K');
});
