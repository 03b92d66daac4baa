/** Logs as they really behave: late, unreadable, new, rotated, broken; and the daemon that goes on through all of it. */
import assert from 'node:assert/strict';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import type { DaemonProcess } from '../support/daemon.ts';
import { httpProbe, wrongImap, wrongSubmission, yearless } from '../support/mail-lines.ts';
import { type SmallHost, smallHost, untilFailures, untilStatus } from '../support/small-host.ts';

const LIMITS = '[server.fail2ban]\nauthentication = "3/1h"\nlogin = "off"\n';
const MAIL = '[source.mail]\nfiles = ["FOLDER/mail.log"]\n';

async function hostOf(t: TestContext, config: string): Promise<SmallHost> {
  const host = await smallHost(config);
  t.after(() => host.remove());
  return host;
}

function fails(host: SmallHost, ip: string, times = 1): string[] {
  return Array.from({ length: times }, () => wrongSubmission(host.numbers, ip, 'alice@example.org')).flat();
}

async function banned(daemon: DaemonProcess): Promise<string[]> {
  return (await daemon.api.bans(false)).bans.map(({ subject }) => subject).sort();
}

test('a log that does not exist yet is waited for, and read from its first line when it appears', async (t) => {
  const host = await hostOf(t, LIMITS + MAIL);
  const daemon = await host.start();
  const waiting = await untilStatus(daemon, 'waiting', ({ sources }) => sources[0]?.state === 'waiting');
  assert.match(waiting.sources[0]?.problem ?? '', /No file matches .*mail\.log, waiting for one to appear/);
  assert.equal(waiting.problems.length, 2, 'that of the source, and that nothing is blocked');
  await host.write('mail.log', ...fails(host, '198.51.100.1', 3));
  await untilFailures(daemon, 3);
  assert.deepEqual(await banned(daemon), ['198.51.100.1']);
  const { sources } = await untilStatus(daemon, 'reading', (status) => status.sources[0]?.state === 'reading');
  assert.equal(sources[0]?.problem, null);
});

test('a log that cannot be read is shown as broken, the other source goes on, and it is read when it can be', async (t) => {
  const host = await hostOf(t, `${LIMITS}${MAIL}[source.other]\nfiles = ["FOLDER/other.log"]\n`);
  // A link to itself cannot be read by root either.
  await symlink('mail.log', host.path('mail.log'));
  await host.write('other.log');
  const daemon = await host.start();
  await host.write('other.log', ...fails(host, '198.51.100.2', 3));
  const broken = await untilFailures(daemon, 3);
  assert.deepEqual(await banned(daemon), ['198.51.100.2']);
  const [mail, other] = broken.sources;
  assert.equal(mail?.state, 'failed');
  assert.match(mail?.problem ?? '', /Cannot read .*mail\.log \(ELOOP\)/);
  assert.equal(other?.state, 'reading');
  const { stdout } = await host.command('status');
  assert.match(
    stdout,
    /mail +failed[\s\S]*problem: Cannot read .*mail\.log[\s\S]*Problems[\s\S]*source mail: Cannot read/,
  );
  await rm(host.path('mail.log'));
  await host.write('mail.log', ...fails(host, '198.51.100.3', 3));
  await untilFailures(daemon, 6);
  assert.deepEqual(await banned(daemon), ['198.51.100.2', '198.51.100.3']);
  await untilStatus(daemon, 'no problem', ({ sources }) => sources.every(({ problem }) => problem === null));
});

test('files and folders that appear later are picked up where a glob matches them', async (t) => {
  const host = await hostOf(t, `${LIMITS}[source.mail]\nfiles = ["FOLDER/logs/*/mail-*.log"]\n`);
  await mkdir(host.path('logs'));
  const daemon = await host.start();
  await mkdir(host.path('logs/mx1'));
  await host.write('logs/mx1/mail-1.log', ...fails(host, '198.51.100.4', 2));
  await untilFailures(daemon, 2);
  await host.write('logs/mx1/mail-2.log', ...fails(host, '198.51.100.4'));
  await host.write('logs/mx1/other.log', ...fails(host, '198.51.100.5', 3));
  await untilFailures(daemon, 3);
  assert.deepEqual(await banned(daemon), ['198.51.100.4']);
  const { sources } = await daemon.api.status();
  assert.deepEqual(
    sources[0]?.origins.map(({ origin }) => origin),
    [host.path('logs/mx1/mail-1.log'), host.path('logs/mx1/mail-2.log')],
  );
});

test('no line is lost or counted twice over a rotation, whether the daemon runs or not', async (t) => {
  const host = await hostOf(t, `[server.fail2ban]\nauthentication = "100/1h"\n${MAIL}`);
  await host.write('mail.log');
  let daemon = await host.start();
  let sent = 0;
  const send = async (name: string): Promise<void> => {
    await host.write(name, ...fails(host, '198.51.100.6', 2));
    sent += 2;
  };
  await send('mail.log');
  await untilFailures(daemon, 2);
  await rename(host.path('mail.log'), host.path('mail.log.1'));
  await send('mail.log.1');
  await send('mail.log');
  await untilFailures(daemon, 6);
  await daemon.stop();
  await send('mail.log');
  await rename(host.path('mail.log.1'), host.path('mail.log.2'));
  await rename(host.path('mail.log'), host.path('mail.log.1'));
  await send('mail.log');
  daemon = await host.start();
  await untilFailures(daemon, 4);
  await send('mail.log');
  await untilFailures(daemon, 6);
  assert.equal(await countOf(host, daemon, '198.51.100.6'), sent);
});

