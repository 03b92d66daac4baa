import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Rates } from '../../src/core/rates.ts';

const LIMIT = { count: 3, period: 100 };

test('the Nth inside any period leaves no room, until the first of them leaves', () => {
  const rates = new Rates(10);
  assert.equal(rates.add('a', LIMIT, 0).remaining, 2);
  assert.equal(rates.add('a', LIMIT, 40).remaining, 1);
  const full = rates.add('a', LIMIT, 99);
  assert.deepEqual(full, { remaining: 0, freeAt: 100, nextLeaves: 100 });
  assert.equal(rates.room('a', LIMIT, 99.9).remaining, 0);
  assert.equal(rates.room('a', LIMIT, 100).remaining, 1, 'a period is half open');
  assert.deepEqual([...rates.full()], ['a']);
  rates.tidy(100);
  assert.deepEqual([...rates.full()], []);
});

test('what happened without room pushes the room further out', () => {
  const rates = new Rates(10);
  for (const time of [0, 10, 20, 30, 40]) rates.add('a', LIMIT, time);
  assert.equal(rates.room('a', LIMIT, 40).freeAt, 120);
});

test('what is told late is sorted in', () => {
  const rates = new Rates(10);
  rates.add('a', LIMIT, 50, 60);
  rates.add('a', LIMIT, 10, 60);
  assert.equal(rates.add('a', LIMIT, 30, 60).freeAt, 110);
});

/** All that was let in, in one list. */
class Naive {
  readonly #times = new Map<string, number[]>();

  inside(key: string, now: number): number[] {
    return (this.#times.get(key) ?? []).filter((time) => time > now - LIMIT.period).sort((one, other) => one - other);
  }

  add(key: string, time: number): void {
    this.#times.set(key, [...(this.#times.get(key) ?? []), time]);
  }
}

// Multiples of the period's fractions, so that bursts fall on its border again and again.
const step = fc.record({
  key: fc.constantFrom('a', 'b', 'c'),
  wait: fc.oneof(fc.constantFrom(0, 0, 0, 50, 99, 100, 101, 200), fc.integer({ min: 0, max: 120 })),
});

test('taking while there is room is what a list of all times would let through', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const rates = new Rates(10);
      const naive = new Naive();
      let now = 0;
      for (const { key, wait } of steps) {
        now += wait;
        const inside = naive.inside(key, now);
        const room = rates.room(key, LIMIT, now);
        assert.equal(room.remaining, Math.max(0, LIMIT.count - inside.length));
        assert.equal(room.nextLeaves, inside.length === 0 ? null : (inside[0] ?? 0) + LIMIT.period);
        if (room.remaining === 0) {
          assert.equal(room.freeAt, (inside.at(-LIMIT.count) ?? 0) + LIMIT.period);
          assert.equal(naive.inside(key, room.freeAt).length < LIMIT.count, true);
          assert.equal(naive.inside(key, room.freeAt - 1).length >= LIMIT.count, true);
          continue;
        }
        naive.add(key, now);
        rates.add(key, LIMIT, now);
      }
    }),
    { numRuns: 500 },
  );
});

test('counting what has happened, late or not, agrees with a list of all times', () => {
  const late = fc.record({
    key: fc.constantFrom('a', 'b'),
    wait: fc.integer({ min: 0, max: 60 }),
    late: fc.integer({ min: 0, max: 150 }),
  });
  fc.assert(
    fc.property(fc.array(late, { maxLength: 60 }), (steps) => {
      const rates = new Rates(10);
      const naive = new Naive();
      let now = 1000;
      for (const { key, wait, late } of steps) {
        now += wait;
        naive.add(key, now - late);
        const room = rates.add(key, LIMIT, now - late, now);
        const inside = naive.inside(key, now);
        assert.equal(room.remaining, Math.max(0, LIMIT.count - inside.length));
        if (room.remaining === 0) assert.equal(room.freeAt, (inside.at(-LIMIT.count) ?? 0) + LIMIT.period);
      }
    }),
    { numRuns: 500 },
  );
});

test('a million distinct subjects stay within the bound, and nobody who is over the rate is forgotten for them', () => {
  const rates = new Rates(1024);
  const limited = Array.from({ length: 500 }, (_, index) => `limited ${index}`);
  for (const key of limited) for (let time = 0; time < LIMIT.count; time++) rates.add(key, LIMIT, time);
  for (let index = 0; index < 1_000_000; index++) {
    rates.add(`other ${index}`, LIMIT, 50);
    assert.ok(rates.size <= 1024);
  }
  for (const key of limited) assert.equal(rates.room(key, LIMIT, 60).remaining, 0, key);
  assert.equal(rates.overflow, 0);
});

test('where all who are remembered are over the rate, others are let through, counted as such, and later remembered', () => {
  const rates = new Rates(10);
  for (let key = 0; key < 10; key++) for (let time = 0; time < 3; time++) rates.add(`limited ${key}`, LIMIT, time);
  assert.equal(rates.add('other', LIMIT, 50).remaining, 2);
  assert.equal(rates.size, 10);
  assert.equal(rates.overflow, 1);
  rates.add('other', LIMIT, 2000);
  assert.equal(rates.size <= 10, true);
  assert.equal(rates.room('other', LIMIT, 2000).remaining, 2);
});

test('empty windows are forgotten', () => {
  const rates = new Rates(10);
  rates.add('a', LIMIT, 0);
  rates.add('b', LIMIT, 90);
  rates.tidy(150);
  assert.equal(rates.size, 1);
});

test('a clock that is set back shuts nobody out for as long as that', () => {
  const rates = new Rates(10);
  const hour = 3_600_000;
  for (let count = 0; count < 3; count++) rates.add('a', LIMIT, hour);
  assert.deepEqual(rates.room('a', LIMIT, 0), { remaining: 0, freeAt: 100, nextLeaves: 100 });
  assert.equal(rates.room('a', LIMIT, 100).remaining, 3);
});

test('a smaller memory forgets those seen longest ago, and a larger one nobody', () => {
  const rates = new Rates(10);
  for (let key = 0; key < 10; key++) rates.add(`${key}`, LIMIT, key);
  rates.max = 4;
  rates.add('new', LIMIT, 20);
  assert.equal(rates.size, 4);
  assert.equal(rates.room('9', LIMIT, 20).remaining, 2);
  assert.equal(rates.room('6', LIMIT, 20).remaining, 3);
  rates.max = 20;
  rates.add('newer', LIMIT, 20);
  assert.equal(rates.size, 5);
});
