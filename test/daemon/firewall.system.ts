/** Which firewall is taken, what becomes of the one before it, and packets that Docker forwards. Needs root. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { subjectKey } from '../../src/core/subject.ts';
import { chooseFirewall } from '../../src/daemon/firewall.ts';
import { commandRunner } from '../../src/enforce/command.ts';
import { ban, banOf } from '../enforce/bans.ts';
import { FIREWALLS, MAIL } from '../support/firewalls.ts';
import { CLIENT4, type NetworkPair, networkPair, SERVER4 } from '../support/netns.ts';

type Choices = Parameters<typeof chooseFirewall>[0];

/** What a container has behind a published port. */
const INSIDE = '172.30.0.2';
let net: NetworkPair;

before(async () => {
  net = await networkPair();
  await net.serve(MAIL);
});
after(() => net.remove());
beforeEach(async () => {
  for (const argv of [
    ['nft', 'flush', 'ruleset'],
    ['iptables-legacy', '-F'],
    ['iptables-legacy', '-X'],
    ['ip6tables-legacy', '-F'],
    ['ip6tables-legacy', '-X'],
    ['ipset', 'destroy'],
  ])
    await net.serverRun(argv as [string]);
});

async function choose(firewall: Partial<Choices['firewall']>, { run = net.serverRun, enabled = true } = {}) {
  const warned: string[] = [];
  const log = {
    info: () => {},
    warn: (...args: unknown[]) => warned.push(String(args.at(-1))),
  };
  const config: Choices = {
    enabled,
    ipv6Prefix: 64,
    firewall: { backend: 'auto', ports: [MAIL], action: 'drop', chains: ['INPUT', 'DOCKER-USER'], ...firewall },
  };
  const choice = await chooseFirewall(config, false, log as never, Date.now, run);
  return { ...choice, warned };
}

