/** Everything but some networks: each address lies either in one of them or in one of the others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { contains, type Network, overlaps, parseAddress, parseNetwork } from '../../src/core/ip.ts';
import { outside as textsOutside } from '../../src/enforce/login/outside.ts';

function network(text: string): Network {
  const parsed = parseNetwork(text);
  assert.ok(parsed !== null, text);
  return parsed;
}

function outside(networks: readonly Network[]): Network[] {
  return textsOutside(networks).map(network);
}

test('what is outside of a network are its neighbours at every length', () => {
  const all = outside([network('128.0.0.0/2')]);
  assert.deepEqual(all, ['0.0.0.0/1', '192.0.0.0/2', '::/0']);
  assert.equal(outside([network('198.51.100.0/24')]).length, 25);
  assert.equal(outside([network('2001:db8::/56'), network('198.51.100.7')]).length, 56 + 32);
  assert.deepEqual(outside([]), ['0.0.0.0/0', '::/0']);
  assert.deepEqual(outside([network('0.0.0.0/0'), network('::/0')]), []);
});

test('every address is inside or outside, never both, and no two networks overlap', () => {
  const four = fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 }));
  const six = fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 }));
  const networks = fc.array(
    fc.oneof(four, six).map(([ip, length]) => `${ip}/${length}`),
    { maxLength: 4 },
  );
  fc.assert(
    fc.property(networks, fc.oneof(fc.ipV4(), fc.ipV6()), (texts, ip) => {
      const holes = texts.map((text) => parseNetwork(text)).filter((one) => one !== null);
      const others = outside(holes);
      for (const text of [ip, ...holes.map((one) => one.slice(0, one.indexOf('/')))]) {
        const address = parseAddress(text);
        if (address === null) continue;
        const isInside = holes.some((one) => contains(one, address));
        assert.equal(others.filter((one) => contains(one, address)).length, isInside ? 0 : 1, text);
      }
      assert.ok(!others.some((one) => holes.some((hole) => overlaps(one, hole))));
    }),
    { numRuns: 100 },
  );
});
