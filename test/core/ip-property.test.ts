/** Addresses and networks against other people's code: `node:net` (isIP, BlockList) and the URL parser. */
import assert from 'node:assert/strict';
import { BlockList, isIP } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type Address,
  addressWidth,
  contains,
  networkBase,
  networkLength,
  networkOf,
  overlaps,
  parseAddress,
  parseNetwork,
} from '../../src/core/ip.ts';

const RUNS = { numRuns: 3_000 };

/** Groups are often 0, 1 or all ones, so that gaps, runs of zeros and mapped addresses come up. */
const group = fc.oneof(fc.constantFrom(0, 0, 0, 1, 0xffff), fc.nat(0xffff));
const quad = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)).map((bytes) => bytes.join('.'));
const longForm = fc.array(group, { minLength: 8, maxLength: 8 }).map((groups) => groups.map((g) => g.toString(16)));
const ipv6 = fc.oneof(
  fc.ipV6(),
  longForm.map((groups) => groups.join(':')),
  fc.tuple(longForm, quad).map(([groups, tail]) => [...groups.slice(0, 6), tail].join(':')),
  quad.map((tail) => `::ffff:${tail}`),
);
const anyAddress = fc.oneof(quad, ipv6);
/** Texts that are nearly addresses: a valid one with a piece replaced, or a jumble of the characters that occur. */
const jumble = fc.string({ unit: fc.constantFrom(...'0123456789abcdefF:::..g-/ '), maxLength: 46 });
const nearly = fc
  .tuple(anyAddress, fc.nat(45), fc.nat(3), fc.string({ unit: fc.constantFrom(...'0125fF:. x'), maxLength: 3 }))
  .map(([text, at, cut, put]) => text.slice(0, at) + put + text.slice(at + cut));

test('a text is an address exactly where node:net says so', () => {
  fc.assert(
    fc.property(fc.oneof(anyAddress, nearly, jumble, fc.string()), (text) => {
      fc.pre(!text.includes('%'));
      assert.equal(parseAddress(text) !== null, isIP(text) !== 0);
    }),
    { numRuns: 20_000 },
  );
});

test('a zone after an address is never accepted, though node:net accepts one', () => {
  assert.equal(isIP('fe80::1%eth0'), 6);
  fc.assert(
    fc.property(anyAddress, fc.string({ maxLength: 5 }), (text, zone) => {
      assert.equal(parseAddress(`${text}%${zone}`), null);
    }),
    RUNS,
  );
});

test('the canonical form of an IPv6 address is the one that the URL parser writes', () => {
  fc.assert(
    fc.property(ipv6, (text) => {
      const expected = new URL(`http://[${text}]/`).hostname.slice(1, -1);
      const parsed = parseAddress(text);
      assert.ok(parsed !== null);
      const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(expected);
      if (mapped === null) {
        assert.equal(parsed, expected);
      } else {
        const value = Number.parseInt(mapped[1] ?? '', 16) * 65_536 + Number.parseInt(mapped[2] ?? '', 16);
        assert.equal(parsed, [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.'));
      }
    }),
    RUNS,
  );
});

test('reading a canonical form again changes nothing', () => {
  fc.assert(
    fc.property(anyAddress, fc.nat(128), (text, length) => {
      const parsed = parseAddress(text);
      assert.ok(parsed !== null);
      assert.equal(parseAddress(parsed), parsed);
      const network = networkOf(parsed, Math.min(length, addressWidth(parsed)));
      assert.equal(parseNetwork(network), network);
      assert.equal(parseAddress(networkBase(network)), networkBase(network));
      assert.equal(networkOf(networkBase(network), networkLength(network)), network);
      assert.ok(contains(network, parsed));
    }),
    RUNS,
  );
});

test('a network contains an address exactly where the block list of node:net finds it', () => {
  // A related address differs in one bit from the first, or the answer would nearly always be no.
  const pairs = fc.tuple(anyAddress, anyAddress, fc.nat(128), fc.nat(128), fc.boolean());
  let inside = 0;
  fc.assert(
    fc.property(pairs, ([text, otherText, length, flipped, related]) => {
      const base = parseAddress(text);
      const unrelated = parseAddress(otherText);
      assert.ok(base !== null && unrelated !== null);
      const width = addressWidth(base);
      const bits = Math.min(length, width);
      const other = related ? flipBit(base, Math.min(flipped, width - 1)) : unrelated;
      const family = width === 32 ? 'ipv4' : 'ipv6';
      const otherFamily = addressWidth(other) === 32 ? 'ipv4' : 'ipv6';
      // Node's block list looks a mapped address up among the IPv4 rules; ours has no mapped addresses left.
      const list = new BlockList();
      list.addSubnet(base, bits, family);
      const expected = family === otherFamily && list.check(other, otherFamily);
      if (expected) inside++;
      assert.equal(contains(networkOf(base, bits), other), expected);
    }),
    RUNS,
  );
  assert.ok(inside > RUNS.numRuns / 20, `only ${inside} were inside`);
});

test('two networks overlap exactly where the longer one has its first address in the shorter one', () => {
  fc.assert(
    fc.property(anyAddress, fc.nat(128), fc.nat(128), fc.nat(127), (text, one, other, flipped) => {
      const base = parseAddress(text);
      assert.ok(base !== null);
      const width = addressWidth(base);
      const bit = Math.min(flipped, width - 1);
      const first = networkOf(base, Math.min(one, width));
      const neighbour = flipBit(base, bit);
      // One bit can make a mapped address, which is one of the other family.
      fc.pre(addressWidth(neighbour) === width);
      const second = networkOf(neighbour, Math.min(other, width));
      // They differ in one bit alone, so they share an address exactly when one of them leaves that bit open.
      const expected = Math.min(one, other, width) <= bit;
      assert.equal(overlaps(first, second), expected);
      assert.equal(overlaps(second, first), expected);
    }),
    RUNS,
  );
});

/** The address with one bit (0 is the first) turned over. */
function flipBit(address: Address, bit: number): Address {
  const list = addressWidth(address) === 32 ? address.split('.').map(Number) : expand(address);
  const size = addressWidth(address) / list.length;
  const flipped = list.map((value, index) =>
    Math.floor(bit / size) === index ? value ^ (1 << (size - 1 - (bit % size))) : value,
  );
  const text = size === 8 ? flipped.join('.') : flipped.map((value) => value.toString(16)).join(':');
  const parsed = parseAddress(text);
  assert.ok(parsed !== null);
  return parsed;
}

function expand(text: string): number[] {
  const [head = '', tail] = text.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = new Array<string>(8 - left.length - right.length).fill('0');
  return [...left, ...zeros, ...right].map((value) => Number.parseInt(value, 16));
}
