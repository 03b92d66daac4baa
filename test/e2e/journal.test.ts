/** The journal as the daemon reads it: through journalctl, which here is a program of ours on the PATH. */
import assert from 'node:assert/strict';
import { appendFile, chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isAlive, until } from '../support/daemon.ts';
import { wrongImap } from '../support/mail-lines.ts';
import { fails, type SmallHost, type Start, smallHost, untilFailures, untilStatus } from '../support/small-host.ts';

const FAKE = fileURLToPath(new URL('../support/fake-journalctl.ts', import.meta.url));
const CONFIG = `
[server.fail2ban]
authentication = "5/1h"
login = "off"
[source.journal]
journal = true
[source.mail]
files = ["FOLDER/mail.log"]
`;

interface JournalHost extends SmallHost {
  readonly how: Start;
  /** Appends entries of a process of the system, or of a user. */
  log(bodies: readonly string[], uid?: number): Promise<void>;
  journalctlPid(): Promise<number>;
}

async function journalHost(t: TestContext): Promise<JournalHost> {
  const host = await smallHost(CONFIG);
  t.after(() => host.remove());
  await mkdir(host.path('bin'));
  await writeFile(host.path('journal.jsonl'), '');
  await install(host);
  await host.write('mail.log');
  let count = 0;
  return {
    ...host,
    how: { env: { PATH: `${host.path('bin')}:${process.env['PATH']}`, FAKE_JOURNAL: host.folder } },
    log: (bodies, uid = 0) =>
      appendFile(host.path('journal.jsonl'), bodies.map((body) => entryOf(body, uid, ++count)).join('')),
    journalctlPid: async () => Number(await readFile(host.path('journalctl.pid'), 'utf8')),
  };
}

async function install(host: SmallHost): Promise<void> {
  const command = join(host.path('bin'), 'journalctl');
  await writeFile(command, `#!/bin/sh\nexec '${process.execPath}' '${FAKE}' "$@"\n`);
  await chmod(command, 0o755);
}

