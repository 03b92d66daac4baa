/**
 * The files for Exim before a real Exim, with the configuration of docs/exim.md: banned addresses and networks are refused
 * at connect, locked logins with the right password too, except from the networks of their owners. Needs root.
 */
import assert from 'node:assert/strict';
import { chown, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Network, parseNetwork } from '../../src/core/ip.ts';
import { eximAddresses, eximLogins } from '../../src/enforce/login/exim-file.ts';
import type { Enforcer } from '../../src/enforce/types.ts';
import { MAIL, startExim } from '../support/exim.ts';
import type { Step } from '../support/mail-client.ts';
import { CLIENT4, CLIENT6, type NetworkPair, networkPair, SERVER4, SERVER6 } from '../support/netns.ts';
import { ban, unban } from './bans.ts';

const CLIENT = fileURLToPath(new URL('../support/mail-client.ts', import.meta.url));
const MANUAL = fileURLToPath(new URL('../../docs/exim.md', import.meta.url));
const [OWNER, STRANGER] = CLIENT4;
const NAMES = { defaultDomain: 'example.org', tagDelimiter: '+', aliases: new Map<string, string>() } as const;

let folder: string;
let net: NetworkPair;
let logins: Enforcer;
let addresses: Enforcer;
let exim: { stop(): Promise<void> } | undefined;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tailban-exim-file-'));
  net = await networkPair();
  await mkdir(join(folder, 'tailban'), { mode: 0o750 });
  await chown(join(folder, 'tailban'), 0, MAIL);
  const known = ['192.0.2.0/28', '2001:db8:1::/56'].map((text) => parseNetwork(text) as Network);
  logins = eximLogins({
    path: join(folder, 'tailban', 'logins'),
    owners: () => new Map([['alice@example.org', known]]),
    names: NAMES,
    now: Date.now,
  });
  addresses = eximAddresses({ path: join(folder, 'tailban', 'addresses'), now: Date.now });
  exim = await startExim(net, folder, await settings());
});
after(async () => {
  await exim?.stop();
  await net.remove();
  await rm(folder, { recursive: true, force: true });
});

/** What the manual says, with the files of this test and networks of 28 bits, so that one client is outside. */
async function settings(): Promise<string> {
  const blocks = [...(await readFile(MANUAL, 'utf8')).matchAll(/```exim\n([^`]*)```/g)].map(([, text = '']) => text);
  const [connect = '', macro = '', authenticator = ''] = blocks.map((text) =>
    text.replaceAll('/etc/exim4/tailban', join(folder, 'tailban')).replace('{24}', '{28}'),
  );
  return `${macro}acl_smtp_connect = check_connect
acl_smtp_rcpt = check_rcpt
auth_advertise_hosts = *
begin acl
${connect}
  accept
check_rcpt:
  deny
begin authenticators
${authenticator.replace('PASSWORD_CHECK', '{eq{$auth3}{wonderland}}')}`;
}

/** What is answered to a login with the right password, or at the connection where that is refused. */
async function tryLogin(from: string, name: string, password = 'wonderland'): Promise<string> {
  const response = Buffer.from(`\0${name}\0${password}`).toString('base64');
  const steps: Step[] = [
    { answer: '^(220|5\\d\\d) ' },
    { send: 'EHLO c.example.net', answer: '^250 ' },
    { send: `AUTH PLAIN ${response}`, answer: '^(235|535|4\\d\\d)' },
  ];
  const to = from.includes(':') ? SERVER6 : SERVER4;
  const peer = net.spawn(net.client, [process.execPath, CLIENT, JSON.stringify({ from, to, port: 25, steps })]);
  const answers = [await peer.line()];
  if (answers[0]?.startsWith('220')) for (let i = 0; i < 2; i++) answers.push(await peer.line());
  await peer.stop();
  return answers.at(-1) ?? '';
}

test('Exim works before there are any files, and with empty ones', { timeout: 30_000 }, async () => {
  assert.equal(await tryLogin(OWNER, 'alice@example.org'), '235');
  await Promise.all([logins.reset([]), addresses.reset([])]);
  assert.equal(await tryLogin(OWNER, 'alice@example.org'), '235');
  assert.equal(await tryLogin(OWNER, 'alice@example.org', 'wrong'), '535');
});

test('a locked login is refused in every spelling, but not to its owner', { timeout: 60_000 }, async () => {
  await logins.apply([ban('login:alice@example.org'), ban('login:we"ird: \\x')]);
  for (const name of ['alice@example.org', 'ALICE@Example.ORG', 'alice', 'we"ird: \\x'])
    assert.equal(await tryLogin(STRANGER, name), name.startsWith('we') ? '535' : '235', name);
  for (const name of ['alice@example.org', 'ALICE@Example.ORG', 'alice', 'bob'])
    assert.equal(await tryLogin(CLIENT4[2], name), name === 'bob' ? '235' : '535', name);
  assert.equal(await tryLogin(CLIENT6[0], 'alice@example.org'), '235');
  assert.equal(await tryLogin(CLIENT6[0], 'alice@example.org', 'wrong'), '535');
  assert.equal(await tryLogin(CLIENT6[2], 'alice@example.org'), '535');
  await logins.apply([unban('login:alice@example.org')]);
  assert.equal(await tryLogin(CLIENT4[2], 'alice@example.org'), '235');
});

test('banned addresses and networks are refused at connect', { timeout: 60_000 }, async () => {
  await addresses.apply([ban(STRANGER), ban('2001:db8:2::/64'), ban('10.0.0.0/8')]);
  const answers = await Promise.all([STRANGER, CLIENT6[2], OWNER, CLIENT6[0]].map((from) => tryLogin(from, 'bob')));
  assert.deepEqual(answers, ['550 ', '550 ', '235', '235']);
  await addresses.remove();
  assert.equal(await tryLogin(STRANGER, 'bob'), '235');
});
