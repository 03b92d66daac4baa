import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Slot, Slots } from '../../src/core/slots.ts';

function slot(changes: Partial<Slot> = {}): Slot {
  return { id: null, from: '192.0.2.1', login: null, counted: ['alice'], since: 0, ...changes };
}

test('a slot is held until its request ends', () => {
  const slots = new Slots(1000);
  slots.take(slot({ id: 'one' }));
  slots.take(slot({ id: 'two' }));
  assert.equal(slots.running('alice', 0), 2);
  assert.equal(slots.end({ id: 'one', from: null, login: null }), true);
  assert.equal(slots.end({ id: 'one', from: null, login: null }), false);
  assert.equal(slots.running('alice', 0), 1);
});

test('a slot whose end nobody tells is given back when its lease is over', () => {
  const slots = new Slots(1000);
  slots.take(slot());
  assert.equal(slots.running('alice', 999), 1);
  assert.equal(slots.running('alice', 1000), 0);
  assert.equal(slots.size, 0);
});

test('without an id the oldest request of the same origin ends, with the same login if there is one', () => {
  const slots = new Slots(1000);
  slots.take(slot({ login: 'bob', counted: ['bob'] }));
  slots.take(slot({ login: 'alice' }));
  assert.equal(slots.end({ id: null, from: '192.0.2.1', login: 'alice' }), true);
  assert.equal(slots.running('alice', 0), 0);
  assert.equal(slots.running('bob', 0), 1);
  assert.equal(slots.end({ id: null, from: '192.0.2.2', login: 'bob' }), false);
  assert.equal(slots.end({ id: null, from: '192.0.2.1', login: null }), true);
});

test('an unknown id ends no request that has another', () => {
  const slots = new Slots(1000);
  slots.take(slot({ id: 'one' }));
  assert.equal(slots.end({ id: 'two', from: '192.0.2.1', login: null }), false);
  assert.equal(slots.running('alice', 0), 1);
});

test('an id that is used twice belongs to the first, and nothing leaks', () => {
  const slots = new Slots(1000);
  slots.take(slot({ id: 'one' }));
  slots.take(slot({ id: 'one' }));
  assert.equal(slots.end({ id: 'one', from: null, login: null }), true);
  assert.equal(slots.running('alice', 0), 1);
  assert.equal(slots.running('alice', 1000), 0);
});

test('whatever is taken and ended, the counts are those of the slots that are left', () => {
  const step = fc.record({
    what: fc.constantFrom('take', 'end', 'wait'),
    id: fc.constantFrom(null, 'one', 'two', 'three'),
    from: fc.constantFrom('192.0.2.1', '192.0.2.2'),
    counted: fc.constantFrom(['a'], ['b'], []),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const slots = new Slots(100);
      let now = 0;
      let taken = 0;
      for (const { what, id, from, counted } of steps) {
        if (what === 'take') {
          slots.take({ id, from, login: null, counted, since: now });
          taken++;
        } else if (what === 'end') taken -= slots.end({ id, from, login: null }) ? 1 : 0;
        else now += 30;
        const before = slots.size;
        slots.expire(now);
        taken -= before - slots.size;
        assert.equal(slots.size, taken);
        assert.ok(slots.running('a', now) + slots.running('b', now) <= taken);
      }
      slots.expire(now + 100);
      assert.equal(slots.size, 0);
      assert.equal(slots.counts().size, 0);
    }),
  );
});

test('a lease that is made shorter holds for what runs already', () => {
  const slots = new Slots(1000);
  slots.take(slot());
  slots.lease = 100;
  assert.equal(slots.running('alice', 100), 0);
});

test('a clock that is set back keeps no slot for as long as that', () => {
  const slots = new Slots(1000);
  slots.take(slot({ since: 3_600_000 }));
  slots.take(slot({ since: 10 }));
  assert.equal(slots.running('alice', 11), 1);
});

test('where no end is told any more nothing is known of what runs, until one is told', () => {
  const slots = new Slots(1000);
  for (let id = 0; id < 31; id++) slots.take(slot({ id: `${id}` }));
  assert.equal(slots.isBlind, false);
  slots.take(slot({ id: '31' }));
  assert.equal(slots.isBlind, true);
  slots.end({ id: '0', from: null, login: null });
  assert.equal(slots.isBlind, false);
  slots.expire(1000);
  assert.equal(slots.isBlind, true, 'a lease has run out');
});

test('a line without an id is looked up in time that does not grow with what runs', () => {
  const slots = new Slots(1000);
  for (let id = 0; id < 100_000; id++) slots.take(slot({ id: `${id}`, login: 'other' }));
  const start = performance.now();
  for (let line = 0; line < 1_000; line++) slots.end({ id: 'unknown', from: '192.0.2.1', login: 'alice' });
  // A walk through all of them takes a millisecond and more.
  assert.ok(performance.now() - start < 300);
  assert.equal(slots.size, 100_000);
});
