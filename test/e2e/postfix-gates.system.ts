/**
 * A real Postfix asks the daemon: banned addresses are refused where it is configured so, a locked login sends nothing but
 * from where its owner is known, nothing of that counts as a failure, and without the daemon mail flows. The firewall has
 * nothing to do with it: it guards a port that nobody uses. Needs root.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type DaemonProcess, until } from '../support/daemon.ts';
import { type GuardedHost, guardedHost } from '../support/guarded-host.ts';
import type { Step } from '../support/mail-client.ts';
import { ALICE, type MailServers, startMailServers } from '../support/mail-servers.ts';
import { CLIENT4, CLIENT6, SERVER4, SERVER6 } from '../support/netns.ts';

const CLIENT = fileURLToPath(new URL('../support/mail-client.ts', import.meta.url));
const [BANNED, OWNER, STRANGER] = CLIENT4;
const [BANNED6, , STRANGER6] = CLIENT6;
const UNUSED_PORT = 9;
const SETTINGS = `
authentication = "3/1h"
login = "off"
invalid-rcpt = "1/1h"
loitering = "1/1h"
scan = "1/1h"
[login]
known-good-ipv4 = 32
`;
const TEXT = 'No, says the test';
/** As docs/postfix.md has it, but for a shorter time. */
const MAIN = 'tailban = check_policy_service { unix:private/tailban, timeout=1s, default_action=DUNNO }\n';
const MAPS = 'socketmap:inet:127.0.0.1:10032';
const [AT_CONNECT, AT_RCPT, SUBMISSION, BY_MAPS] = [2525, 2526, 2527, 2528] as const;
const SERVICES = `
${AT_CONNECT} inet n - n - - smtpd -o smtpd_sasl_auth_enable=yes -o smtpd_delay_reject=no
  -o smtpd_client_restrictions=$tailban
${AT_RCPT} inet n - n - - smtpd
  -o { smtpd_recipient_restrictions = $tailban, reject_unauth_destination }
${SUBMISSION} inet n - n - - smtpd -o smtpd_sasl_auth_enable=yes
  -o smtpd_sender_restrictions=$tailban
${BY_MAPS} inet n - n - - smtpd -o smtpd_sasl_auth_enable=yes
  -o { smtpd_client_restrictions = check_client_access ${MAPS}:client }
  -o { smtpd_sender_restrictions = check_sasl_access ${MAPS}:sasl }
`;

let host: GuardedHost;
let servers: MailServers | undefined;
let daemon: DaemonProcess;

before(async () => {
  host = await guardedHost(SETTINGS, { logs: ['mail.log', 'dovecot.log'], ports: [UNUSED_PORT] });
  const socket = join(host.folder, 'spool/private/tailban');
  await appendFile(
    configFile(),
    `[postfix]
action = "reject"
text = "${TEXT}"
policy.listen = "unix:${socket}"
socketmap.listen = "127.0.0.1:10032"
`,
  );
  servers = await startMailServers(host.net, host.folder, { main: MAIN, master: SERVICES });
  daemon = await host.start();
  await until('the socket for Postfix', () => existsSync(socket));
});
after(async () => {
  await servers?.stop();
  await host.remove();
});

test('banned addresses are refused, others are served, over IPv4 and IPv6', async () => {
  await host.admin('ban', BANNED, '--force');
  await host.admin('ban', '2001:db8:1::/64', '--force');
  for (const from of [BANNED, BANNED6]) {
    assert.equal(await talk(from, AT_CONNECT, [{ answer: `^554 .*${TEXT}` }]), 'done');
    const goOn = [
      { send: 'EHLO x', answer: '^503 ' },
      { ...login, answer: '^503 ' },
    ];
    assert.equal(await talk(from, AT_CONNECT, [{ answer: '^554 ' }, ...goOn, quit]), 'done');
    for (const port of [AT_RCPT, BY_MAPS])
      assert.equal(await talk(from, port, [...hello, sender, refused, quit]), 'done');
  }
  for (const from of [STRANGER, STRANGER6])
    for (const port of [AT_CONNECT, AT_RCPT, BY_MAPS])
      assert.equal(await talk(from, port, [...hello, ...mail, quit]), 'done');
});

test('a locked login sends nothing, but from where its owner is known', async () => {
  assert.equal(await talk(OWNER, SUBMISSION, [...hello, login, ...mail, quit]), 'done');
  await until('the daemon to know the owner', async () => (await daemon.api.status()).events.success === 1);
  await host.admin('ban', '--login', ALICE.name);
  assert.equal(await talk(STRANGER, SUBMISSION, [...hello, login, sender, refused, refused, quit]), 'done');
  const stubborn = Array.from({ length: ERRORS - 1 }, () => refused);
  assert.equal(await talk(STRANGER, SUBMISSION, [...hello, login, sender, ...stubborn, tooMany]), 'done');
  assert.equal(await talk(OWNER, SUBMISSION, [...hello, login, ...mail, quit]), 'done');
  assert.equal(await talk(STRANGER, AT_RCPT, [...hello, ...mail, quit]), 'done', 'nobody has logged in there');
  // A lookup table is asked about the login alone, so it spares nobody.
  for (const from of [STRANGER, OWNER])
    assert.equal(await talk(from, BY_MAPS, [...hello, login, sender, refused, quit]), 'done');
});

test('nothing of that counts as a failure', async () => {
  assert.match(await log(), /too many errors after RCPT/);
  await until('the log to be read', async () => {
    const { sources } = await daemon.api.status();
    return sources.every(({ origins }) => origins.every((origin) => origin.offset === origin.size));
  });
  assert.equal((await daemon.api.status()).bans.active, 3);
  await nothingCounts();
});

