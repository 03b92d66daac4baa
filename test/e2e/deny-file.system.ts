/**
 * A distributed attack on one login of a real Dovecot and a real Postfix behind it, which look the login up in the file that
 * the daemon writes: after some guesses nobody gets in from a new address, but the owner does from where she is known, and
 * other logins are untouched. Needs root, and installs Debian's packages of both servers where they are missing.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { commandRunner } from '../../src/enforce/command.ts';
import { type DaemonProcess, until } from '../support/daemon.ts';
import { type GuardedHost, guardedHost } from '../support/guarded-host.ts';
import type { Conversation, Step } from '../support/mail-client.ts';
import { ALICE, BOB, IMAP, type MailServers, SUBMISSION, startMailServers } from '../support/mail-servers.ts';
import { SERVER4 } from '../support/netns.ts';

const CROWD = fileURLToPath(new URL('../support/mail-crowd.ts', import.meta.url));
const ATTACKERS = Array.from({ length: 200 }, (_, n) => `10.1.${n}.9`);
/** Two addresses of one known network, and one of nobody's. */
const [OWNER, OFFICE, STRANGER] = ['10.2.0.5', '10.2.0.77', '10.3.0.1'] as const;
const [IN, OUT] = [
  ['a OK', '235'],
  ['a NO', '535'],
];
/** Dovecot looks at the file once in a second of the clock. */
const NOTICED = 1_100;

let folder: string;
let host: GuardedHost;
let servers: MailServers | undefined;
let daemon: DaemonProcess;
let crowds = 0;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tailban-deny-'));
  await chmod(folder, 0o2750);
  const deny = join(folder, 'deny');
  const settings = `
authentication = "50/1h"
login = "10/1h"
loitering = "off"
[dovecot.deny-file]
path = "${deny}"
spare-owners = true
`;
  host = await guardedHost(settings, { logs: ['mail.log', 'dovecot.log'], ports: [IMAP, SUBMISSION] });
  const { client, server } = host.net;
  for (const address of [...ATTACKERS, OWNER, OFFICE, STRANGER])
    execFileSync('ip', ['-n', client, 'addr', 'add', `${address}/32`, 'dev', 'wire']);
  execFileSync('ip', ['-n', server, 'route', 'add', '10.0.0.0/8', 'dev', 'wire']);
  const passdb = `passdb {
  driver = passwd-file
  args = username_format=%Lu ${deny}
  result_success = return-fail
  result_failure = continue
  auth_verbose = no
}`;
  servers = await startMailServers(host.net, host.folder, { passdb, dovecot: 'auth_failure_delay = 0\n' });
  await chown(folder, 0, await groupOf('dovecot'));
  daemon = await host.start();
});
after(async () => {
  await servers?.stop();
  await host.remove();
  await rm(folder, { recursive: true, force: true });
});

test('a login that many addresses guess at is locked, but not for its owner, and not for longer than it is to be', async () => {
  assert.deepEqual(await logins(OWNER, ALICE), IN);
  await until('the owner to be known', async () => (await daemon.api.status()).events.success >= 1);
  await crowd(
    ATTACKERS.map((from, n) => ({
      from,
      port: n % 2 === 0 ? IMAP : SUBMISSION,
      steps:
        n % 2 === 0 ? [greeted, imap(ALICE, 'x'), imap(ALICE, 'y')] : [...hello, plain(ALICE, 'x'), plain(ALICE, 'y')],
    })),
  );
  await until('the lock', async () => (await daemon.api.status()).bans.active > 0);
  assert.match(await host.admin('list'), /alice@example\.org/);
  await sleep(NOTICED);
  assert.deepEqual(await logins(STRANGER, ALICE), OUT);
  assert.deepEqual(await logins(OWNER, ALICE), IN);
  assert.deepEqual(await logins(OFFICE, ALICE), IN);
  assert.deepEqual(await logins(STRANGER, BOB), IN);

  await host.admin('unban', '--login', ALICE.name);
  await sleep(NOTICED);
  assert.deepEqual(await logins(STRANGER, ALICE), IN);

  await host.admin('ban', '--login', ALICE.name, '--for', '4s');
  await sleep(NOTICED);
  assert.deepEqual(await logins('10.1.0.9', ALICE), OUT);
  await until('the end of the lock', async () => (await daemon.api.status()).bans.active === 0);
  await sleep(NOTICED + 1_000);
  assert.deepEqual(await logins('10.1.0.9', ALICE), IN);

  await host.admin('ban', '--login', ALICE.name);
  assert.equal(await daemon.stop(), 0);
  await sleep(NOTICED);
  assert.deepEqual(await logins('10.1.1.9', ALICE), OUT, 'a lock stays while the daemon is away');
  assert.deepEqual(await logins('10.1.1.9', BOB), IN);
});

const greeted: Step = { answer: '^\\* OK' };
const hello: readonly Step[] = [{ answer: '^220 ' }, { send: 'EHLO client.example.net', answer: '^250 ' }];

function imap({ name }: { readonly name: string }, password: string): Step {
  return { send: `a LOGIN ${name} ${password}`, answer: '^a (?:OK|NO)' };
}

function plain({ name }: { readonly name: string }, password: string): Step {
  const response = Buffer.from(`\0${name}\0${password}`).toString('base64');
  return { send: `AUTH PLAIN ${response}`, answer: '^(?:235|535)' };
}

/** What IMAP and submission say to a login with the right password. */
async function logins(from: string, user: { readonly name: string; readonly password: string }): Promise<string[]> {
  const [first = [], second = []] = await crowd([
    { from, port: IMAP, steps: [greeted, imap(user, user.password)] },
    { from, port: SUBMISSION, steps: [...hello, plain(user, user.password)] },
  ]);
  return [first.at(-1) ?? '', second.at(-1) ?? ''];
}

async function crowd(conversations: readonly Omit<Conversation, 'to'>[]): Promise<string[][]> {
  const path = join(host.folder, `crowd-${crowds++}.json`);
  await writeFile(path, JSON.stringify(conversations.map((one) => ({ ...one, to: SERVER4 }))));
  const run = commandRunner({ timeout: 120_000, prefix: ['ip', 'netns', 'exec', host.net.client] });
  const { exitCode, stdout, stderr } = await run([process.execPath, CROWD, path]);
  assert.equal(exitCode, 0, stderr);
  return JSON.parse(stdout) as string[][];
}

async function groupOf(name: string): Promise<number> {
  const line = (await readFile('/etc/group', 'utf8')).split('\n').find((text) => text.startsWith(`${name}:`));
  return Number(line?.split(':')[2]);
}
