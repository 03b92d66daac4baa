/** The text that nft is given: exact, canonical, and never anything that an attacker wrote. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Network } from '../../src/core/ip.ts';
import { parseSubject, subjectKey } from '../../src/core/subject.ts';
import type { Subject } from '../../src/core/types.ts';
import type { Policy } from '../../src/enforce/firewall/policy.ts';
import { changeText, removeText, resetText, rules } from '../../src/enforce/firewall/ruleset.ts';
import { maskOf, type Slot, setName, shapeOf, slotAround, slotOf, subjectAt } from '../../src/enforce/firewall/slot.ts';
import { subject } from './bans.ts';

const DROP: Policy = { ports: [25, 143], action: 'drop' };
const slot = (text: string) => slotOf(subject(text));
const createText = (place: Slot, remaining: number | null) =>
  changeText({ fresh: [{ slot: place, remaining }], renewed: [], removed: [] });

test('a reset is one text that deletes the table and builds it with all elements', () => {
  const slots = [slot('192.0.2.1'), slot('2001:db8:1::/64')];
  const text = resetText(slots, DROP, [
    { slot: slot('192.0.2.1'), remaining: 90_500 },
    { slot: slot('2001:db8:1::/64'), remaining: null },
  ]);
  assert.equal(
    text,
    `add table inet tailban
delete table inet tailban
add table inet tailban
add chain inet tailban prerouting { type filter hook prerouting priority -150 ; policy accept ; }
add set inet tailban address4 { type ipv4_addr ; flags timeout ; }
add set inet tailban network6_64 { type ipv6_addr ; flags timeout ; }
flush chain inet tailban prerouting
add rule inet tailban prerouting meta l4proto != tcp return
add rule inet tailban prerouting tcp dport != { 25, 143 } return
add rule inet tailban prerouting ip saddr @address4 drop
add rule inet tailban prerouting ip6 saddr & ffff:ffff:ffff:ffff:: @network6_64 drop
add element inet tailban address4 { 192.0.2.1 timeout 1m30s500ms }
add element inet tailban network6_64 { 2001:db8:1:: }
`,
  );
});

test('a renewal adds, deletes and adds again, so that neither "already there" nor "not there" is an error', () => {
  const text = changeText({
    fresh: [],
    renewed: [{ slot: slot('192.0.2.1'), remaining: 60_000 }],
    removed: [slot('192.0.2.2'), slot('10.0.0.0/8')],
  });
  assert.equal(
    text,
    `add element inet tailban address4 { 192.0.2.1, 192.0.2.2 }
add element inet tailban network4_8 { 10.0.0.0 }
delete element inet tailban address4 { 192.0.2.1, 192.0.2.2 }
delete element inet tailban network4_8 { 10.0.0.0 }
add element inet tailban address4 { 192.0.2.1 timeout 1m }
`,
  );
});

test('a first ban deletes nothing', () => {
  const fresh = [{ slot: slot('192.0.2.1'), remaining: 60_000 }];
  assert.equal(
    changeText({ fresh, renewed: [], removed: [] }),
    'create element inet tailban address4 { 192.0.2.1 timeout 1m }\n',
  );
});

test('many elements are spread over several statements', () => {
  const elements = Array.from({ length: 4_500 }, (_, i) => ({
    slot: slot(`10.0.${i >> 8}.${i & 255}`),
    remaining: null,
  }));
  const lines = resetText([], DROP, elements)
    .split('\n')
    .filter((line) => line.startsWith('add element'));
  assert.deepEqual(
    lines.map((line) => line.split(',').length),
    [2_000, 2_000, 500],
  );
});

test('a timeout is never so short that the kernel would take it for none, nor longer than nft can read', () => {
  const timeout = (remaining: number) => /timeout (\S+)/.exec(createText(slot('192.0.2.1'), remaining))?.[1];
  assert.equal(timeout(0.2), '100ms');
  assert.equal(timeout(1_500.4), '1s501ms');
  assert.equal(timeout(1e15), '36500d');
});

test('rules follow ports and action', () => {
  const shapes = [{ family: 4, length: 32 } as const];
  assert.deepEqual(rules(shapes, { ports: [], action: 'drop' }), ['ip saddr @address4 drop']);
  assert.deepEqual(rules(shapes, { ports: [25], action: 'reject' }), [
    'meta l4proto != tcp return',
    'tcp dport != { 25 } return',
    'ip saddr @address4 meta l4proto tcp reject with tcp reset',
  ]);
  assert.deepEqual(rules(shapes, { ports: [], action: 'reject' }), [
    'ip saddr @address4 meta l4proto tcp reject with tcp reset',
    'ip saddr @address4 reject with icmpx type admin-prohibited',
  ]);
  for (const port of [0, 65_536, 2.5, Number.NaN]) {
    assert.throws(() => rules(shapes, { ports: [port], action: 'drop' }), /Cannot block port .* from 1 to 65535/);
  }
});

test('removing adds first, because nft fails on deleting what is not there', () => {
  assert.equal(removeText(), 'add table inet tailban\ndelete table inet tailban\n');
});

test('sets are named for family and length, and the name tells them again', () => {
  for (const text of ['192.0.2.1', '2001:db8::1', '192.0.2.0/24', '2001:db8::/64', '0.0.0.0/0', '::/0']) {
    const { base, ...shape } = slot(text);
    assert.deepEqual(shapeOf(setName(shape)), shape);
    assert.equal(subjectKey(subjectAt(shape, base) ?? subject('login:nobody')), text);
  }
  for (const name of ['address5', 'address4_24', 'network4', 'network4_33', 'network6_129', 'whitelist', '']) {
    assert.equal(shapeOf(name), null, name);
  }
  assert.equal(maskOf({ family: 4, length: 20 }), '255.255.240.0');
  assert.equal(maskOf({ family: 6, length: 60 }), 'ffff:ffff:ffff:fff0::');
  assert.equal(subjectAt({ family: 4, length: 32 }, '2001:db8::1'), null);
});

test('an address is looked up in the sets of its own family only', () => {
  const { base } = slot('192.0.2.77');
  assert.equal(slotAround(base, { family: 4, length: 24 })?.base, '192.0.2.0');
  assert.equal(slotAround(base, { family: 6, length: 64 }), null);
});

test('a login, and a forged subject, never become firewall text', () => {
  const forged = [
    '192.0.2.1 }; flush ruleset; #/32',
    '192.0.2.1\ndelete table inet filter/32',
    '0.0.0.0/0, 192.0.2.1/32',
    '',
  ].map((network): Subject => ({ type: 'network', network: network as Network }));
  for (const item of [...forged, subject('login:alice')]) {
    assert.throws(() => slotOf(item), /into a firewall: it is no address or network/);
  }
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const parsed = parseSubject(text);
      if (parsed === null || parsed.type === 'login') return;
      assert.match(createText(slotOf(parsed), null), /^[\w .:,{}\n]+$/);
    }),
  );
});
