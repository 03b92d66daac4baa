/** What every firewall backend has to do, with real packets. Needs root. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { subjectKey } from '../../src/core/subject.ts';
import { commandRunner, type Run } from '../../src/enforce/command.ts';
import type { Policy } from '../../src/enforce/firewall/policy.ts';
import type { Enforcer } from '../../src/enforce/types.ts';
import {
  DATAGRAMS,
  FIREWALLS,
  type FirewallHost,
  type FirewallKind,
  type FirewallName,
  MAIL,
  OTHER,
} from '../support/firewalls.ts';
import { CLIENT4, CLIENT6, type NetworkPair, networkPair, SERVER4, SERVER6 } from '../support/netns.ts';
import { ban, banOf, unban } from './bans.ts';

const CRASHER = fileURLToPath(new URL('firewall-crasher.ts', import.meta.url));
const HOUR = 3_600_000;
/** A UDP server that says once of each text that it has come, and a client that sends one without end. */
const LISTEN = `const seen = new Set(); const s = require('dgram').createSocket('udp4');
s.on('message', (m) => { const t = String(m); if (!seen.has(t)) { seen.add(t); console.log(t); } });
s.bind(${DATAGRAMS}, () => console.log('listening'));`;
const SEND = `const [from, to, text] = process.argv.slice(1); const s = require('dgram').createSocket('udp4');
s.bind(0, from, () => setInterval(() => { for (let i = 0; i < 5; i++) s.send(text, ${DATAGRAMS}, to); }, 1));`;

