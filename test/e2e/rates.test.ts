/** Rates as the daemon keeps them by what logs tell: short bans, what status and explain say of them, and restarts. */
import assert from 'node:assert/strict';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import { type DaemonProcess, until } from '../support/daemon.ts';
import { fails, type SmallHost, smallHost, untilFailures, untilStatus } from '../support/small-host.ts';

const ATTACKER = '198.51.100.40';

async function hostOf(t: TestContext, config: string): Promise<SmallHost> {
  const host = await smallHost(config);
  t.after(() => host.remove());
  return host;
}

/** As nginx writes it by our own format. */
function requests(ip: string, times: number, path: string, own: { user?: string; status?: number } = {}): string {
  const { user = '-', status = 200 } = own;
  const stamp = new Date().toUTCString().replace(/^\w+, (\d+) (\w+) (\d+) (\S+) GMT$/, '$1/$2/$3:$4 +0000');
  const line = `${ip} - ${user} [${stamp}] "GET ${path} HTTP/1.1" ${status} 12 "-" "test" took=0.001s id=- auth=- xff="-" forwarded="-"\n`;
  return line.repeat(times);
}

async function shortBan(daemon: DaemonProcess): Promise<{ subject: string; left: number; reason: string }> {
  await untilStatus(daemon, 'a ban', ({ bans }) => bans.active === 1);
  const { now, bans } = await daemon.api.bans(true);
  const [ban] = bans;
  assert.equal(ban?.cause, 'rate-limit');
  assert.ok(ban.until !== null);
  return { subject: ban.subject, left: ban.until - now, reason: ban.reason };
}

test('ten failed logins in a minute shut an address out until there is room, over a restart too', async (t) => {
  const host = await hostOf(t, '[source.mail]\nfiles = ["FOLDER/mail.log"]\n');
  await host.write('mail.log');
  const daemon = await host.start();
  await host.write('mail.log', ...fails(host, ATTACKER, 9));
  await untilFailures(daemon, 9);
  assert.equal((await daemon.api.status()).bans.active, 0);
  await host.write('mail.log', ...fails(host, ATTACKER, 1));
  const { subject, left, reason } = await shortBan(daemon);
  assert.equal(subject, ATTACKER);
  assert.ok(left > 30_000 && left <= 60_000, String(left));
  assert.equal(reason, 'the rate for authentication is used up (10/1m), until there is room again');
  const { stdout } = await host.command('explain', ATTACKER);
  assert.match(stdout, /authentication +10 of 10 in 1m; refused until .*, in (?:1m|\d+s)/);
  assert.match(stdout, /authentication +10 of 100 in 1d/, 'the real limit counts on');
  assert.equal(await daemon.stop(), 0);
  const again = await host.start();
  assert.equal((await shortBan(again)).subject, ATTACKER);
  assert.equal((await host.command('unban', ATTACKER)).code, 0);
  assert.equal((await again.api.status()).bans.active, 0);
});

test('requests of an address without a login count by the paths that are limited', async (t) => {
  const host = await hostOf(t, '[source.web]\nfiles = ["FOLDER/access.log"]\nfilter = ["web-access"]\n');
  const log = host.path('access.log');
  await writeFile(log, '');
  const daemon = await host.start();
  await appendFile(
    log,
    requests('198.51.100.41', 300, '/webmail/logo.png') + requests('198.51.100.42', 99, '/jmap/session'),
  );
  await untilStatus(daemon, 'all requests', ({ events }) => events.request === 399);
  assert.equal((await daemon.api.status()).bans.active, 0);
  await appendFile(log, requests('198.51.100.42', 1, '/jmap/session'));
  assert.equal((await shortBan(daemon)).subject, '198.51.100.42');
  const { stdout } = await host.command('status');
  assert.match(stdout, /over the rate +198\.51\.100\.42 \(anonymous\), room again in (?:1m|\d+s)/);
});

test('behind a proxy the client is shut out, and only where it can be met', async (t) => {
  const web = '[source.web]\nfiles = ["FOLDER/access.log"]\nfilter = ["web-access"]\n';
  const deny = '[http.deny-file]\npath = "FOLDER/deny.conf"\n';
  const host = await hostOf(
    t,
    `[server]\ntrusted-proxies = "192.0.2.200"\n[jmap.rate-limit]\nuse-forwarded = true\nanonymous = "5/1m"\n${web}${deny}`,
  );
  const log = host.path('access.log');
  await writeFile(log, '');
  const daemon = await host.start();
  const through = (xff: string): string =>
    requests('192.0.2.200', 5, '/jmap/api').replaceAll('xff="-"', `xff="${xff}"`);
  await appendFile(log, through('203.0.113.5, 198.51.100.43'));
  assert.equal((await shortBan(daemon)).subject, '198.51.100.43');
  const denied = async (): Promise<boolean> =>
    /^deny 198\.51\.100\.43;$/m.test(await readFile(host.path('deny.conf'), 'utf8'));
  await until('the file for the proxy', denied);
  assert.match((await host.command('list')).stdout, /until there is room again, behind a proxy /);
  assert.match((await host.command('explain', '198.51.100.43')).stdout, /not in the firewall: known from a proxy only/);
  assert.deepEqual(await host.command('export', '--blocked-ip'), {
    code: 0,
    stdout: '',
    stderr: '1 ban left out: only until there is room in a rate again\n',
  });
  const forged = requests('198.51.100.44', 4, '/jmap/api').replaceAll('xff="-"', 'xff="198.51.100.99"');
  await appendFile(log, forged);
  await untilStatus(daemon, 'all requests', ({ events }) => events.request === 9);
  assert.match((await host.command('explain', '198.51.100.44')).stdout, /anonymous +4 of 5/);
  assert.equal((await daemon.api.status()).bans.active, 1);
});