test('one attempt that Postfix and Dovecot tell of in two logs counts once, in whatever order they are read', async (t) => {
  const files = '[source.mail]\nfiles = ["FOLDER/mail.log"]\n[source.dovecot]\nfiles = ["FOLDER/dovecot.log"]\n';
  const host = await hostOf(t, `[server.fail2ban]\nauthentication = "1000/1h"\n${files}`);
  const attempts = 80;
  const begun = Date.now() - 600_000;
  const stories = Array.from({ length: attempts }, (_, n) =>
    wrongSubmission(host.numbers, '198.51.100.7', `u${n}@example.org`).map((line) => ({
      time: begun + n * 5_000,
      line,
    })),
  ).flat();
  const text = (dovecot: boolean): string =>
    stories
      .filter(({ line }) => line.startsWith('dovecot') === dovecot)
      .map(({ time, line }) => `${new Date(time).toISOString()} mx1 ${line}\n`)
      .join('');
  await writeFile(host.path('mail.log'), text(false));
  await writeFile(host.path('dovecot.log'), text(true));
  const daemon = await host.start();
  await daemon.says(/caught up with mail, dovecot/);
  const { startedAt } = await daemon.api.status();
  await untilStatus(daemon, 'some ticks', ({ now }) => now > startedAt + 3_000);
  assert.equal((await daemon.api.status()).events.authentication, attempts);
});

test('stamps without year and zone are read in the zone of the host', async (t) => {
  const host = await hostOf(t, LIMITS + MAIL);
  await host.write('mail.log');
  const daemon = await host.start();
  const now = Date.now();
  const lines = wrongImap(host.numbers, '198.51.100.8', ['a', 'b', 'c']).map((line) => yearless(now, line));
  await writeFile(host.path('mail.log'), lines.join(''), { flag: 'a' });
  await untilFailures(daemon, 3);
  const [ban] = (await daemon.api.bans(false)).bans;
  assert.equal(ban?.since, Math.floor(now / 1_000) * 1_000);
});

test('garbage, NUL bytes, endless lines and half lines do not keep a line from being read', async (t) => {
  const host = await hostOf(t, LIMITS + MAIL);
  await host.write('mail.log');
  const daemon = await host.start();
  // Before that, garbage without a time would be stepped over like everything older than the windows.
  await untilStatus(daemon, 'the log being followed', (status) => status.sources[0]?.state === 'reading');
  const append = (data: string | Buffer): Promise<void> => writeFile(host.path('mail.log'), data, { flag: 'a' });
  await append(Buffer.from([0, 255, 254, 10, 13, 10, 0, 0, 10]));
  await append(`${'x'.repeat(100_000)}\n`);
  await append(Buffer.from(Array.from({ length: 9_999 }, (_, n) => (n * 7919) % 256)));
  await append('\n');
  const [connect = '', echo = '', failed = '', end = ''] = fails(host, '198.51.100.9');
  await host.write('mail.log', connect, echo);
  const line = `${new Date().toISOString()} mx1 ${failed}\r\n`;
  await append(line.slice(0, 70));
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal((await daemon.api.status()).events.authentication, 0);
  await append(line.slice(70));
  await host.write('mail.log', end, ...httpProbe(host.numbers, '198.51.100.9'));
  const { sources, events } = await untilFailures(daemon, 1);
  assert.ok((sources[0]?.lines ?? 0) >= 8);
  assert.equal(events.scan + events.authentication <= 2, true);
  await untilStatus(daemon, 'the probe behind it', (status) => status.events.scan === 1);
});

/** The failed logins of an address that the store holds after the daemon's stop. */
async function countOf(host: SmallHost, daemon: DaemonProcess, ip: string): Promise<number> {
  await daemon.stop();
  const { DatabaseSync } = await import('node:sqlite');
  const db = new DatabaseSync(host.path('tailban.db'), { readOnly: true });
  const row = db.prepare(`SELECT length(times) / 8 AS count FROM counters WHERE subject = ?`).get(ip);
  db.close();
  return Number(row?.['count'] ?? 0);
}

test('a log that the globs of two sources lead to counts once, and the status says which source leaves it out', async (t) => {
  const host = await hostOf(t, `${LIMITS}${MAIL}[source.all]\nfiles = ["FOLDER/*.log"]\n`);
  await host.write('mail.log', ...fails(host, '203.0.113.9', 2));
  const daemon = await host.start();
  await untilFailures(daemon, 2);
  const { sources, events } = await untilStatus(daemon, 'told', (status) =>
    status.sources.some(({ problem }) => problem !== null),
  );
  assert.equal(events.authentication, 2);
  assert.deepEqual(sources.map(({ lines }) => lines > 0).sort(), [false, true]);
  assert.match(
    sources.find(({ problem }) => problem !== null)?.problem ?? '',
    /mail\.log is not read here, because source/,
  );
  assert.deepEqual(await banned(daemon), []);
});