export function firewallSuite(name: FirewallName): void {
  const kind: FirewallKind = FIREWALLS[name];
  let net: NetworkPair;
  let host: FirewallHost;
  let run: Run;
  let enforcer: Enforcer;

  before(async () => {
    net = await networkPair();
    host = await kind.host(net.server);
    run = commandRunner({ prefix: host.prefix });
    await net.serve(MAIL);
    await net.serve(OTHER);
  });
  after(async () => {
    await host?.stop();
    await net?.remove();
  });
  beforeEach(() => firewall().remove());

  const firewall = (options: Partial<Policy> & { killSockets?: boolean; now?: () => number } = {}): Enforcer =>
    kind.make(run, { ports: [MAIL], action: 'drop', killSockets: false, ...options });
  const start = async (options: Parameters<typeof firewall>[0] = {}): Promise<void> => {
    enforcer = firewall(options);
    await enforcer.reset([]);
  };
  const dial4 = (from: string, port = MAIL, timeout = 500) => net.probe({ from, to: SERVER4, port, timeout });
  const dial6 = (from: string, port = MAIL) => net.probe({ from, to: SERVER6, port, timeout: 500 });
  const held = async (): Promise<string[]> =>
    (await firewall().remaining()).map(({ subject }) => subjectKey(subject)).sort();
  /** The server's established connections, as `peer port`. */
  const established = async (): Promise<string[]> => {
    const { stdout } = await run(['ss', '-Htn', 'state', 'established']);
    const ends = stdout.matchAll(/:(\d+) +\[?(?:::ffff:)?([0-9a-f.:]+?)\]?:\d+ *$/gm);
    return [...ends].map(([, port, peer]) => `${peer} ${port}`).sort();
  };
  /** Every line in the kernel that names us. */
  const traces = async (): Promise<string[]> => {
    const commands = [
      ['nft', 'list', 'ruleset'],
      ['iptables-legacy-save'],
      ['ip6tables-legacy-save'],
      ['ipset', 'save'],
    ];
    const texts = await Promise.all(commands.map(async (argv) => (await run(argv as [string])).stdout));
    return texts.flatMap((text) => text.split('\n').filter((line) => line.includes('tailban')));
  };

  test(`${name}: banned addresses and networks are out, others stay, an unban lets in again`, async () => {
    await start();
    assert.equal(await dial4(CLIENT4[0]), 'connected');
    assert.equal(await dial6(CLIENT6[0]), 'connected');
    await enforcer.apply([ban(CLIENT4[0]), ban(CLIENT6[0])]);
    assert.equal(await dial4(CLIENT4[0]), 'timeout');
    assert.equal(await dial4(CLIENT4[1]), 'connected');
    assert.equal(await dial6(CLIENT6[0]), 'timeout');
    assert.equal(await dial6(CLIENT6[1]), 'connected', 'its neighbour in the /64');
    await enforcer.apply([unban(CLIENT4[0]), unban(CLIENT6[0]), unban('198.51.100.1')]);
    assert.equal(await dial4(CLIENT4[0]), 'connected');
    await enforcer.apply([ban('192.0.2.8/29'), ban('2001:db8:1::/64')]);
    assert.equal(await dial4(CLIENT4[1]), 'timeout');
    assert.equal(await dial4(CLIENT4[2]), 'connected');
    assert.equal(await dial6(CLIENT6[1]), 'timeout');
    assert.equal(await dial6(CLIENT6[2]), 'connected', 'in the next /64');
    assert.deepEqual(await held(), ['192.0.2.8/29', '2001:db8:1::/64']);
  });

  test(`${name}: nested networks each keep their own end, and the widest ones work`, async () => {
    await start();
    await enforcer.apply([
      ban('192.0.2.0/24', Date.now() + 1_000),
      ban('192.0.2.8/29'),
      ban(CLIENT4[2]),
      unban('10.0.0.0/8'),
    ]);
    await enforcer.apply([unban(CLIENT4[2])]);
    assert.equal(await dial4(CLIENT4[2], MAIL, 300), 'timeout', 'still inside the /24');
    await sleep(2_000);
    assert.equal(await dial4(CLIENT4[2]), 'connected', 'the /24 is over');
    assert.equal(await dial4(CLIENT4[0]), 'timeout', 'the /29 is not');
    await enforcer.apply([unban('192.0.2.8/29'), ban('::/0')]);
    assert.equal(await dial4(CLIENT4[0]), 'connected');
    assert.equal(await dial6(CLIENT6[2]), 'timeout');
    await enforcer.apply([ban('0.0.0.0/0'), unban('::/0')]);
    assert.equal(await dial4(CLIENT4[2]), 'timeout');
    assert.equal(await dial6(CLIENT6[2]), 'connected');
    await enforcer.apply([ban('0.0.0.0/1'), ban('0.0.0.0'), ban('::'), unban('0.0.0.0/0')]);
    assert.equal(await enforcer.intact(), true);
  });

  test(`${name}: a ban ends by itself in the kernel, and a repeated one takes the new end`, async () => {
    await start();
    await enforcer.apply([
      ban(CLIENT4[0], Date.now() + 1_000),
      ban(CLIENT4[1], Date.now() + HOUR),
      ban(CLIENT4[2], Date.now() + 1_000),
    ]);
    assert.equal(await dial4(CLIENT4[0], MAIL, 300), 'timeout');
    await enforcer.apply([ban(CLIENT4[1], Date.now() + 1_000), ban(CLIENT4[2], Date.now() + HOUR)]);
    await sleep(2_100);
    assert.equal(await dial4(CLIENT4[0]), 'connected');
    assert.equal(await dial4(CLIENT4[1]), 'connected', 'sooner');
    assert.equal(await dial4(CLIENT4[2]), 'timeout', 'later');
    assert.equal(await enforcer.intact(), true, 'what ends in time is no loss');
  });

  test(`${name}: only the configured ports are shut, or everything`, async () => {
    await start({ ports: [MAIL, ...Array.from({ length: 20 }, (_, i) => 4_000 + i)] });
    await enforcer.apply([ban(CLIENT4[0])]);
    assert.equal(await dial4(CLIENT4[0]), 'timeout');
    assert.equal(await dial4(CLIENT4[0], OTHER), 'connected');
    await start({ ports: [] });
    await enforcer.apply([ban(CLIENT4[0]), ban(CLIENT6[0])]);
    assert.equal(await dial4(CLIENT4[0], OTHER), 'timeout');
    assert.equal(await dial6(CLIENT6[0], OTHER), 'timeout');
    assert.equal(await dial4(CLIENT4[1], OTHER), 'connected');
  });

  test(`${name}: reject answers at once instead of letting the client wait`, async () => {
    for (const ports of [[MAIL], []]) {
      await start({ action: 'reject', ports });
      await enforcer.apply([ban(CLIENT4[0]), ban('2001:db8:1::/64')]);
      assert.equal(await dial4(CLIENT4[0]), 'refused');
      assert.equal(await dial6(CLIENT6[0]), 'refused');
      assert.equal(await dial4(CLIENT4[1]), 'connected');
    }
  });

  if (!kind.acceptsEstablished) {
    test(`${name}: with reject an established connection is cut by its next packet, without ss`, async () => {
      await start({ action: 'reject' });
      const attacker = await net.hold({ from: CLIENT4[0], to: SERVER4, port: MAIL });
      await enforcer.reset([banOf(CLIENT4[0])]);
      assert.equal(await attacker.line(), 'closed ECONNRESET');
    });
  }

  test(`${name}: an established connection of a banned address is cut, others live on`, async () => {
    await start({ killSockets: true });
    const mail = { to: SERVER4, port: MAIL };
    const attacker = await net.hold({ from: CLIENT4[0], ...mail });
    const attacker6 = await net.hold({ from: CLIENT6[0], to: SERVER6, port: MAIL });
    const others = [
      await net.hold({ from: CLIENT4[1], ...mail }),
      await net.hold({ from: CLIENT4[0], to: SERVER4, port: OTHER }),
    ];
    await enforcer.apply([ban(CLIENT4[0]), ban('2001:db8:1::/64')]);
    assert.equal(await attacker.line(), 'closed ECONNRESET');
    assert.equal(await attacker6.line(), 'closed ECONNRESET');
    assert.deepEqual(await established(), [`${CLIENT4[0]} ${OTHER}`, `${CLIENT4[1]} ${MAIL}`]);
    for (const peer of others) await peer.stop();
  });

  test(`${name}: no packet of a banned address gets through while everything is replaced`, async () => {
    await start({ ports: [] });
    const server = net.spawn(net.server, [process.execPath, '-e', LISTEN]);
    assert.equal(await server.line(), 'listening');
    const send = (from: string, text: string) =>
      net.spawn(net.client, [process.execPath, '-e', SEND, from, SERVER4, text]);
    const before = send(CLIENT4[0], 'before');
    assert.equal(await server.line(), 'before');
    await enforcer.apply([ban(CLIENT4[0])]);
    await before.stop();
    const during = send(CLIENT4[0], 'during');
    for (let i = 0; i < 3; i++) {
      await enforcer.reset([banOf(CLIENT4[0]), banOf(`10.0.0.${i}`)]);
      const next = firewall({ ports: [] });
      await next.reset([banOf('192.0.2.0/28'), banOf(CLIENT4[0], Date.now() + HOUR)]);
    }
    const friend = send(CLIENT4[2], 'friend');
    assert.equal(await server.line(), 'friend', 'the first text after "before"');
    for (const peer of [during, friend, server]) await peer.stop();
  });

  test(`${name}: every way to take our bans away is noticed, and a reset brings all of them back`, async () => {
    await start();
    const bans = [banOf(CLIENT4[0], Date.now() + HOUR), banOf('2001:db8:1::/64')];
    await enforcer.reset(bans);
    for (const attack of kind.attacks) {
      assert.equal(await enforcer.intact(), true);
      const { exitCode, stdout, stderr } = await run(attack);
      assert.equal(exitCode, 0, `${attack.join(' ')}: ${stdout}${stderr}`);
      assert.equal(await enforcer.intact(), false, attack.join(' '));
      await enforcer.reset(bans);
      assert.equal(await enforcer.intact(), true, `after ${attack.join(' ')}`);
      assert.deepEqual(await held(), [CLIENT4[0], '2001:db8:1::/64']);
    }
    assert.equal(await dial4(CLIENT4[0], MAIL, 300), 'timeout');
    assert.equal(await dial4(CLIENT4[1]), 'connected');
  });

  test(`${name}: killed at any instant and started anew there is what is wanted, and remove leaves nothing`, async () => {
    for (const delay of [120, 30]) {
      const victim = spawn(process.execPath, [CRASHER, name, ...host.prefix], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(victim.stdout, 'data');
      await sleep(delay);
      victim.kill('SIGKILL');
      await once(victim, 'exit');
    }
    await sleep(300);
    enforcer = firewall();
    await enforcer.reset([banOf(CLIENT4[0])]);
    assert.equal(await enforcer.intact(), true);
    assert.deepEqual(await held(), [CLIENT4[0]]);
    const first = await traces();
    await enforcer.reset([banOf(CLIENT4[0])]);
    assert.equal((await traces()).length, first.length, first.join('\n'));
    await enforcer.remove();
    assert.deepEqual(await traces(), []);
    await enforcer.remove();
    assert.equal(await enforcer.intact(), false);
    assert.deepEqual(await held(), []);
    await assert.rejects(enforcer.apply([ban(CLIENT4[0])]), /before it has been reset/);
  });

  test(`${name}: 20,000 bans in one batch take seconds, and looking after them stays cheap`, async (t) => {
    await start();
    const many = Array.from({ length: 20_000 }, (_, i) =>
      i % 2 === 0 ? `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}` : `2001:db8:${i.toString(16)}:7::/64`,
    );
    const time = async (what: string, most: number, action: () => Promise<unknown>): Promise<void> => {
      const begin = performance.now();
      await action();
      const took = Math.round(performance.now() - begin);
      t.diagnostic(`${what}: ${took} ms`);
      assert.ok(took < most, `${what} took ${took} ms`);
    };
    await time('apply 20,000', 10_000, () => enforcer.apply(many.map((text) => ban(text, Date.now() + HOUR))));
    await time('reset to 20,000', 10_000, () => enforcer.reset(many.map((text) => banOf(text, Date.now() + HOUR))));
    await time('one more', 2_000, () => enforcer.apply([ban(CLIENT4[0])]));
    await time('intact', 2_000, async () => assert.equal(await enforcer.intact(), true));
    await time('remaining', 5_000, async () => assert.equal((await enforcer.remaining()).length, 20_001));
    assert.equal(await dial4(CLIENT4[0], MAIL, 300), 'timeout');
  });
}