/** An entry as journalctl prints those that came in through syslog(3). */
function entryOf(body: string, uid: number, count: number): string {
  const [, identifier = '', pid = '500', message = ''] = /^([^[:]+)(?:\[(\d+)\])?: (.*)$/.exec(body) ?? [];
  const microseconds = String(Date.now() * 1_000 + count);
  return `${JSON.stringify({
    __CURSOR: `s=ab12;i=${count.toString(16)};b=cd34;m=${count};t=${Number(microseconds).toString(16)};x=ef56`,
    __REALTIME_TIMESTAMP: microseconds,
    __MONOTONIC_TIMESTAMP: String(count),
    _TRANSPORT: 'syslog',
    _BOOT_ID: 'cd34',
    _HOSTNAME: 'mx1',
    _UID: String(uid),
    _GID: String(uid),
    _PID: pid,
    _COMM: identifier.split('/').at(-1),
    _SYSTEMD_UNIT: uid === 0 ? 'postfix@-.service' : `user@${uid}.service`,
    PRIORITY: '6',
    SYSLOG_FACILITY: '2',
    SYSLOG_IDENTIFIER: identifier,
    SYSLOG_PID: pid,
    MESSAGE: message,
  })}\n`;
}

test('the journal is read from journalctl, and forged entries of local users are not believed', async (t) => {
  const host = await journalHost(t);
  await host.log(fails(host, '198.51.100.20', 2));
  const daemon = await host.start(host.how);
  await untilFailures(daemon, 2);
  await host.log(fails(host, '198.51.100.99', 9), 1000);
  await host.log(wrongImap(host.numbers, '198.51.100.20', ['a', 'b', 'c']));
  await untilFailures(daemon, 5);
  const { bans } = await daemon.api.bans(true);
  assert.deepEqual(
    bans.map(({ subject }) => subject),
    ['198.51.100.20'],
  );
  const [call = ''] = (await readFile(host.path('journalctl.calls'), 'utf8')).split('\n');
  assert.match(call, /--follow/);
  assert.match(call, /--since=@\d+/);
  assert.match(call, /_SYSTEMD_UNIT=dovecot\.service/);
});

test('a journalctl that dies is shown, the other source goes on, and nothing is lost or doubled', async (t) => {
  const host = await journalHost(t);
  const daemon = await host.start(host.how);
  await host.log(fails(host, '198.51.100.21', 2));
  await untilFailures(daemon, 2);
  await rm(host.path('bin/journalctl'));
  process.kill(await host.journalctlPid(), 'SIGKILL');
  const { sources, problems } = await untilStatus(
    daemon,
    'the journal to be broken',
    (status) => status.sources[0]?.state === 'failed',
  );
  assert.match(sources[0]?.problem ?? '', /Cannot read the journal/);
  assert.ok(problems.some((problem) => problem.startsWith('source journal: Cannot read the journal')));
  await host.log(fails(host, '198.51.100.21', 2));
  await host.write('mail.log', ...fails(host, '198.51.100.22', 5));
  await untilFailures(daemon, 7);
  await install(host);
  await untilFailures(daemon, 9);
  await host.log(fails(host, '198.51.100.21', 1));
  await untilFailures(daemon, 10);
  const { bans } = await daemon.api.bans(false);
  assert.deepEqual(bans.map(({ subject, reason }) => [subject, reason.slice(0, 15)]).sort(), [
    ['198.51.100.21', '5 failed logins'],
    ['198.51.100.22', '5 failed logins'],
  ]);
  const lastCall = (await readFile(host.path('journalctl.calls'), 'utf8')).trim().split('\n').at(-1);
  assert.match(lastCall ?? '', /--after-cursor=s=ab12;i=8;/, 'it goes on behind the last entry that was read');
});

test('a journalctl that hangs keeps nobody waiting, and what it has not told comes when it goes on', async (t) => {
  const host = await journalHost(t);
  const daemon = await host.start(host.how);
  await host.log(fails(host, '198.51.100.25', 2));
  await untilFailures(daemon, 2);
  const pid = await host.journalctlPid();
  process.kill(pid, 'SIGSTOP');
  t.after(() => isAlive(pid) && process.kill(pid, 'SIGCONT'));
  await host.log(fails(host, '198.51.100.25', 3));
  await host.write('mail.log', ...fails(host, '198.51.100.26', 5));
  await untilFailures(daemon, 7);
  const bans = async () => (await daemon.api.bans(false)).bans.map(({ subject }) => subject).sort();
  assert.deepEqual(await bans(), ['198.51.100.26']);
  process.kill(pid, 'SIGCONT');
  await untilFailures(daemon, 10);
  assert.deepEqual(await bans(), ['198.51.100.25', '198.51.100.26']);
});

test('after kill -9 the journal is read on from the cursor of the last checkpoint', async (t) => {
  const host = await journalHost(t);
  let daemon = await host.start(host.how);
  await host.log(fails(host, '198.51.100.23', 2));
  const { now } = await untilFailures(daemon, 2);
  await untilStatus(daemon, 'a checkpoint', ({ lastCheckpoint }) => (lastCheckpoint ?? 0) > now);
  await host.log(fails(host, '198.51.100.23', 1));
  await untilFailures(daemon, 3);
  const orphan = await host.journalctlPid();
  await daemon.kill();
  await host.log(fails(host, '198.51.100.23', 1));
  daemon = await host.start(host.how);
  await host.write('mail.log', ...fails(host, '198.51.100.24', 1));
  const { startedAt } = await daemon.api.status();
  await untilStatus(daemon, 'some seconds', (status) => status.now > startedAt + 2_000);
  assert.deepEqual((await daemon.api.bans(false)).bans, [], 'four failures are one less than the limit');
  await host.log(fails(host, '198.51.100.23', 1));
  await until('the ban', async () => (await daemon.api.bans(false)).bans.length === 1);
  await until('the orphaned journalctl to end', () => !isAlive(orphan));
});
