/**
 * Attacks on a real Postfix and a real Dovecot, from addresses of our own inside a namespace: who attacks ends up in the
 * kernel's sets, every attempt has counted once although up to three layers in two logs tell of it, and who makes a
 * user's mistakes stays connected. Needs root, and installs Debian's packages of both servers where they are missing.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type DaemonProcess, isAlive, until } from '../support/daemon.ts';
import { type GuardedHost, guardedHost, untilKernel } from '../support/guarded-host.ts';
import type { Conversation, Step } from '../support/mail-client.ts';
import { ALICE, IMAP, type MailServers, SMTP, SUBMISSION, startMailServers } from '../support/mail-servers.ts';
import { CLIENT4, CLIENT6, type Peer, SERVER4, SERVER6 } from '../support/netns.ts';

const CLIENT = fileURLToPath(new URL('../support/mail-client.ts', import.meta.url));
const SETTINGS = `
authentication = "6/1h"
login = "off"
invalid-rcpt = "5/1h"
loitering = "10/1h"
scan = "2/1h"
ban-time = "1h"
increment = "off"
`;
const [GUESSER, INNOCENT] = CLIENT4;
const [DICTIONARY, SCANNER, CAREFUL] = ['192.0.2.50', '192.0.2.51', '192.0.2.52'] as const;
/** By then an attempt that only the auth process told of would have counted. */
const ECHO_WAIT = 33_000;

let host: GuardedHost;
let servers: MailServers | undefined;
let daemon: DaemonProcess;

before(async () => {
  host = await guardedHost(SETTINGS, { logs: ['mail.log', 'dovecot.log'], ports: [SMTP, SUBMISSION, IMAP] });
  for (const address of [DICTIONARY, SCANNER, CAREFUL])
    execFileSync('ip', ['-n', host.net.client, 'addr', 'add', `${address}/24`, 'dev', 'wire']);
  servers = await startMailServers(host.net, host.folder);
  daemon = await host.start();
});
after(async () => {
  await servers?.stop();
  await host.remove();
});

test('attackers are banned, each attempt counts once, and a user who mistypes is left alone', async () => {
  const customer = talk({ from: INNOCENT, port: IMAP, steps: imap(ALICE.password), stay: 'n NOOP' });
  await ended(customer, 'done');
  await all([
    { from: INNOCENT, port: IMAP, steps: [...imap('oops'), ...logout] },
    { from: INNOCENT, port: SUBMISSION, steps: [...greeting, login(ALICE.password, 235), ...mail(6), quit] },
    { from: CAREFUL, port: SUBMISSION, steps: [...greeting, login('1', 535), login('2', 535), forged.smtp, quit] },
    { from: CAREFUL, port: IMAP, steps: [...imap('4'), wrong('5'), forged.imap, ...logout] },
  ]);
  await all([
    ...[1, 2, 3].map((n) => ({
      from: GUESSER,
      port: SUBMISSION,
      steps: [...greeting, login(`a${n}`, 535), login(`b${n}`, 535)],
    })),
    ...[0, 1, 0].map((n) => ({
      from: CLIENT6[n] ?? '',
      to: SERVER6,
      port: IMAP,
      steps: [...imap('123456'), wrong('password')],
    })),
    { from: DICTIONARY, port: SMTP, steps: [...greeting, ...mail(5), quit] },
    ...[1, 2].map(() => ({
      from: SCANNER,
      port: SMTP,
      steps: [{ answer: '^220 ' }, { send: 'GET / HTTP/1.1', answer: '^221 ' }],
    })),
  ]);
  const last = Date.now();
  for (const subject of [GUESSER, '2001:db8:1::/64', DICTIONARY, SCANNER]) await untilKernel(host, subject);

  assert.equal((await host.inKernel()).length, 4);
  for (const from of [GUESSER, DICTIONARY, SCANNER])
    assert.equal(await host.net.probe({ from, to: SERVER4, port: SMTP }), 'timeout', from);
  for (const from of [INNOCENT, CAREFUL])
    assert.equal(await host.net.probe({ from, to: SERVER4, port: SUBMISSION }), 'connected', from);
  assert.equal(await host.net.probe({ from: CLIENT6[1], to: SERVER6, port: IMAP }), 'timeout');
  assert.equal(await host.net.probe({ from: CLIENT6[2], to: SERVER6, port: IMAP }), 'connected');

  await until('every echo to have had its time', () => Date.now() > last + ECHO_WAIT, ECHO_WAIT + 1_000);
  assert.ok(isAlive(customer.pid), 'the connection of the customer is in use until the end');
  await customer.stop();
  const { events, bans, sources } = await daemon.api.status();
  const logs = await bothLogs();
  const count = { authentication: events.authentication, 'invalid-rcpt': events['invalid-rcpt'], scan: events.scan };
  // One of INNOCENT, 5 of CAREFUL, 6 each of the two who guess.
  assert.deepEqual(count, { authentication: 18, 'invalid-rcpt': 5, scan: 2 }, logs);
  assert.equal(bans.active, 4);
  assert.deepEqual(
    sources.map(({ state }) => state),
    ['reading', 'reading'],
  );
  assert.equal(await daemon.stop(), 0);
  assert.deepEqual(failures(), { [CAREFUL]: 5, [INNOCENT]: 1 }, logs);
});

