/** What systemd hears of the daemon, by a real socket: a datagram socket that perl, which Debian always has, listens at. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ServiceManager, serviceManager, statusLine } from '../../src/daemon/service-manager.ts';
import { fakeControl } from '../api/fake-control.ts';
import { until } from '../support/daemon.ts';

const LISTENER = `use Socket; $| = 1;
socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die; bind($s, pack_sockaddr_un($ARGV[0])) or die;
print "listening\\n";
while (defined recv($s, my $m, 4096, 0)) { $m =~ s/\\n/|/g; print "$m\\n" }`;

/** A service manager at a path; what it has heard so far. */
async function listen(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'tailban-notify-'));
  const path = join(folder, 'notify');
  const child = spawn('perl', ['-e', LISTENER, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(async () => {
    child.kill('SIGKILL');
    await rm(folder, { recursive: true });
  });
  let said = '';
  child.stdout.on('data', (data: Buffer) => (said += data));
  const heard = (): string[] => said.split('\n').slice(1, -1);
  await until('a listener', () => said.startsWith('listening\n'));
  return { path, heard };
}

function manage(t: TestContext, env: Readonly<Record<string, string>>, warnings: string[] = []): ServiceManager | null {
  const manager = serviceManager({
    env,
    pid: 42,
    status: () => '3 bans in force\nMAINPID=1',
    warn: (message) => warnings.push(message),
  });
  t.after(() => manager?.stopping());
  return manager;
}

test('nothing is sent where no service manager is', (t) => {
  assert.equal(manage(t, {}), null);
  assert.equal(manage(t, { NOTIFY_SOCKET: '' }), null);
});

test('systemd hears that the daemon is ready, alive and how it is, and no assignment that a status would bring', async (t) => {
  const { path, heard } = await listen(t);
  const manager = manage(t, { NOTIFY_SOCKET: path, WATCHDOG_USEC: '300000', WATCHDOG_PID: '42' });
  const started = performance.now();
  manager?.ready();
  await until('three messages', () => heard().length >= 3);
  assert.ok(performance.now() - started >= 180, 'three messages in the time that may pass without any');
  assert.equal(heard()[0], 'READY=1|WATCHDOG=1|STATUS=3 bans in force MAINPID=1');
  assert.equal(heard()[1], 'WATCHDOG=1|STATUS=3 bans in force MAINPID=1');
  manager?.stopping();
  await until('the end', () => heard().at(-1) === 'STOPPING=1|STATUS=Stopping; bans stay in force');
});

test('a watchdog that watches another process hears nothing', async (t) => {
  const { path, heard } = await listen(t);
  manage(t, { NOTIFY_SOCKET: path, WATCHDOG_USEC: '300000', WATCHDOG_PID: '43' })?.ready();
  await until('a message', () => heard().length > 0);
  assert.equal(heard()[0], 'READY=1|STATUS=3 bans in force MAINPID=1');
});

test('a service manager that does not listen is told of once, and is not in the way', (t) => {
  const warnings: string[] = [];
  const manager = manage(t, { NOTIFY_SOCKET: '/nonexistent/notify' }, warnings);
  manager?.ready();
  assert.deepEqual(warnings, ['systemd does not take what it is told of tailban']);
});

test('the status shows problems first, and otherwise what is in force and read', () => {
  const status = { ...fakeControl().status(), problems: [], dryRun: false };
  const bans = { active: 1, addresses: 1, networks: 0, logins: 0 };
  assert.match(statusLine({ ...status, bans }), /^1 ban in force, reading /);
  assert.match(statusLine({ ...status, sources: [] }), /^\d+ bans in force, looking for logs$/);
  assert.match(
    statusLine({ ...status, problems: ['nft is gone', 'x', 'y'] }),
    /^nft is gone \(and 2 more\); \d+ bans in force/,
  );
});
