/** Real packets against a real ruleset: who gets through before, during and after a ban. Needs root. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type NftablesOptions, nftables } from '../../src/enforce/firewall/nftables.ts';
import type { Enforcer } from '../../src/enforce/types.ts';
import { CLIENT4, CLIENT6, type NetworkPair, networkPair, type Peer, SERVER4, SERVER6 } from '../support/netns.ts';
import { ban, banOf, unban } from './bans.ts';

const MAIL = 25;
const OTHER = 8080;

let net: NetworkPair;
let mail: Peer;

before(async () => {
  net = await networkPair();
  mail = await net.serve(MAIL);
  await net.serve(OTHER);
});
after(() => net.remove());
beforeEach(() => firewall().remove());

function firewall(options: Partial<NftablesOptions> = {}): Enforcer {
  return nftables({
    ports: [MAIL],
    action: 'drop',
    ipv6Prefix: 64,
    run: net.serverRun,
    now: Date.now,
    killSockets: false,
    ...options,
  });
}

async function started(options: Partial<NftablesOptions> = {}): Promise<Enforcer> {
  const enforcer = firewall(options);
  await enforcer.reset([]);
  return enforcer;
}

const dial4 = (from: string, port = MAIL, timeout?: number) =>
  net.probe({ from, to: SERVER4, port, ...(timeout === undefined ? {} : { timeout }) });
const dial6 = (from: string, port = MAIL) => net.probe({ from, to: SERVER6, port });

test('a banned IPv4 address is out, others stay, and an unban lets it in again', async () => {
  const enforcer = await started();
  assert.equal(await dial4(CLIENT4[0]), 'connected');
  await enforcer.apply([ban(CLIENT4[0])]);
  assert.equal(await dial4(CLIENT4[0]), 'timeout');
  assert.equal(await dial4(CLIENT4[1]), 'connected');
  await enforcer.apply([unban(CLIENT4[0])]);
  assert.equal(await dial4(CLIENT4[0]), 'connected');
});

test('a banned IPv6 address is out, its neighbour stays', async () => {
  const enforcer = await started();
  assert.equal(await dial6(CLIENT6[0]), 'connected');
  await enforcer.apply([ban(CLIENT6[0])]);
  assert.equal(await dial6(CLIENT6[0]), 'timeout');
  assert.equal(await dial6(CLIENT6[1]), 'connected');
  await enforcer.apply([unban(CLIENT6[0])]);
  assert.equal(await dial6(CLIENT6[0]), 'connected');
});

test('a banned /64 shuts all of its addresses out and none of the next /64', async () => {
  const enforcer = await started();
  await enforcer.apply([ban('2001:db8:1::/64')]);
  assert.equal(await dial6(CLIENT6[0]), 'timeout');
  assert.equal(await dial6(CLIENT6[1]), 'timeout');
  assert.equal(await dial6(CLIENT6[2]), 'connected');
});

test('a ban ends by itself at its time, in the kernel', async () => {
  const enforcer = await started();
  const until = Date.now() + 1_500;
  await enforcer.apply([ban(CLIENT4[0], until)]);
  assert.equal(await dial4(CLIENT4[0], MAIL, 300), 'timeout');
  await sleep(until + 20 - Date.now());
  assert.equal(await dial4(CLIENT4[0]), 'connected');
});

test('a repeated ban takes the new end, be it later or sooner', async () => {
  const enforcer = await started();
  await enforcer.apply([ban(CLIENT4[0], Date.now() + 300), ban(CLIENT4[1], Date.now() + 3_600_000)]);
  await enforcer.apply([ban(CLIENT4[0], Date.now() + 3_600_000), ban(CLIENT4[1], Date.now() + 300)]);
  await sleep(350);
  assert.equal(await dial4(CLIENT4[0], MAIL, 400), 'timeout');
  assert.equal(await dial4(CLIENT4[1]), 'connected');
});

test('only the configured ports are shut', async () => {
  const enforcer = await started({ ports: [MAIL, 143] });
  await enforcer.apply([ban(CLIENT4[0])]);
  assert.equal(await dial4(CLIENT4[0]), 'timeout');
  assert.equal(await dial4(CLIENT4[0], OTHER), 'connected');
});

test('with no ports configured everything is shut', async () => {
  const enforcer = await started({ ports: [] });
  await enforcer.apply([ban(CLIENT4[0])]);
  assert.equal(await dial4(CLIENT4[0]), 'timeout');
  assert.equal(await dial4(CLIENT4[0], OTHER), 'timeout');
  assert.equal(await dial4(CLIENT4[1], OTHER), 'connected');
});

test('reject answers at once instead of letting the client wait', async () => {
  for (const ports of [[MAIL], []]) {
    const enforcer = await started({ action: 'reject', ports });
    await enforcer.apply([ban(CLIENT4[0]), ban('2001:db8:1::/64')]);
    assert.equal(await dial4(CLIENT4[0]), 'refused');
    assert.equal(await dial6(CLIENT6[0]), 'refused');
    assert.equal(await dial4(CLIENT4[1]), 'connected');
  }
});

test('nested networks each keep their own end, and unbanning one leaves the others', async () => {
  const enforcer = await started();
  await enforcer.reset([
    banOf('192.0.2.0/24', Date.now() + 1_200),
    banOf('192.0.2.8/29'),
    banOf('192.0.2.128/25', Date.now() + 3_600_000),
    banOf(CLIENT4[2]),
  ]);
  assert.equal(await dial4(CLIENT4[0], MAIL, 300), 'timeout');
  await enforcer.apply([unban('192.0.2.128/25'), unban(CLIENT4[2])]);
  assert.equal(await dial4(CLIENT4[2], MAIL, 300), 'timeout', 'still inside the /24');
  await sleep(1_000);
  assert.equal(await dial4(CLIENT4[2]), 'connected', 'the /24 is over');
  assert.equal(await dial4(CLIENT4[0]), 'timeout', 'the /29 is not');
});

test('the widest networks shut everybody of their family out', async () => {
  const enforcer = await started();
  await enforcer.apply([ban('0.0.0.0/0')]);
  assert.equal(await dial4(CLIENT4[0]), 'timeout');
  assert.equal(await dial6(CLIENT6[0]), 'connected');
  await enforcer.apply([unban('0.0.0.0/0'), ban('::/0')]);
  assert.equal(await dial4(CLIENT4[0]), 'connected');
  assert.equal(await dial6(CLIENT6[0]), 'timeout');
  await enforcer.apply([ban('::/1'), unban('::/0')]);
  assert.equal(await dial6(CLIENT6[0]), 'timeout');
});

test('an established connection of a banned address is cut at both ends, others live on', async () => {
  for (const [from, other, to, subject] of [
    [CLIENT4[0], CLIENT4[1], SERVER4, CLIENT4[0]],
    [CLIENT4[0], CLIENT4[2], SERVER4, '192.0.2.8/29'],
    [CLIENT6[0], CLIENT6[2], SERVER6, '2001:db8:1::/64'],
  ] as const) {
    const enforcer = await started({ killSockets: true });
    const attacker = await net.hold({ from, to, port: MAIL });
    const customer = await net.hold({ from: other, to, port: MAIL });
    const elsewhere = await net.hold({ from, to, port: OTHER });
    await enforcer.apply([ban(subject)]);
    assert.equal(await attacker.line(), 'closed ECONNRESET');
    await serverSaw(`closed ${from}`);
    assert.deepEqual(await established(), [`${other} ${MAIL}`, `${from} ${OTHER}`].sort());
    for (const peer of [attacker, customer, elsewhere]) await peer.stop();
    await enforcer.remove();
  }
});

test('with reject an established connection is cut by its next packet, without ss', async () => {
  const enforcer = await started({ action: 'reject' });
  const attacker = await net.hold({ from: CLIENT4[0], to: SERVER4, port: MAIL });
  await enforcer.reset([banOf(CLIENT4[0])]);
  assert.equal(await attacker.line(), 'closed ECONNRESET');
});

async function serverSaw(wanted: string): Promise<void> {
  for (;;) {
    const line = await mail.line();
    if (line.replace('::ffff:', '') === wanted) return;
  }
}

/** The server's established connections as `peer port`. */
async function established(): Promise<string[]> {
  const { stdout } = await net.serverRun(['ss', '-Htn', 'state', 'established']);
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines
    .map((line) => {
      const [local = '', peer = ''] = line.trim().split(/\s+/).slice(-2);
      const address = peer.slice(0, peer.lastIndexOf(':')).replace(/[[\]]/g, '').replace('::ffff:', '');
      return `${address} ${local.slice(local.lastIndexOf(':') + 1)}`;
    })
    .sort();
}
