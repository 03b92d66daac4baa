/**
 * The deny file before a real Dovecot, with a warm cache, over IMAP and over Postfix's submission: who has a line is
 * refused with the right password, within a second or so and without a reload, and everybody else gets in. Needs root.
 */
import assert from 'node:assert/strict';
import { chown, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Network, parseNetwork } from '../../src/core/ip.ts';
import { dovecotFile } from '../../src/enforce/login/dovecot-file.ts';
import type { Enforcer } from '../../src/enforce/types.ts';
import type { Conversation, Step } from '../support/mail-client.ts';
import { ALICE, BOB, IMAP, type MailServers, SUBMISSION, startMailServers } from '../support/mail-servers.ts';
import { CLIENT4, CLIENT6, type NetworkPair, networkPair, type Peer, SERVER4, SERVER6 } from '../support/netns.ts';
import { ban, banOf, unban } from './bans.ts';

const CLIENT = fileURLToPath(new URL('../support/mail-client.ts', import.meta.url));
const DENY = (file: string) => `
passdb {
  driver = passwd-file
  args = username_format=%Lu ${file}
  deny = yes
  auth_verbose = no
}`;
const SPARING = (file: string, user = '%Lu') => `
passdb {
  driver = passwd-file
  args = username_format=${user} ${file}
  result_success = return-fail
  result_failure = continue
  auth_verbose = no
}`;
/** Dovecot looks at the file once in a second of the clock. */
const NOTICED = 1_100;
const [OWNER, STRANGER] = CLIENT4;
const LOCK = `login:${ALICE.name}`;

interface Lab {
  readonly net: NetworkPair;
  readonly servers: MailServers;
  readonly file: Enforcer;
  readonly warnings: readonly string[];
  canLogIn(from: string, user?: { readonly name: string; readonly password: string }): Promise<string>;
  talk(conversation: Omit<Conversation, 'to'>): Peer;
}

/** Runs `work` with both servers, a deny file that spares the owner's networks where there are any, and takes all away. */
async function inLab(
  passdbs: (file: string) => string,
  networks: readonly string[] | null,
  work: (lab: Lab) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tailban-deny-file-'));
  const path = join(folder, 'tailban', 'deny');
  const warnings: string[] = [];
  const net = await networkPair();
  let servers: MailServers | undefined;
  try {
    await mkdir(join(folder, 'tailban'), { mode: 0o750 });
    servers = await startMailServers(net, folder, {
      passdb: passdbs(path),
      dovecot: 'auth_cache_size = 10M\nauth_failure_delay = 0\n',
    });
    await chown(join(folder, 'tailban'), 0, await groupOf('dovecot'));
    const file = dovecotFile({
      path,
      addresses: true,
      owners:
        networks === null ? null : () => new Map([[ALICE.name, networks.map((text) => parseNetwork(text) as Network)]]),
      names: { defaultDomain: null, tagDelimiter: '+', aliases: new Map() },
      kick: ['doveadm', '-c', join(folder, 'dovecot.conf'), 'kick'],
      run: net.serverRun,
      now: Date.now,
      warn: (message) => warnings.push(message),
    });
    const talk: Lab['talk'] = (conversation) => {
      const to = conversation.from.includes(':') ? SERVER6 : SERVER4;
      return net.spawn(net.client, [process.execPath, CLIENT, JSON.stringify({ to, ...conversation })]);
    };
    const canLogIn: Lab['canLogIn'] = async (from, user = ALICE) => {
      const peers = [IMAP, SUBMISSION].map((port) => talk({ from, port, steps: stepsOf(port, user) }));
      const answers = await Promise.all(peers.map(lastLine));
      return answers.join(' ');
    };
    await work({ net, servers, file, warnings, canLogIn, talk });
  } finally {
    await servers?.stop();
    await net.remove();
    await rm(folder, { recursive: true, force: true });
  }
}

function stepsOf(port: number, { name, password }: { readonly name: string; readonly password: string }): Step[] {
  if (port === IMAP)
    return [
      { answer: '^\\* OK' },
      { send: 'x NOOP', answer: '^x OK' },
      { send: `a LOGIN ${name} ${password}`, answer: '^a (OK|NO)' },
    ];
  const response = Buffer.from(`\0${name}\0${password}`).toString('base64');
  return [
    { answer: '^220 ' },
    { send: 'EHLO c.example.net', answer: '^250 ' },
    { send: `AUTH PLAIN ${response}`, answer: '^(235|535)' },
  ];
}