const greeting: readonly Step[] = [{ answer: '^220 ' }, { send: 'EHLO client.example.net', answer: '^250 ' }];
const quit: Step = { send: 'QUIT', answer: '^221 ' };
/** A mechanism that is none. Behind it Dovecot does not tell the number of failed logins any more. */
const forged: Readonly<Record<'smtp' | 'imap', Step>> = {
  smtp: { send: 'AUTH "X authentication failed: Connection lost to authentication server" x', answer: '^535 ' },
  imap: { send: `b AUTHENTICATE "X>,rip=${INNOCENT},lip=${SERVER4}`, answer: '^b NO' },
};
const logout: readonly Step[] = [{ send: 'z LOGOUT', answer: '^z OK' }];

function login(password: string, answer: number): Step {
  const response = Buffer.from(`\0${ALICE.name}\0${password}`).toString('base64');
  return { send: `AUTH PLAIN ${response}`, answer: `^${answer} ` };
}

/** A mail to recipients that do not exist. */
function mail(recipients: number): Step[] {
  const refused = Array.from({ length: recipients }, (_, n) => ({
    send: `RCPT TO:<nobody${n}@example.org>`,
    answer: '^550 ',
  }));
  return [{ send: 'MAIL FROM:<s@example.net>', answer: '^250 ' }, ...refused];
}

function imap(password: string): Step[] {
  return [{ answer: '^\\* OK' }, wrong(password)];
}

/** One LOGIN, which also may be right. */
function wrong(password: string): Step {
  const answer = password === ALICE.password ? '^a OK' : '^a NO';
  return { send: `a LOGIN ${ALICE.name} ${password}`, answer };
}

function talk(conversation: Omit<Conversation, 'to'> & { readonly to?: string }): Peer {
  return host.net.spawn(host.net.client, [process.execPath, CLIENT, JSON.stringify({ to: SERVER4, ...conversation })]);
}

/** Has all these conversations at the same time; those of an attacker may be cut. */
async function all(conversations: readonly Parameters<typeof talk>[0][]): Promise<void> {
  await Promise.all(conversations.map((one) => ended(talk(one), 'done', 'closed', 'ECONNRESET')));
}

async function ended(peer: Peer, ...words: readonly string[]): Promise<void> {
  for (;;) {
    const line = await peer.line();
    if (words.includes(line)) return;
    assert.notEqual(line, 'silence');
  }
}

function failures(): Record<string, number> {
  const db = new DatabaseSync(host.store, { readOnly: true });
  const rows = db
    .prepare(`SELECT subject, length(times) / 8 AS count FROM counters WHERE kind = 'authentication'`)
    .all();
  db.close();
  return Object.fromEntries(rows.map(({ subject, count }) => [String(subject), Number(count)]));
}

async function bothLogs(): Promise<string> {
  const texts = [servers?.mailLog, servers?.dovecotLog].map((path) => readFile(path ?? '', 'utf8').catch(() => ''));
  return (await Promise.all(texts)).join('\n');
}
