/** What the daemon knows of logins: it outlives `kill -9`, has one name for each login, and reaches Stalwart. */
import assert from 'node:assert/strict';
import { appendFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { StalwartDouble, TOKEN } from '../enforce/stalwart-double.ts';
import { until } from '../support/daemon.ts';
import { stamped, wrongImap } from '../support/mail-lines.ts';
import { type SmallHost, smallHost, untilFailures, untilStatus } from '../support/small-host.ts';

const CONFIG =
  '[server.fail2ban]\nauthentication = "off"\nlogin = "3/1h"\n[login]\ndefault-domain = "example.org"\n' +
  'aliases = "FOLDER/aliases"\n[source.mail]\nfiles = ["FOLDER/mail.log"]\n';

async function hostWithLog(extra = ''): Promise<SmallHost> {
  const host = await smallHost(CONFIG + extra);
  await writeFile(host.path('aliases'), 'sales alice\n');
  await writeFile(host.path('mail.log'), '');
  return host;
}

async function succeed(host: SmallHost, ip: string, login: string): Promise<void> {
  const session = `ok${host.numbers.next()}`;
  const body = `dovecot: imap-login: Login: user=<${login}>, method=PLAIN, rip=${ip}, lip=203.0.113.10, mpid=4, TLS, session=<${session}>`;
  await appendFile(host.path('mail.log'), stamped(Date.now(), body));
}

test('networks from which a login worked are known after kill -9, and can be forgotten by hand', async (t) => {
  const host = await hostWithLog();
  t.after(() => host.remove());
  const daemon = await host.start();
  await untilStatus(daemon, 'reading', (status) => status.sources[0]?.state === 'reading');
  await succeed(host, '192.0.2.7', 'Alice');
  await succeed(host, '2001:db8:1:2::1', 'alice+shop@example.org');
  await host.write('mail.log', ...wrongImap(host.numbers, '198.51.100.1', ['alice']));
  const known = await untilStatus(daemon, 'two pairs', (status) => status.knownGood === 2);
  const saved = known.lastCheckpoint ?? 0;
  await untilStatus(daemon, 'a checkpoint', ({ lastCheckpoint }) => (lastCheckpoint ?? 0) > saved);
  await daemon.kill();

  const next = await host.start();
  const explained = await host.command('explain', '--login', 'sales');
  assert.match(explained.stdout, /^ {2}written +sales, the same login by default domain and alias$/m);
  assert.match(explained.stdout, /^ {2}192\.0\.2\.0\/24 +last /m);
  assert.match(explained.stdout, /^ {2}2001:db8:1::\/56 +last /m);
  const { login, subject, standing } = await next.api.explain('login:ALICE+x');
  assert.equal(subject, 'alice@example.org');
  assert.deepEqual(login?.changes, ['default domain', 'tag']);
  assert.equal(login?.knownGoodCount, 2);
  assert.equal(standing[0]?.count, 1);

  const forgotten = await host.command('distrust', '--login', 'Sales', '192.0.2.7');
  assert.match(forgotten.stdout, /not known any more from 192\.0\.2\.0\/24$/m);
  assert.equal((await host.command('distrust', '--login', 'sales', '192.0.2.7')).code, 1);
  await next.kill();
  const last = await host.start();
  const after = await last.api.explain('login:alice');
  assert.deepEqual(
    after.login?.knownGood.map(({ network }) => network),
    ['2001:db8:1::/56'],
  );
});

test('a login has one name in every command, whatever name it is called by', async (t) => {
  const host = await hostWithLog();
  t.after(() => host.remove());
  const daemon = await host.start();
  await untilStatus(daemon, 'reading', (status) => status.sources[0]?.state === 'reading');
  for (const [index, login] of ['alice', 'SALES@example.org', 'alice+x'].entries())
    await host.write('mail.log', ...wrongImap(host.numbers, `198.51.100.${index}`, [login]));
  await untilFailures(daemon, 3);
  await untilStatus(daemon, 'a lock', ({ bans }) => bans.logins === 1);
  const listed = await host.command('list', '--format', 'plain');
  assert.equal(listed.stdout, 'login:alice@example.org\n');
  const freed = await host.command('unban', '--login', 'Sales+1');
  assert.equal(freed.stdout, 'Unbanned login:alice@example.org\n');
  const banned = await host.command('ban', '--login', 'sales', '--for', '1h');
  assert.match(banned.stdout, /^Banned the login alice@example\.org until /);
  await daemon.api.import({ bans: [{ subject: 'login:BOB', until: null, reason: 'a test' }] });
  assert.deepEqual((await daemon.api.bans(false)).bans.map(({ subject }) => subject).sort(), [
    'alice@example.org',
    'bob@example.org',
  ]);
});

test('Stalwart is told of bans and locks, and they end there although the daemon was killed in between', async (t) => {
  const server = await new StalwartDouble('0.15').start(t);
  const alice = server.account('alice', ['alice@example.org']);
  const host = await hostWithLog(`[stalwart.api]\nurl = "${server.url}"\ntoken-file = "FOLDER/token"\n`);
  t.after(() => host.remove());
  await writeFile(host.path('token'), `${TOKEN}\n`);
  const daemon = await host.start();
  const { enforcers } = await daemon.api.status();
  assert.deepEqual(
    enforcers.map(({ name, logins }) => [name, logins]),
    [
      ['none', null],
      ['Stalwart', 'does not stop guesses'],
    ],
  );
  await host.command('ban', '--login', 'alice');
  await host.command('ban', '192.0.2.1', '--for', '2s');
  await host.command('ban', '2001:db8:5::1', '--permanent');
  assert.deepEqual(alice.disabledPermissions, ['authenticate']);
  assert.ok(server.blocked.includes('2001:db8:5::1'), server.blocked.join());
  await daemon.kill();
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  await host.start();
  await until('the end of one ban', () => server.blocked.join() === '2001:db8:5::1');
  await host.command('unban', '--all');
  assert.deepEqual(server.blocked, []);
  assert.deepEqual(alice.disabledPermissions, []);
});