/** The third of three answers. */
async function lastLine(peer: Peer): Promise<string> {
  for (let i = 0; i < 2; i++) await peer.line();
  const answer = await peer.line();
  await peer.stop();
  return answer;
}

async function groupOf(name: string): Promise<number> {
  const line = (await readFile('/etc/group', 'utf8')).split('\n').find((text) => text.startsWith(`${name}:`));
  return Number(line?.split(':')[2]);
}

const IN = 'a OK 235';
const OUT = 'a NO 535';

test('with deny = yes a locked login is refused everywhere, and its sessions end', { timeout: 90_000 }, () =>
  inLab(DENY, null, async ({ file, canLogIn, talk, warnings, servers }) => {
    await file.reset([]);
    const session = talk({ from: OWNER, port: IMAP, steps: stepsOf(IMAP, ALICE), stay: 'n NOOP' });
    for (const word of ['* OK', 'x OK', 'a OK', 'done']) assert.equal(await session.line(), word);
    assert.equal(await canLogIn(STRANGER), IN);

    await file.apply([ban(LOCK), ban('login:nobody@example.org')]);
    assert.equal(await session.line(), 'closed');
    await sleep(NOTICED);
    assert.deepEqual(await Promise.all([canLogIn(STRANGER), canLogIn(OWNER), canLogIn(OWNER, BOB)]), [OUT, OUT, IN]);
    assert.equal(await canLogIn(OWNER, { ...ALICE, name: 'ALICE@example.org' }), OUT);

    await file.apply([unban(LOCK)]);
    await sleep(NOTICED);
    assert.deepEqual(await Promise.all([canLogIn(STRANGER), canLogIn(OWNER)]), [IN, IN]);
    assert.deepEqual(warnings, []);
    const log = await readFile(servers.dovecotLog, 'utf8');
    assert.doesNotMatch(log, /unknown user/, 'a login that is not locked leaves no trace in the log');
  }),
);

test('changes of the same length within a second are noticed', { timeout: 90_000 }, () =>
  inLab(DENY, null, async ({ file, canLogIn }) => {
    for (let round = 0; round < 2; round++) {
      await file.reset([banOf(LOCK)]);
      await sleep(NOTICED);
      assert.equal(await canLogIn(OWNER), OUT);
      // Dovecot looks while the first of these is there, and at the last one in the same second or never.
      for (const login of ['login:blice@example.org', LOCK, 'login:clice@example.org']) {
        await file.reset([banOf(login)]);
        await canLogIn(OWNER, { ...BOB, name: 'x' }).catch(() => {});
      }
      await sleep(NOTICED);
      assert.equal(await canLogIn(OWNER), IN);
    }
  }),
);

test('with result_success = return-fail the owner gets in from the networks that are known', { timeout: 90_000 }, () =>
  inLab(
    (path) => SPARING(path) + SPARING(path, '*banned*'),
    [`${OWNER}/32`, '2001:db8:1::/64'],
    async ({ file, canLogIn }) => {
      await file.reset([]);
      assert.equal(await canLogIn(STRANGER), IN);
      await file.apply([ban(LOCK)]);
      await sleep(NOTICED);
      const wrong = { ...ALICE, password: 'wrong' };
      const [, , otherPrefix] = CLIENT6;
      assert.deepEqual(
        await Promise.all([canLogIn(OWNER), canLogIn(CLIENT6[1]), canLogIn(STRANGER), canLogIn(otherPrefix)]),
        [IN, IN, OUT, OUT],
      );
      assert.deepEqual(
        await Promise.all([canLogIn(OWNER, wrong), canLogIn(STRANGER, wrong), canLogIn(STRANGER, BOB)]),
        [OUT, OUT, IN],
      );

      await file.apply([unban(LOCK), ban(STRANGER), ban('2001:db8:2::/64')]);
      await sleep(NOTICED);
      assert.deepEqual(
        await Promise.all([canLogIn(STRANGER, BOB), canLogIn(otherPrefix), canLogIn(OWNER), canLogIn(CLIENT6[0])]),
        [OUT, OUT, IN, IN],
      );
      await file.remove();
      await sleep(NOTICED);
      assert.equal(await canLogIn(STRANGER), IN, 'what is left of the file refuses nobody');
    },
  ),
);