test('a lookup table can be asked by hand', async () => {
  const { stdout } = await host.net.serverRun(['postmap', '-q', BANNED, `${MAPS}:client`]);
  assert.equal(stdout, `REJECT ${TEXT}`);
  const unknown = await host.net.serverRun(['postmap', '-q', STRANGER, `${MAPS}:client`]);
  assert.deepEqual([unknown.exitCode, unknown.stdout], [1, '']);
  const { stderr } = await host.net.serverRun(['postmap', '-q', STRANGER, `${MAPS}:clients`]);
  assert.match(stderr, /there are only the maps "client" and "sasl"/);
});

test('who is free again is served at once', async () => {
  await host.admin('unban', BANNED);
  await host.admin('unban', '--login', ALICE.name);
  assert.equal(await talk(BANNED, AT_CONNECT, [...hello, ...mail, quit]), 'done');
  assert.equal(await talk(BANNED, BY_MAPS, [...hello, login, ...mail, quit]), 'done');
  assert.equal(await talk(STRANGER, SUBMISSION, [...hello, login, ...mail, quit]), 'done');
  await nothingCounts();
});

test('a reload changes what Postfix is told, and Postfix finds its way back', async () => {
  const answers = { defer: `^450 4\\.7\\.1 .*${TEXT}`, 'hang-up': `^421 4\\.7\\.0 .*${TEXT}`, reject: refused.answer };
  for (const [action, answer] of Object.entries(answers)) {
    const config = await readFile(configFile(), 'utf8');
    await writeFile(configFile(), config.replace(/^action = .*$/m, `action = "${action}"`));
    await host.admin('reload');
    for (const port of [AT_RCPT, BY_MAPS])
      assert.equal(await talk(BANNED6, port, [...hello, sender, { ...refused, answer }]), 'done');
    assert.equal(await talk(BANNED6, AT_CONNECT, [{ answer }]), 'done');
  }
  await nothingCounts();
});

test('a daemon that hangs stops no mail', async () => {
  daemon.signal('SIGSTOP');
  assert.equal(await talk(BANNED6, AT_RCPT, [...hello, ...mail, quit]), 'done');
  daemon.signal('SIGCONT');
  assert.equal(await talk(BANNED6, AT_RCPT, [...hello, sender, refused, quit]), 'done');
});

test('without the daemon the policy service stops no mail, and a lookup table defers it', async () => {
  await daemon.kill();
  assert.equal(await talk(STRANGER, AT_CONNECT, [...hello, ...mail, quit]), 'done');
  assert.equal(await talk(BANNED6, AT_RCPT, [...hello, ...mail, quit]), 'done');
  assert.equal(await talk(STRANGER, SUBMISSION, [...hello, login, ...mail, quit]), 'done');
  const deferred: Step = { send: `RCPT TO:<${ALICE.name}>`, answer: '^451 4\\.3\\.' };
  assert.equal(await talk(STRANGER, BY_MAPS, [...hello, sender, deferred, quit]), 'done');

  daemon = await host.start();
  await until('Postfix to be answered again', async () => {
    await host.admin('ban', BANNED, '--force');
    return (await talk(BANNED, AT_RCPT, [...hello, sender, refused, quit])) === 'done';
  });
});

const hello: readonly Step[] = [{ answer: '^220 ' }, { send: 'EHLO client.example.net', answer: '^250 ' }];
const response = Buffer.from(`\0${ALICE.name}\0${ALICE.password}`).toString('base64');
const login: Step = { send: `AUTH PLAIN ${response}`, answer: '^235 ' };
const sender: Step = { send: 'MAIL FROM:<s@example.net>', answer: '^250 ' };
const refused: Step = { send: `RCPT TO:<${ALICE.name}>`, answer: `^554 5\\.7\\.1 .*${TEXT}` };
/** smtpd_hard_error_limit */
const ERRORS = 20;
const tooMany: Step = { ...refused, answer: '^421 ' };
const mail: readonly Step[] = [
  sender,
  { send: `RCPT TO:<${ALICE.name}>`, answer: '^250 ' },
  { send: 'DATA', answer: '^354 ' },
  { send: 'Subject: test\r\n\r\nhello\r\n.', answer: '^250 ' },
];
const quit: Step = { send: 'QUIT', answer: '^221 ' };

/** How a conversation ended: `done`, or with what it could not go on. */
async function talk(from: string, port: number, steps: readonly Step[]): Promise<string> {
  const to = from.includes(':') ? SERVER6 : SERVER4;
  const peer = host.net.spawn(host.net.client, [process.execPath, CLIENT, JSON.stringify({ from, to, port, steps })]);
  for (let n = 0; n <= steps.length; n++) {
    const line = await peer.line();
    if (['done', 'closed', 'silence', 'ECONNRESET', 'ECONNREFUSED'].includes(line)) return line;
  }
  return 'endless';
}

/** The numbers at the end of a connection tell of an AUTH that a banned address was refused, which counts no more. */
async function nothingCounts(): Promise<void> {
  const { events, subjects } = await daemon.api.status();
  const { 'invalid-rcpt': recipients, loitering, scan } = events;
  assert.deepEqual({ recipients, loitering, scan, subjects }, { recipients: 0, loitering: 0, scan: 0, subjects: 0 });
}

function configFile(): string {
  return join(host.folder, 'tailban.toml');
}

function log(): Promise<string> {
  return readFile(servers?.mailLog ?? '', 'utf8');
}
