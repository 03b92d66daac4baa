/**
 * The settings that are exported for Postfix and Dovecot, before real ones: they pass the servers' own tests, and enforce
 * our numbers. Needs root.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseConfig } from '../../src/config/load.ts';
import { dovecot } from '../../src/export/dovecot.ts';
import { postfixMain } from '../../src/export/postfix.ts';
import { until } from '../support/daemon.ts';
import type { Conversation } from '../support/mail-client.ts';
import { ALICE, BOB, IMAP, type MailServers, SUBMISSION, startMailServers } from '../support/mail-servers.ts';
import { CLIENT4, CLIENT6, type NetworkPair, networkPair, type Peer, SERVER4, SERVER6 } from '../support/netns.ts';

const CLIENT = fileURLToPath(new URL('../support/mail-client.ts', import.meta.url));
const [GUEST, NEIGHBOUR, FRIEND] = CLIENT4;
const { config } = parseConfig(
  `
[server]
allowed-ip = ["${FRIEND}", "${CLIENT6[0]}"]
[authentication]
rate-limit = "3/1h"
[jmap.protocol.request]
max-concurrent = 2
`,
  'tailban.toml',
);

let folder: string;
let net: NetworkPair;
let servers: MailServers | undefined;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tailban-export-'));
  net = await networkPair();
  servers = await startMailServers(net, folder, { main: postfixMain(config, '0'), dovecot: dovecot(config, '0') });
});
after(async () => {
  await servers?.stop();
  await net.remove();
  await rm(folder, { recursive: true, force: true });
});

test('the tests of Postfix and Dovecot find nothing to complain of', async () => {
  for (const argv of [
    ['postfix', '-c', join(folder, 'postfix'), 'check'],
    ['postconf', '-c', join(folder, 'postfix'), '-n'],
    ['doveconf', '-n', '-c', join(folder, 'dovecot.conf')],
  ] as const) {
    const { exitCode, stderr } = await net.serverRun(argv);
    assert.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: '' }, argv.join(' '));
  }
});

test('Postfix takes as many AUTH commands of an address as the limit says, and no more, right or wrong', async () => {
  const answers: string[] = [];
  for (let i = 0; i < 5; i++) answers.push(await authenticate(GUEST));
  assert.deepEqual(answers, ['235', '235', '235', '450', '450']);
  assert.equal(await authenticate(NEIGHBOUR, 'wrong'), '535');
  assert.equal(await authenticate(NEIGHBOUR), '235');
  assert.equal(await authenticate(NEIGHBOUR), '235');
  assert.equal(await authenticate(NEIGHBOUR), '450');
});

test('Postfix counts nobody who is allowed', async () => {
  for (const from of [FRIEND, CLIENT6[0]])
    for (let i = 0; i < 5; i++) assert.equal(await authenticate(from), '235', from);
});

test('Dovecot lets a user open as many connections from an address as the limit says', async () => {
  const open = [await logIn(GUEST), await logIn(GUEST)];
  assert.deepEqual(await Promise.all(open.map(lastOf)), ['a OK', 'a OK']);
  assert.match(await lastOf(await logIn(GUEST)), /mail_max_userip_connections=2/);
  for (const [from, user] of [
    [NEIGHBOUR, ALICE],
    [GUEST, BOB],
  ] as const)
    assert.equal(await lastOf(await logIn(from, user)), 'a OK', `${user.name} from ${from}`);
  await open[0]?.stop();
  await until('room for one more', async () => (await lastOf(await logIn(GUEST))) === 'a OK');
});

function talk(conversation: Omit<Conversation, 'to'>): Peer {
  const to = conversation.from.includes(':') ? SERVER6 : SERVER4;
  return net.spawn(net.client, [process.execPath, CLIENT, JSON.stringify({ to, ...conversation })]);
}

async function authenticate(from: string, password: string = ALICE.password): Promise<string> {
  const response = Buffer.from(`\0${ALICE.name}\0${password}`).toString('base64');
  const peer = talk({
    from,
    port: SUBMISSION,
    steps: [
      { answer: '^220 ' },
      { send: 'EHLO c.example.net', answer: '^250 ' },
      { send: `AUTH PLAIN ${response}`, answer: '^\\d{3}(?= )' },
    ],
  });
  return lastOf(peer);
}

async function logIn(from: string, { name, password }: { readonly name: string; readonly password: string } = ALICE) {
  return talk({
    from,
    port: IMAP,
    stay: 'x NOOP',
    steps: [
      { answer: '^\\* OK' },
      { send: 'x NOOP', answer: '^x OK' },
      { send: `a LOGIN ${name} ${password}`, answer: '^(a OK|(a NO|\\* BYE).*)' },
    ],
  });
}

/** The third of three answers. */
async function lastOf(peer: Peer): Promise<string> {
  for (let i = 0; i < 2; i++) await peer.line();
  return peer.line();
}
