/**
 * `tailban doctor` on a host with a real Postfix, a real Dovecot, a daemon and its firewall, all in a namespace: what it says
 * while all is well, and what it finds once settings are wrong or the daemon is gone. Needs root, and installs Debian's
 * packages of both servers where they are missing.
 */
import assert from 'node:assert/strict';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Finding } from '../../src/doctor/finding.ts';
import { type DaemonProcess, until } from '../support/daemon.ts';
import { type GuardedHost, guardedHost } from '../support/guarded-host.ts';
import { IMAP, type MailServers, SUBMISSION, startMailServers } from '../support/mail-servers.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const GATE = '127.0.0.1:4001';
/** What depends on this machine and not on what is tried here. */
const OF_THIS_MACHINE = ['service', 'clock', 'neighbours', 'containers', 'storage', 'exim', 'stalwart'];

let host: GuardedHost;
let servers: MailServers | undefined;
let daemon: DaemonProcess;

before(async () => {
  host = await guardedHost(`login = "10/1h"\n[dovecot.auth-policy]\nlisten = "${GATE}"`, {
    logs: ['mail.log', 'dovecot.log'],
    ports: [IMAP, SUBMISSION],
  });
  servers = await startMailServers(host.net, host.folder, {
    dovecot: `auth_policy_server_url = http://${GATE}/\nauth_policy_hash_nonce = abc\nauth_verbose_passwords = sha1:6\n`,
  });
  daemon = await host.start();
});
after(async () => {
  await servers?.stop();
  await host.remove();
});

/** The findings that are told here, as `check severity: what`, and the exit code. */
async function doctor(): Promise<{ readonly found: readonly string[]; readonly code: number }> {
  const { folder, net } = host;
  const paths = ['--config', join(folder, 'tailban.toml'), '--socket', join(folder, 'tailban.sock')];
  const env = { MAIL_CONFIG: join(folder, 'postfix'), CONFIG_FILE: join(folder, 'dovecot.conf'), SSH_CONNECTION: '' };
  const argv = [process.execPath, '--disable-warning=ExperimentalWarning', MAIN, 'doctor', '--json', ...paths] as const;
  const { stdout, stderr, exitCode } = await net.serverRun(argv, '', env);
  assert.equal(stderr, '');
  const { findings } = JSON.parse(stdout) as { readonly findings: readonly Finding[] };
  const found = findings
    .filter(({ check }) => !OF_THIS_MACHINE.includes(check))
    .map(({ check, severity, what }) => `${check} ${severity}: ${what}`);
  return { found, code: exitCode };
}
const bad = (found: readonly string[]): readonly string[] => found.filter((one) => / (?:warning|problem): /.test(one));

test('a host in order has nothing to see to', async () => {
  await host.admin('ban', '198.51.100.7');
  const { found } = await doctor();
  assert.deepEqual(bad(found), []);
  const text = found.join('\n');
  for (const pattern of [
    /^daemon ok: tailban .* has been running/m,
    /^logs ok: The source "log0" reads .*mail\.log/m,
    /^dovecot ok: Dovecot tells each failed login/m,
    /^dovecot ok: Dovecot asks tailban at http:\/\/127\.0\.0\.1:4001\/$/m,
    /^firewall ok: Addresses are banned by nftables, as configured$/m,
    /^firewall ok: A ban was tried in a network of its own, and it blocks/m,
    /^logins ok: Locked logins are refused: Dovecot asks$/m,
  ])
    assert.match(text, pattern);
});

test('a ban is found in the firewall', async () => {
  await until('the ban to be older than a moment', async () => {
    const { bans, now } = await daemon.api.bans(false);
    return bans.every(({ since }) => now - since > 5_000);
  });
  assert.match((await doctor()).found.join('\n'), /^firewall ok: All 1 bans are in the firewall$/m);
});

test('settings that are wrong are found, each with its server', async () => {
  await appendFile(join(host.folder, 'postfix/main.cf'), 'maillog_file = /var/log/elsewhere.log\n');
  await appendFile(
    join(host.folder, 'dovecot.conf'),
    'auth_verbose = no\nauth_policy_server_url =\nlogin_log_format_elements = user=<%u>\n',
  );
  const { found, code } = await doctor();
  assert.equal(code, 2);
  const wrong = bad(found).join('\n');
  assert.match(wrong, /^postfix problem: Postfix logs to \/var\/log\/elsewhere\.log, which no source reads$/m);
  assert.match(wrong, /^dovecot warning: .*\(auth_verbose = no\)/m);
  assert.match(wrong, /^dovecot problem: Dovecot does not log the addresses of clients/m);
  assert.match(wrong, /^dovecot problem: tailban listens for Dovecot at 127\.0\.0\.1:4001, but Dovecot asks nothing/m);
  assert.equal(wrong.split('\n').length, 4, wrong);
});

test('a configuration that the daemon has not read, and a daemon that hangs, are found', async () => {
  const config = join(host.folder, 'tailban.toml');
  const before = await readFile(config, 'utf8');
  await writeFile(config, before.replace('login = "10/1h"', 'login = "20/1h"'));
  assert.match(
    bad((await doctor()).found).join('\n'),
    /^daemon warning: The configuration was changed after tailban had read it: limits$/m,
  );
  await writeFile(config, before);
  daemon.signal('SIGSTOP');
  const { found, code } = await doctor();
  daemon.signal('SIGCONT');
  assert.equal(code, 2);
  assert.match(found.join('\n'), /^daemon problem: The daemon at .* has not answered for 5 seconds$/m);
});

test('a daemon that was killed, and a configuration that cannot be used, are problems', async () => {
  await daemon.kill();
  await appendFile(join(host.folder, 'tailban.toml'), 'nonsense = 1\n');
  const { found, code } = await doctor();
  assert.equal(code, 2);
  assert.match(found.join('\n'), /^config problem: .*tailban\.toml:\d+:1: Unknown setting store\.nonsense/m);
  assert.match(found.join('\n'), /^daemon problem: tailban is not running/m);
});
