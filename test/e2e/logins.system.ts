/**
 * A distributed attack on one login of a real Dovecot and a real Postfix behind it, which ask the daemon: 200 addresses
 * each fail twice, then nobody gets in from a new address, not even with the right password, but the owner does from where
 * she is known, and other logins are untouched. Reports and two logs tell of it all, and each attempt counts once. Needs
 * root, and installs Debian's packages of both servers where they are missing.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { commandRunner } from '../../src/enforce/command.ts';
import { type DaemonProcess, until } from '../support/daemon.ts';
import { type GuardedHost, guardedHost } from '../support/guarded-host.ts';
import type { Conversation, Step } from '../support/mail-client.ts';
import { ALICE, BOB, IMAP, type MailServers, SUBMISSION, startMailServers } from '../support/mail-servers.ts';
import { SERVER4 } from '../support/netns.ts';

const CROWD = fileURLToPath(new URL('../support/mail-crowd.ts', import.meta.url));
const ATTACKERS = Array.from({ length: 200 }, (_, n) => `10.1.${n}.9`);
/** Two addresses of one known network, and two of nobody's. */
const [OWNER, OFFICE, STRANGER, OTHER] = ['10.2.0.5', '10.2.0.77', '10.3.0.1', '10.3.1.1'] as const;
const MESSAGE = 'Locked, says the test';
const LIMIT = 10;
const SETTINGS = `
authentication = "50/1h"
login = "${LIMIT}/1h"
loitering = "off"
ban-time = "1h"
[dovecot.auth-policy]
listen = "127.0.0.1:4001"
key = "key-of-the-test"
max-delay = "off"
message = "${MESSAGE}"
`;
const DOVECOT = `
auth_policy_server_url = http://127.0.0.1:4001/
auth_policy_server_api_header = "X-API-Key: key-of-the-test"
auth_policy_hash_nonce = nonce-of-the-test
auth_failure_delay = 0
`;

let host: GuardedHost;
let servers: MailServers | undefined;
let daemon: DaemonProcess;
let crowds = 0;

before(async () => {
  host = await guardedHost(SETTINGS, { logs: ['mail.log', 'dovecot.log'], ports: [IMAP, SUBMISSION] });
  const { client, server } = host.net;
  for (const address of [...ATTACKERS, OWNER, OFFICE, STRANGER, OTHER])
    execFileSync('ip', ['-n', client, 'addr', 'add', `${address}/32`, 'dev', 'wire']);
  execFileSync('ip', ['-n', server, 'route', 'add', '10.0.0.0/8', 'dev', 'wire']);
  servers = await startMailServers(host.net, host.folder, { dovecot: DOVECOT });
  daemon = await host.start();
  await daemon.says(/Dovecot auth policy listens on 127\.0\.0\.1:4001/);
});
after(async () => {
  await servers?.stop();
  await host.remove();
});

