/** The table in a real kernel: replacing it, noticing that somebody changed it, reading it back, and its limits. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { networkOf, parseAddress } from '../../src/core/ip.ts';
import { networkSubject, subjectKey } from '../../src/core/subject.ts';
import type { Ban, Subject } from '../../src/core/types.ts';
import { commandRunner } from '../../src/enforce/command.ts';
import { type NftablesOptions, nftables } from '../../src/enforce/firewall/nftables.ts';
import type { Enforcer } from '../../src/enforce/types.ts';
import { EnforceError } from '../../src/errors.ts';
import { type NetworkPair, networkPair } from '../support/netns.ts';
import { ban, banOf, unban } from './bans.ts';

const HOUR = 3_600_000;
let net: NetworkPair;

before(async () => {
  net = await networkPair();
});
after(() => net.remove());
beforeEach(async () => {
  await nft('flush', 'ruleset');
});

function firewall(options: Partial<NftablesOptions> = {}): Enforcer {
  return nftables({
    ports: [25],
    action: 'drop',
    ipv6Prefix: 64,
    run: net.serverRun,
    now: Date.now,
    killSockets: false,
    ...options,
  });
}

async function nft(...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await net.serverRun(['nft', ...args]);
  assert.equal(exitCode, 0, `nft ${args.join(' ')}: ${stderr}`);
  return stdout;
}

async function keys(enforcer: Enforcer): Promise<string[]> {
  return (await enforcer.remaining()).map((held) => subjectKey(held.subject)).sort();
}

test('every way to take our bans away is noticed, and a reset brings all of them back', async () => {
  const bans = [banOf('192.0.2.10', Date.now() + HOUR), banOf('2001:db8:1::/64'), banOf('198.51.100.0/24')];
  const attacks = [
    ['flush', 'ruleset'],
    ['delete', 'table', 'inet', 'tailban'],
    ['flush', 'table', 'inet', 'tailban'],
    ['flush', 'chain', 'inet', 'tailban', 'prerouting'],
    ['flush', 'set', 'inet', 'tailban', 'address4'],
    ['flush', 'set', 'inet', 'tailban', 'network6_64'],
    ['flush', 'set', 'inet', 'tailban', 'network4_24'],
    ['delete', 'element', 'inet', 'tailban', 'address4', '{ 192.0.2.10 }'],
    ['insert', 'rule', 'inet', 'tailban', 'prerouting', 'accept'],
    ['add', 'table', 'inet', 'tailban', '{ flags dormant ; }'],
    ['add', 'chain', 'inet', 'tailban', 'prerouting', '{ policy drop ; }'],
  ];
  const enforcer = firewall();
  await enforcer.reset(bans);
  for (const attack of attacks) {
    assert.equal(await enforcer.intact(), true);
    await nft(...attack);
    assert.equal(await enforcer.intact(), false, `nft ${attack.join(' ')}`);
    await enforcer.reset(bans);
    assert.deepEqual(await keys(enforcer), ['192.0.2.10', '198.51.100.0/24', '2001:db8:1::/64']);
  }
});

test('what somebody else puts into our sets is found within the hour, and a reset takes it out', async () => {
  let now = Date.now();
  const enforcer = firewall({ now: () => now });
  await enforcer.reset([
    banOf('192.0.2.10', now + 2 * HOUR),
    banOf('2001:db8:1::/64'),
    banOf('192.0.2.11', now + 9_000),
  ]);
  await enforcer.apply([ban('198.51.100.0/24'), ban('192.0.2.12'), unban('192.0.2.11')]);
  now += HOUR;
  assert.equal(await enforcer.intact(), true, 'all of this is ours');
  await nft('add', 'element', 'inet', 'tailban', 'address4', '{ 10.99.0.12 }');
  assert.equal(await enforcer.intact(), true, 'not looked for so soon');
  now += HOUR - 60_000;
  assert.equal(await enforcer.intact(), true);
  now += 60_000;
  assert.equal(await enforcer.intact(), false);
  await enforcer.reset([banOf('192.0.2.10')]);
  assert.deepEqual(await keys(enforcer), ['192.0.2.10']);
});

test('what other programs do in tables of their own is no alarm', async () => {
  const enforcer = firewall();
  await enforcer.reset([banOf('192.0.2.10')]);
  await nft('add', 'table', 'inet', 'other');
  await nft('add', 'chain', 'inet', 'other', 'prerouting', '{ type filter hook prerouting priority 0 ; }');
  assert.equal(await enforcer.intact(), true);
  await enforcer.remove();
  assert.match(await nft('list', 'ruleset'), /^table inet other/);
});

test('remove leaves no trace, and doing it twice is no error', async () => {
  const enforcer = firewall();
  await enforcer.reset([banOf('192.0.2.10')]);
  await enforcer.remove();
  await enforcer.remove();
  assert.equal(await nft('list', 'ruleset'), '');
  assert.equal(await enforcer.intact(), false);
  assert.deepEqual(await enforcer.remaining(), []);
});

test('a batch on a table that is gone fails and leaves nothing half done', async () => {
  const enforcer = firewall();
  await assert.rejects(enforcer.apply([ban('192.0.2.1')]), /before it has been reset/);
  await enforcer.reset([]);
  await nft('delete', 'table', 'inet', 'tailban');
  await assert.rejects(enforcer.apply([ban('192.0.2.1')]), (error: EnforceError) => {
    assert.ok(error instanceof EnforceError);
    assert.match(error.message, /Cannot carry out 1 change in the firewall: nft exited with 1 and said/);
    assert.match(error.stderr, /No such file/);
    assert.deepEqual(error.argv, ['nft', '-f', '-']);
    return true;
  });
  assert.equal(await nft('list', 'ruleset'), '');
});

test('an unban of what is not there is no error, and the last change of a subject counts', async () => {
  const enforcer = firewall();
  await enforcer.reset([]);
  await enforcer.apply([unban('192.0.2.1'), unban('2001:db8::/48')]);
  await enforcer.apply([ban('192.0.2.1'), unban('192.0.2.1'), unban('192.0.2.2'), ban('192.0.2.2'), ban('192.0.2.2')]);
  const single: Subject = { type: 'network', network: networkOf(address('192.0.2.2'), 32) };
  assert.deepEqual(await keys(enforcer), ['192.0.2.2']);
  await enforcer.apply([ban('192.0.2.2'), { type: 'unban', subject: single }]);
  assert.deepEqual(await keys(enforcer), []);
});

test('an element that somebody else has put into our set takes the end of the ban', async () => {
  const enforcer = firewall();
  await enforcer.reset([]);
  await nft('add', 'element', 'inet', 'tailban', 'address4', '{ 192.0.2.1 timeout 10s }');
  await enforcer.apply([ban('192.0.2.1', Date.now() + HOUR), ban('192.0.2.2')]);
  const ends = new Map((await enforcer.remaining()).map((held) => [subjectKey(held.subject), held.until]));
  assert.ok((ends.get('192.0.2.1') ?? 0) > Date.now() + HOUR - 10_000);
  assert.equal(ends.get('192.0.2.2'), null);
});

test('bans whose time is over are left out, and taken out where they are in force', async () => {
  const enforcer = firewall();
  await enforcer.reset([banOf('192.0.2.1', Date.now() - 1), banOf('192.0.2.2')]);
  assert.deepEqual(await keys(enforcer), ['192.0.2.2']);
  await enforcer.apply([ban('192.0.2.2', Date.now() - 1), ban('192.0.2.3', Date.now())]);
  assert.deepEqual(await keys(enforcer), []);
});

test('elements that are just expiring never trip a batch, and no short ban becomes one for ever', async () => {
  const enforcer = firewall();
  await enforcer.reset([]);
  for (let round = 0; round < 60; round++) {
    const soon = Date.now() + 1 + (round % 7) * 20;
    await enforcer.apply([ban('192.0.2.1', soon), ban('2001:db8:1::/64', soon + 3), unban('192.0.2.2')]);
    await enforcer.apply([ban('192.0.2.2', soon), unban('2001:db8:1::/64')]);
  }
  await sleep(300);
  assert.deepEqual(await keys(enforcer), []);
  assert.equal(await enforcer.intact(), true);
});

test('what is in the kernel can be adopted with its end, also by a process that never put it there', async () => {
  const until = Date.now() + HOUR;
  const far = Date.now() + 100 * 365 * 24 * HOUR;
  const put = firewall();
  await put.reset([
    banOf('192.0.2.1', until),
    banOf('2001:db8:1::/64'),
    banOf('10.0.0.0/8', until),
    banOf('2001:db8::7', far),
  ]);
  const found = new Map((await firewall().remaining()).map((held) => [subjectKey(held.subject), held.until]));
  assert.deepEqual([...found.keys()].sort(), ['10.0.0.0/8', '192.0.2.1', '2001:db8:1::/64', '2001:db8::7']);
  assert.equal(found.get('2001:db8:1::/64'), null);
  for (const [key, end] of [
    ['192.0.2.1', until],
    ['10.0.0.0/8', until],
    ['2001:db8::7', far],
  ] as const) {
    const off = (found.get(key) ?? 0) - end;
    assert.ok(off > -100 && off < 1_100, `${key} is ${off} ms off`);
  }
});

test('any mix of addresses and networks can be banned, read back and unbanned', async () => {
  const four = fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 }));
  const six = fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 }));
  const subjects = fc.uniqueArray(
    fc.oneof(four, six).map(([text, length]) => {
      const base = address(text);
      return networkSubject(networkOf(base, base.includes(':') ? length : Math.min(length, 32)));
    }),
    { maxLength: 60, selector: subjectKey },
  );
  const enforcer = firewall();
  const property = fc.asyncProperty(subjects, subjects, async (first, second) => {
    const permanent = (subject: Subject): Ban => ({ ...banOf('192.0.2.1'), subject });
    await enforcer.reset(first.map(permanent));
    await enforcer.apply(second.map((subject) => ({ type: 'ban', ban: permanent(subject) })));
    assert.equal(await enforcer.intact(), true);
    assert.deepEqual(await keys(enforcer), [...new Set([...first, ...second].map(subjectKey))].sort());
    await enforcer.apply([...first, ...second].map((subject) => ({ type: 'unban', subject })));
    assert.deepEqual(await keys(enforcer), []);
  });
  await fc.assert(property, { numRuns: 25 });
});

test('a machine without nft, and one where it is not permitted, get told what to do', async () => {
  const missing = firewall({ run: (_argv, input) => noNft(input) });
  await assert.rejects(missing.reset([]), /no such program was found, install the package nftables/);
  const powerless = firewall({
    run: commandRunner({
      prefix: ['ip', 'netns', 'exec', net.server, 'setpriv', '--bounding-set=-all', '--reuid=65534'],
    }),
  });
  await assert.rejects(powerless.reset([]), /Operation not permitted.*needs root or the capability CAP_NET_ADMIN/);
});

test('100,000 bans come in one transaction, and looking after them stays cheap', async (t) => {
  const until = Date.now() + HOUR;
  const bans = Array.from({ length: 100_000 }, (_, i) =>
    i % 2 === 0
      ? banOf(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, until + i)
      : banOf(`2001:db8:${(i >> 8).toString(16)}:${(i & 255).toString(16)}::/64`, until + i),
  );
  const enforcer = firewall();
  const time = async (what: string, action: () => Promise<unknown>): Promise<void> => {
    const start = performance.now();
    await action();
    t.diagnostic(`${what}: ${Math.round(performance.now() - start)} ms`);
  };
  await time('reset to 100,000 bans', () => enforcer.reset(bans));
  await time('reset to 100,000 bans over as many', () => enforcer.reset(bans));
  await time('one more ban', () => enforcer.apply([ban('192.0.2.1')]));
  await time('one more network of a new length', () => enforcer.apply([ban('192.0.2.0/28')]));
  await time('2,000 more bans', () => enforcer.apply(bans.slice(0, 2_000).map((item) => ({ type: 'ban', ban: item }))));
  await time('intact', async () => assert.equal(await enforcer.intact(), true));
  await time('remaining', async () => assert.equal((await enforcer.remaining()).length, 100_002));
  await nft('flush', 'set', 'inet', 'tailban', 'network6_64');
  assert.equal(await enforcer.intact(), false);
});

const noNft = (input?: string) => commandRunner()(['tailban-test-no-such-nft', '-f', '-'], input);

function address(text: string) {
  const parsed = parseAddress(text);
  assert.ok(parsed !== null, text);
  return parsed;
}