async function must(argv: readonly string[], namespace = net.server): Promise<string> {
  const run = commandRunner({ prefix: ['ip', 'netns', 'exec', namespace] });
  const { exitCode, stdout, stderr } = await run(argv as [string]);
  assert.equal(exitCode, 0, `${argv.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

async function traces(): Promise<string> {
  const texts = [
    await must(['nft', 'list', 'ruleset']),
    await must(['iptables-legacy-save']),
    await must(['ipset', 'save']),
  ];
  return texts
    .join('\n')
    .split('\n')
    .filter((line) => line.includes('tailban'))
    .join('\n');
}

const dial = (from: string) => net.probe({ from, to: SERVER4, port: MAIL, timeout: 500 });

test('auto takes nftables where it works, and says whose rules it leaves alone', async () => {
  await must(['iptables', '-N', 'DOCKER-USER']);
  await must(['iptables', '-N', 'ufw-before-input']);
  const { enforcer, state, why } = await choose({});
  assert.equal(enforcer.name, 'nftables');
  assert.equal(state, 'used');
  assert.equal(why, 'nftables, which works here; the rules of ufw and Docker are left alone, ours come before them');
});

test('auto without nft takes iptables with ipset, and waits for nftables where that is missing too', async () => {
  const nothing = await choose({}, { run: missing(net.serverRun, ['nft', 'iptables']) });
  assert.equal(nothing.enforcer.name, 'nftables', 'which is tried again, so that it blocks as soon as it is there');
  assert.equal(nothing.state, 'waiting');
  assert.match(
    nothing.why,
    /install the package nftables.*install the package iptables.*nothing is blocked until nftables works/,
  );
  const { enforcer, state, why, warned } = await choose({}, { run: missing(net.serverRun, ['nft']) });
  assert.equal(state, 'used');
  assert.match(why, /^iptables \(nft\) with ipset\. Cannot run nft: .*install the package nftables/);
  await enforcer.reset([banOf(CLIENT4[0])]);
  assert.equal(await dial(CLIENT4[0]), 'timeout');
  assert.deepEqual(warned, []);
});

test('what another backend holds goes away only when its successor holds all bans', async () => {
  for (const [i, backend] of (['nftables', 'iptables', 'nftables'] as const).entries()) {
    const { enforcer, state, warned } = await choose({ backend });
    assert.equal(state, 'used');
    assert.equal(await dial(CLIENT4[0]), i === 0 ? 'connected' : 'timeout', 'before it has begun');
    await enforcer.reset([banOf(CLIENT4[0])]);
    assert.equal(await dial(CLIENT4[0]), 'timeout');
    assert.deepEqual(
      (await enforcer.remaining()).map(({ subject }) => subjectKey(subject)),
      [CLIENT4[0]],
    );
    const left = await traces();
    assert.equal(left.includes('table inet tailban'), backend === 'nftables', left);
    assert.equal(left.includes('tailban4'), backend === 'iptables', left);
    assert.deepEqual(warned, []);
  }
});

test('rules in the variant of iptables that is not in use any more go away', async () => {
  const policy = { ports: [MAIL], action: 'drop', killSockets: false } as const;
  await FIREWALLS['iptables-legacy'].make(net.serverRun, policy).reset([banOf(CLIENT4[0])]);
  const firewall = FIREWALLS['iptables-nft'].make(net.serverRun, policy);
  await firewall.reset([]);
  assert.equal(await must(['iptables-legacy-save', '-t', 'filter']).then((text) => text.includes('tailban')), false);
  assert.equal(await dial(CLIENT4[0]), 'connected');
  await firewall.remove();
  assert.equal(await traces(), '');
});

test('switched off, or with the backend none, nothing of us stays behind', async () => {
  for (const [settings, options] of [
    [{ backend: 'none' }, {}],
    [{}, { enabled: false }],
  ] as const) {
    for (const backend of ['nftables', 'iptables'] as const) {
      await (await choose({ backend })).enforcer.reset([banOf(CLIENT4[0])]);
      const { enforcer, state, why, others } = await choose(settings, options);
      assert.deepEqual([enforcer.name, state], ['none', 'off']);
      assert.match(why, /nothing is blocked/);
      assert.equal(await dial(CLIENT4[0]), 'timeout', 'choosing changes nothing');
      for (const other of others) await other.remove();
      assert.equal(await traces(), '');
    }
  }
});

test('ufw and firewalld are asked for in vain where they are not active, and the reason is told', async () => {
  const ufw = await choose({ backend: 'ufw' });
  assert.equal(ufw.state, 'waiting');
  assert.match(ufw.why, /^ufw is not active here/);
  await assert.rejects(ufw.enforcer.reset([]), /Cannot find the chains ufw-before-input and .*run "ufw enable"/);
  const { why } = await choose({ backend: 'firewalld' });
  assert.match(why, /^firewalld is not active here/);
});

test('a mistyped chain, and a set of another kind under our name, are errors that say so', async () => {
  const { enforcer } = await choose({ backend: 'iptables', chains: ['INPT'] });
  await assert.rejects(enforcer.reset([]), /there is none of INPT, see firewall\.chains/);
  await must(['ipset', 'destroy']);
  await must(['ipset', 'create', 'tailban4', 'hash:ip,port']);
  await assert.rejects(
    enforcer.reset([]),
    /Cannot put 0 bans into the firewall: ipset exited with 1 and said "ipset v/,
  );
});

test('a ban longer than the kernel can count is put in with what it can, and renewed in time', async () => {
  const day = 86_400_000;
  let passed = 0;
  const now = (): number => Date.now() + passed;
  const policy = { ports: [MAIL], action: 'drop', killSockets: false, now } as const;
  const firewall = FIREWALLS['iptables-nft'].make(net.serverRun, policy);
  await firewall.reset([banOf('192.0.2.1', Date.now() + 60 * day), banOf('192.0.2.2', Date.now() + 20 * day)]);
  const seconds = async (address: string): Promise<number> =>
    Number(new RegExp(`add tailban4 ${address} timeout (\\d+)`).exec(await must(['ipset', 'save', 'tailban4']))?.[1]);
  assert.ok((await seconds('192.0.2.1')) > 2_147_400);
  await must(['ipset', '-exist', 'add', 'tailban4', '192.0.2.1', 'timeout', '1000']);
  assert.equal(await firewall.intact(), true);
  assert.ok((await seconds('192.0.2.1')) <= 1_000, 'not every time');
  passed = 1.5 * day;
  assert.equal(await firewall.intact(), true);
  assert.ok((await seconds('192.0.2.1')) > 2_147_400, 'but every day');
  passed = 40 * day;
  await must(['ipset', 'del', 'tailban4', '192.0.2.2']);
  assert.equal(await firewall.intact(), true);
  const left = await seconds('192.0.2.1');
  assert.ok(left > 19.9 * 86_400 && left <= 20 * 86_400, `${left} s`);
});

test('ports that Docker forwards are shut too, by the number that clients ask for, whenever Docker comes', async () => {
  const container = `${net.server}-c`;
  const outside = commandRunner();
  const ip = async (...args: readonly string[]): Promise<void> => {
    const { exitCode, stderr } = await outside(['ip', ...args]);
    assert.equal(exitCode, 0, `ip ${args.join(' ')}: ${stderr}`);
  };
  await ip('netns', 'add', container);
  try {
    await ip('-n', net.server, 'link', 'add', 'dock', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', container);
    await ip('-n', net.server, 'addr', 'add', '172.30.0.1/24', 'dev', 'dock');
    await ip('-n', net.server, 'link', 'set', 'dock', 'up');
    await ip('-n', container, 'addr', 'add', `${INSIDE}/24`, 'dev', 'eth0');
    await ip('-n', container, 'link', 'set', 'eth0', 'up');
    await ip('-n', container, 'route', 'add', 'default', 'via', '172.30.0.1');
    await net.serverRun(['tee', '/proc/sys/net/ipv4/ip_forward'], '1');
    const { enforcer } = await choose({ backend: 'iptables', ports: [587] });
    await enforcer.reset([banOf(CLIENT4[0])]);
    assert.equal(await enforcer.intact(), true);

    const publish = ['-p', 'tcp', '-m', 'multiport', '--dports', '587,2525'];
    await must(['iptables', '-t', 'nat', '-A', 'PREROUTING', ...publish, '-j', 'DNAT', '--to', `${INSIDE}:10025`]);
    await must(['iptables', '-N', 'DOCKER-USER']);
    await must(['iptables', '-A', 'FORWARD', '-j', 'DOCKER-USER']);
    await must(['iptables', '-A', 'DOCKER-USER', '-j', 'RETURN']);
    const server = net.spawn(container, [
      process.execPath,
      '-e',
      "require('net').createServer().listen(10025, () => console.log('up'))",
    ]);
    assert.equal(await server.line(), 'up');
    assert.equal(await enforcer.intact(), false, 'Docker came after us');
    await enforcer.reset([banOf(CLIENT4[0])]);
    assert.equal(await enforcer.intact(), true);
    const dialAt = (from: string, port: number) => net.probe({ from, to: SERVER4, port, timeout: 700 });
    assert.equal(await dialAt(CLIENT4[0], 587), 'timeout');
    assert.equal(await dialAt(CLIENT4[1], 587), 'connected');
    assert.equal(await dialAt(CLIENT4[0], 2525), 'connected', 'the same server by a port that is not ours to shut');
    await enforcer.apply([ban(CLIENT4[1])]);
    assert.equal(await dialAt(CLIENT4[1], 587), 'timeout');
    await enforcer.remove();
    assert.equal(await must(['iptables', '-S', 'DOCKER-USER']), '-N DOCKER-USER\n-A DOCKER-USER -j RETURN');
    await server.stop();
  } finally {
    await ip('netns', 'del', container);
  }
});

/** A host on which these programs are not installed. */
function missing(run: ReturnType<typeof commandRunner>, programs: readonly string[]): ReturnType<typeof commandRunner> {
  return (argv, input, env) =>
    programs.includes(argv[0]) ? commandRunner()([`tailban-test-no-such-${argv[0]}`]) : run(argv, input, env);
}