test('a login that many addresses guess at is locked, but not for its owner, and not for longer than it is to be', async () => {
  assert.deepEqual(await logins(OWNER, ALICE), ['a OK', '235 ']);

  const guesses = ATTACKERS.map((from, n) => {
    const [first, second] = [`guess ${n}`, `another guess ${n}`];
    return n % 2 === 0
      ? { from, port: IMAP, steps: [greeted, imap(ALICE.name, first), imap(ALICE.name, second), logout] }
      : { from, port: SUBMISSION, steps: [...hello, plain(ALICE.name, first), plain(ALICE.name, second), quit] };
  });
  const answers = await crowd(guesses);
  const refusals = answers.flat().filter((answer) => /^(?:a NO|535) /.test(answer));
  assert.equal(refusals.length, ATTACKERS.length * 2, JSON.stringify(answers.slice(0, 4)));
  assert.ok(
    refusals.at(-2)?.includes(MESSAGE) || refusals.at(-4)?.includes(MESSAGE),
    'the last guesses are not even tried',
  );
  assert.match(await host.admin('list'), /login alice@example\.org/);

  assert.deepEqual(await logins(STRANGER, ALICE), [`a NO [ALERT] ${MESSAGE}`, '535 5.7.8']);
  assert.deepEqual(await logins(OWNER, ALICE), ['a OK', '235 ']);
  assert.deepEqual(await logins(OFFICE, ALICE), ['a OK', '235 ']);
  assert.deepEqual(await logins(STRANGER, BOB), ['a OK', '235 ']);

  // Each attempt once, whatever tells of it: the report, the log of Dovecot and that of Postfix. What was refused, never.
  const refused = (await bothLogs()).match(/Authentication failure due to policy server refusal/g)?.length ?? 0;
  await until('the logs to be read', async () => (await daemon.api.status()).events.success >= 8);
  const { events, bans } = await daemon.api.status();
  assert.ok(events.authentication >= LIMIT && events.authentication <= 2 * LIMIT + 20, String(events.authentication));
  const expected = [ATTACKERS.length * 2 + 2 - refused, 8, 1];
  assert.deepEqual([events.authentication, events.success, bans.active], expected, await bothLogs());
  assert.equal(failuresOf(STRANGER), 0, 'what was refused does not count');

  await host.admin('unban', '--login', ALICE.name);
  assert.deepEqual(await logins(STRANGER, ALICE), ['a OK', '235 ']);

  await host.admin('ban', '--login', ALICE.name, '--for', '3s');
  assert.match((await logins(OTHER, ALICE)).join(' '), /^a NO .* 535 /);
  await until('the end of the lock', async () => (await daemon.api.status()).bans.active === 0);
  assert.deepEqual(await logins(OTHER, ALICE), ['a OK', '235 ']);

  const again = Array.from({ length: 3 }, () => imap(BOB.name, 'an old password'));
  await crowd([{ from: STRANGER, port: IMAP, steps: [greeted, ...again, logout] }]);
  await until('the next checkpoint', () => failuresOf(STRANGER) > 0);
  assert.equal(failuresOf(STRANGER), 1, 'a device that repeats an old password');

  await delayAtMost('2s');
  const wrong = Array.from({ length: 4 }, (_, n) => imap(BOB.name, `wrong ${n}`));
  await crowd([{ from: OTHER, port: IMAP, steps: [greeted, ...wrong, logout] }]);
  const start = performance.now();
  assert.deepEqual(await logins(OTHER, BOB), ['a OK', '235 ']);
  assert.ok(performance.now() - start > 1_900, 'after four failures, even the right password takes two seconds');

  assert.equal(await daemon.stop(), 0);
  assert.deepEqual(await logins(OTHER, BOB), ['a OK', '235 '], 'mail goes on without the daemon');
});

const greeted: Step = { answer: '^\\* OK' };
const hello: readonly Step[] = [{ answer: '^220 ' }, { send: 'EHLO client.example.net', answer: '^250 ' }];
const logout: Step = { send: 'z LOGOUT', answer: '^z OK' };
const quit: Step = { send: 'QUIT', answer: '^221 ' };

function imap(name: string, password: string): Step {
  return { send: `a LOGIN "${name}" "${password}"`, answer: '^a (?:OK|NO [^\\r]*)' };
}

function plain(name: string, password: string): Step {
  const response = Buffer.from(`\0${name}\0${password}`).toString('base64');
  return { send: `AUTH PLAIN ${response}`, answer: '^(?:235 |535 5\\.7\\.8)' };
}

/** What IMAP and submission say to a login with the right password. */
async function logins(from: string, { name, password }: { name: string; password: string }): Promise<string[]> {
  const [first = [], second = []] = await crowd([
    { from, port: IMAP, steps: [greeted, imap(name, password), logout] },
    { from, port: SUBMISSION, steps: [...hello, plain(name, password), quit] },
  ]);
  return [first[1] ?? first.join(), second[2] ?? second.join()];
}

/** Gives the gate another setting while everything runs. */
async function delayAtMost(delay: string): Promise<void> {
  const path = join(host.folder, 'tailban.toml');
  const config = await readFile(path, 'utf8');
  await writeFile(path, config.replace('max-delay = "off"', `max-delay = "${delay}"`));
  const listens = /Dovecot auth policy listens/;
  const from = daemon.output().length;
  await host.admin('reload');
  await daemon.says(listens, from);
}

async function crowd(conversations: readonly Omit<Conversation, 'to'>[]): Promise<string[][]> {
  const path = join(host.folder, `crowd-${crowds++}.json`);
  await writeFile(path, JSON.stringify(conversations.map((one) => ({ to: SERVER4, ...one }))));
  const prefix = ['ip', 'netns', 'exec', host.net.client];
  const run = commandRunner({ prefix, timeout: 60_000 });
  const { exitCode, stdout, stderr } = await run([process.execPath, CROWD, path]);
  assert.equal(exitCode, 0, stderr);
  return JSON.parse(stdout) as string[][];
}

function failuresOf(subject: string): number {
  const db = new DatabaseSync(host.store, { readOnly: true });
  const rows = db.prepare('SELECT length(times) / 8 AS count FROM counters WHERE subject = ?').all(subject);
  db.close();
  return rows.reduce((sum, { count }) => sum + Number(count), 0);
}

async function bothLogs(): Promise<string> {
  const texts = [servers?.mailLog, servers?.dovecotLog].map((path) => readFile(path ?? '', 'utf8').catch(() => ''));
  return (await Promise.all(texts)).join('\n');
}
