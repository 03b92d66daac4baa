/** Network maps against a list that is searched from end to end, and the book of bans and evidence at their limits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BanBook } from '../../src/core/bans.ts';
import { Evidence } from '../../src/core/evidence.ts';
import { type Address, addressWidth, contains, type Network, networkLength, networkOf } from '../../src/core/ip.ts';
import { NetworkMap } from '../../src/core/networks.ts';
import type { Ban } from '../../src/core/types.ts';
import { addressSubject, ip, network } from './judging.ts';

/** Addresses close to each other, so that networks meet. */
const address = fc.oneof(
  fc.tuple(fc.constantFrom(10, 192, 255), fc.nat(1), fc.nat(255)).map(([a, b, c]) => ip(`${a}.${b}.0.${c}`)),
  fc.tuple(fc.nat(3), fc.nat(0xffff)).map(([a, b]) => ip(`2001:db8:${a}::${b.toString(16)}`)),
);
const anyNetwork = fc.tuple(address, fc.nat(128)).map(([base, length]) => around(base, length));

function around(base: Address, length: number): Network {
  return networkOf(base, Math.min(length, addressWidth(base)));
}

test('the smallest network and all networks around an address are found, after any changes', () => {
  const change = fc.tuple(anyNetwork, fc.boolean());
  fc.assert(
    fc.property(
      fc.array(change, { maxLength: 60, size: 'max' }),
      fc.array(address, { minLength: 5, maxLength: 20, size: 'max' }),
      (changes, addresses) => {
        const map = new NetworkMap<number>();
        const list = new Set<Network>();
        for (const [index, [one, isAdded]] of changes.entries()) {
          if (isAdded) map.set(one, index);
          else assert.equal(map.delete(one), list.has(one));
          if (isAdded) list.add(one);
          else list.delete(one);
          for (const each of addresses) {
            const around = [...list]
              .filter((other) => contains(other, each))
              .sort((a, b) => networkLength(b) - networkLength(a));
            assert.deepEqual([...map.containing(each)], around);
            assert.equal(map.find(each), around[0] ?? null);
          }
        }
        assert.equal(map.size, list.size);
      },
    ),
    { numRuns: 60 },
  );
});

test('a hundred thousand networks are taken in without a look at all of them each time', () => {
  const map = new NetworkMap<true>();
  for (let i = 0; i < 100_000; i++)
    map.set(network(`2001:db8:${(i >> 8).toString(16)}:${(i & 255).toString(16)}::/64`), true);
  assert.equal(map.find(ip('2001:db8:10:20::1')), '2001:db8:10:20::/64');
  assert.equal(map.find(ip('2001:db9::1')), null);
});

function ban(key: string, since: number, until: number | null): Ban {
  return { subject: addressSubject(key), since, until, cause: 'scan', reason: '', offence: 1, evidence: [] };
}

test('a ban that is over when it is made takes the place of an earlier one that has not been expired yet', () => {
  const book = new BanBook();
  book.add(ban('192.0.2.1', 0, 100), 50);
  book.add(ban('192.0.2.1', 150, 200), 300);
  assert.equal(book.size, 0);
  assert.equal(book.last('192.0.2.1')?.since, 150);
  assert.deepEqual(book.expire(300), []);
  assert.equal(book.last('192.0.2.1')?.since, 150);
});

test('of ended bans the oldest are forgotten when there are too many', () => {
  const book = new BanBook();
  for (let i = 0; i < 200_005; i++) {
    const text = `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
    book.add({ ...ban('10.0.0.0', i, i + 1), subject: { type: 'address', address: text as Address } }, 1_000_000);
  }
  assert.equal(book.last('10.0.0.4'), undefined);
  assert.equal(book.last('10.0.0.5')?.since, 5);
});

test('of each subject the last five lines are kept, long ones cut, and of too many subjects those seen last', () => {
  const evidence = new Evidence(10);
  for (let i = 0; i < 7; i++) evidence.add('a', `line ${i}`);
  assert.deepEqual(evidence.of('a'), ['line 2', 'line 3', 'line 4', 'line 5', 'line 6']);
  evidence.add('b', 'x'.repeat(5000));
  assert.equal(evidence.of('b')[0]?.length, 401);
  for (let i = 0; i < 100; i++) evidence.add(`other ${i}`, 'line');
  assert.deepEqual(evidence.of('a'), []);
  for (let i = 96; i < 100; i++) assert.deepEqual(evidence.of(`other ${i}`), ['line']);
  evidence.clear('other 99');
  assert.deepEqual(evidence.of('other 99'), []);
});
