/** The daemon among its admins: reloads, dry runs, a second daemon, who may use the socket, and what unban forgets. */
import assert from 'node:assert/strict';
import { mkdir, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import { startDaemonProcess, until } from '../support/daemon.ts';
import { fails, type SmallHost, smallHost, untilFailures, untilStatus } from '../support/small-host.ts';

const MAIL = '[source.mail]\nfiles = ["FOLDER/mail.log"]\n';
const CONFIG = `[server.fail2ban]\nauthentication = "3/1h"\nlogin = "off"\n${MAIL}`;

async function hostOf(t: TestContext): Promise<SmallHost> {
  const host = await smallHost(CONFIG);
  t.after(() => host.remove());
  await host.write('mail.log');
  return host;
}

test('reload takes over new limits and sources, and drops neither bans nor counters', async (t) => {
  const host = await hostOf(t);
  const daemon = await host.start();
  await host.write('mail.log', ...fails(host, '198.51.100.30', 3), ...fails(host, '198.51.100.31', 2));
  await host.write('new.log', ...fails(host, '198.51.100.32', 1));
  await untilFailures(daemon, 5);
  const { bans } = await daemon.api.bans(true);
  await host.configure(`${CONFIG.replace('3/1h', '4/1h')}[source.new]\nfiles = ["FOLDER/new.log"]\n`);
  const { code, stdout } = await host.command('reload');
  assert.equal(code, 0);
  assert.match(stdout, /limits/);
  assert.match(stdout, /sources/);
  await untilFailures(daemon, 6);
  assert.deepEqual((await daemon.api.bans(true)).bans, bans);
  await host.write('mail.log', ...fails(host, '198.51.100.31', 1));
  await host.write('new.log', ...fails(host, '198.51.100.32', 2));
  await untilFailures(daemon, 9);
  assert.deepEqual((await daemon.api.bans(true)).bans, bans, 'three failures are no longer enough');
  await host.write('mail.log', ...fails(host, '198.51.100.31', 1));
  await untilStatus(daemon, 'the fourth failure to ban', (status) => status.bans.active === 2);
});

test('a configuration that is wrong is refused with its place, and the running one stays in force', async (t) => {
  const host = await hostOf(t);
  const daemon = await host.start();
  await host.configure(CONFIG.replace('3/1h', '10/1x').replace('login', 'logim'));
  const { code, stderr } = await host.command('reload');
  assert.equal(code, 78, stderr);
  assert.match(stderr, /tailban\.toml:2:\d+/);
  assert.match(stderr, /"x" is no unit of time/);
  assert.match(stderr, /tailban\.toml:3:1.*logim/);
  const { limits } = await daemon.api.status();
  assert.deepEqual(limits.find(({ kind }) => kind === 'authentication')?.limit, { count: 3, period: 3_600_000 });
  const from = daemon.output().length;
  daemon.signal('SIGHUP');
  await daemon.says(/not reloaded, the old one stays in force.*no unit of time/, from);
  await host.write('mail.log', ...fails(host, '198.51.100.33', 3));
  await untilStatus(daemon, 'a ban by the old limit', ({ bans }) => bans.active === 1);
});

test('a reload that was asked for by a command is in the log, be it done or refused', async (t) => {
  const host = await hostOf(t);
  const daemon = await host.start();
  await host.configure(CONFIG.replace('3/1h', '2/1h'));
  assert.equal((await host.command('reload')).code, 0);
  await daemon.says(/reloaded: limits/);
  await host.configure(CONFIG.replace('login', 'logim'));
  assert.equal((await host.command('reload')).code, 78);
  await daemon.says(/The configuration was not reloaded, the old one stays in force\. .*logim/);
});

test('SIGHUP reloads, SIGTERM stops with exit code 0 and takes the socket away', async (t) => {
  const host = await hostOf(t);
  const daemon = await host.start();
  await host.configure(CONFIG.replace('3/1h', '2/1h'));
  daemon.signal('SIGHUP');
  await daemon.says(/reloaded: limits/);
  await host.write('mail.log', ...fails(host, '198.51.100.34', 2));
  await untilStatus(daemon, 'a ban by the new limit', ({ bans }) => bans.active === 1);
  assert.equal(await daemon.stop(), 0);
  assert.ok(!(await readdir(host.folder)).includes('tailban.sock'));
  const { code, stderr } = await host.command('status');
  assert.equal(code, 69);
  assert.match(stderr, /tailban is not running/);
});

test('many reloads at once leave one daemon that counts each line once', async (t) => {
  const host = await hostOf(t);
  const daemon = await host.start();
  await host.write('other.log');
  const other = CONFIG.replace('mail.log', '*.log').replace('3/1h', '500/1h');
  for (let n = 0; n < 12; n++) {
    await host.configure(n % 2 === 0 ? other : CONFIG.replace('3/1h', '500/1h'));
    if (n % 3 === 0) daemon.signal('SIGHUP');
    else await daemon.api.reload();
    await host.write('mail.log', ...fails(host, '198.51.100.35', 5));
  }
  await untilFailures(daemon, 60);
  await host.write('mail.log', ...fails(host, '198.51.100.36', 1));
  assert.equal((await untilFailures(daemon, 61)).events.authentication, 61);
  await daemon.stop();
});

test('a dry run says what it would do, bans nobody and leaves no trace', async (t) => {
  const host = await hostOf(t);
  await mkdir(host.path('tmp'));
  const before = await readdir(host.folder);
  const daemon = await host.start({ args: ['--dry-run'], env: { TMPDIR: host.path('tmp') } });
  assert.equal((await daemon.api.status()).dryRun, true);
  await host.write('mail.log', ...fails(host, '198.51.100.37', 3));
  await daemon.says(/would ban 198\.51\.100\.37/);
  assert.equal(await daemon.stop(), 0);
  assert.deepEqual(await readdir(host.folder), before);
  assert.deepEqual(await readdir(host.path('tmp')), []);
});

test('a second daemon on the same database or socket refuses to start, the first goes on', async (t) => {
  const host = await hostOf(t);
  const daemon = await host.start();
  const second = startDaemonProcess({ config: host.path('tailban.toml'), socket: host.path('second.sock') });
  assert.equal(await second.ended(), 69, second.output());
  assert.match(second.output(), /tailban\.db is in use by another tailban/);
  const text = `[store]\npath = "${host.path('other.db')}"\n[firewall]\nbackend = "none"\n[source.mail]\nfiles = ["${host.path('mail.log')}"]\n`;
  await writeFile(host.path('other.toml'), text);
  const third = startDaemonProcess({ config: host.path('other.toml'), socket: host.socket });
  assert.equal(await third.ended(), 69, third.output());
  assert.match(third.output(), /another tailban answers there/);
  assert.doesNotMatch(third.output(), /firewall/, 'it has changed nothing before it looked');
  assert.ok(!(await readdir(host.folder)).includes('other.db'));
  await host.write('mail.log', ...fails(host, '198.51.100.38', 3));
  await untilStatus(daemon, 'the first daemon to guard', ({ bans }) => bans.active === 1);
});

test('a database that goes away under the daemon is told once in the log, and in the status while it is so', async (t) => {
  const host = await hostOf(t);
  const daemon = await host.start();
  const { problems: before } = await daemon.api.status();
  await rename(host.path('tailban.db'), host.path('away.db'));
  await daemon.says(/The database .*tailban\.db is not there any more/);
  assert.match((await host.command('status')).stdout, /tailban\.db is not there any more/);
  await rename(host.path('away.db'), host.path('tailban.db'));
  await untilStatus(daemon, 'that to be over', ({ problems }) => problems.length === before.length);
  assert.equal(daemon.output().match(/is not there any more/g)?.length, 1);
});

test('a socket that a killed daemon left behind is replaced, and only owner and group may use it', async (t) => {
  const host = await hostOf(t);
  const killed = await host.start();
  await killed.kill();
  assert.ok((await readdir(host.folder)).includes('tailban.sock'));
  await host.start();
  // Until then it is its owner's alone.
  await until('the mode of the socket', async () => ((await stat(host.socket)).mode & 0o777) === 0o660);
  assert.equal((await stat(host.path('tailban.db'))).mode & 0o777, 0o600);
});

test('unban forgets the failures too, also those of somebody who was not banned yet, and over a kill', async (t) => {
  const host = await hostOf(t);
  let daemon = await host.start();
  await host.write('mail.log', ...fails(host, '198.51.100.39', 3), ...fails(host, '198.51.100.40', 2));
  await untilFailures(daemon, 5);
  for (const ip of ['198.51.100.39', '198.51.100.40']) {
    const { code, stdout } = await host.command('unban', ip);
    assert.equal(code, 0);
    assert.equal(stdout, `Unbanned ${ip}\n`);
  }
  await daemon.kill();
  daemon = await host.start();
  await host.write('mail.log', ...fails(host, '198.51.100.39', 2), ...fails(host, '198.51.100.40', 2));
  await untilFailures(daemon, 4);
  assert.deepEqual((await daemon.api.bans(false)).bans, []);
  const { code, stderr } = await host.command('unban', '198.51.100.41');
  assert.equal(code, 1);
  assert.match(stderr, /198\.51\.100\.41 is not banned and has no failures/);
  await host.write('mail.log', ...fails(host, '198.51.100.39', 1));
  await untilStatus(daemon, 'the third failure to ban', ({ bans }) => bans.active === 1);
});

test('a configuration that cannot be used ends the start with exit code 78 and tells every mistake', async (t) => {
  const host = await hostOf(t);
  await host.configure('[server.fail2ban]\nauthentication = "0/1d"\nscan = "10"\n[soruce.mail]\nfiles = []\n');
  const daemon = host.launch();
  assert.equal(await daemon.ended(), 78);
  for (const said of [/:2:\d+.*count of 0/, /:3:\d+.*period is missing/, /soruce[\s\S]*source/])
    assert.match(daemon.output(), said);
  assert.deepEqual((await readdir(host.folder)).sort(), ['mail.log', 'tailban.toml']);
});

test('the configuration that the daemon shows can be loaded as it stands, and changes nothing', async (t) => {
  const host = await hostOf(t);
  await host.start();
  const { stdout } = await host.command('config');
  await writeFile(host.path('tailban.toml'), stdout);
  const reloaded = await host.command('reload');
  assert.equal(reloaded.code, 0, reloaded.stderr);
  assert.match(reloaded.stdout, /nothing/i);
});

test('who was put on the allow-list while the daemon was down is not banned any more after its start', async (t) => {
  const host = await hostOf(t);
  let daemon = await host.start();
  await host.write('mail.log', ...fails(host, '198.51.100.42', 3), ...fails(host, '198.51.100.43', 3));
  await untilStatus(daemon, 'two bans', ({ bans }) => bans.active === 2);
  await daemon.stop();
  await host.configure(`${CONFIG}[server]\nallowed-ip = "198.51.100.42"\n`);
  daemon = await host.start();
  assert.deepEqual(
    (await daemon.api.bans(false)).bans.map(({ subject }) => subject),
    ['198.51.100.43'],
  );
});
