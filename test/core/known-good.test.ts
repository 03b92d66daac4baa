/** From where logins are known to work: what is kept, what goes, and what is told of it to the store. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { KnownGood, pairKey } from '../../src/core/known-good.ts';
import { network } from './judging.ts';

const MINUTE = 60_000;

function pair(login: string, text = '192.0.2.0/24'): string {
  return pairKey(login, network(text));
}

describe('the memory of pairs of login and network', () => {
  it('tells when a login last worked from there, to the minute, and never moves back', () => {
    const known = new KnownGood(100);
    assert.equal(known.last(pair('alice')), null);
    known.note(pair('alice'), 7 * MINUTE + 999);
    assert.equal(known.last(pair('alice')), 7 * MINUTE);
    known.note(pair('alice'), 3 * MINUTE);
    assert.equal(known.last(pair('alice')), 7 * MINUTE);
    assert.equal(known.last(pair('alice', '192.0.3.0/24')), null);
    assert.equal(known.last(pair('alic')), null);
  });

  it('tells the networks of one login, the latest first, and not those of a name that begins the same', () => {
    const known = new KnownGood(100);
    known.note(pair('alice', '192.0.2.0/24'), 1 * MINUTE);
    known.note(pair('alice', '2001:db8::/56'), 3 * MINUTE);
    known.note(pair('alice2'), 2 * MINUTE);
    known.note(pair('alice\n10.0.0.0/8'), 2 * MINUTE);
    assert.deepEqual(known.of('alice'), [
      { network: '2001:db8::/56', last: 3 * MINUTE },
      { network: '192.0.2.0/24', last: 1 * MINUTE },
    ]);
    assert.deepEqual(known.of('ali'), []);
  });

  it('tells changes once, with null for what is gone', () => {
    const known = new KnownGood(100);
    known.load([[pair('old'), MINUTE]]);
    assert.deepEqual(known.takeChanged(), []);
    known.note(pair('alice'), 2 * MINUTE);
    known.note(pair('alice'), 2 * MINUTE + 1);
    assert.deepEqual(known.takeChanged(), [[pair('alice'), 2 * MINUTE]]);
    assert.deepEqual(known.takeChanged(), []);
    known.forgetBefore(2 * MINUTE);
    assert.deepEqual(known.takeChanged(), [[pair('old'), null]]);
    known.remove(pair('alice'));
    assert.deepEqual(known.takeChanged(), [[pair('alice'), null]]);
    assert.equal(known.size, 0);
  });

  it('keeps what is in use however many others come and go', () => {
    const known = new KnownGood(100);
    for (let i = 0; i < 10_000; i++) {
      known.note(pair(`guest${i}`), i * MINUTE);
      if (i % 40 === 0) known.note(pair('owner'), i * MINUTE);
      assert.ok(known.size <= 100);
    }
    assert.notEqual(known.last(pair('owner')), null);
  });

  it('stays within its bounds, keeps the last half, and the store can follow, whatever happens', () => {
    const step = fc.record({
      login: fc.nat(40).map((n) => `user${n}`),
      pause: fc.nat(3),
      action: fc.constantFrom('note', 'note', 'note', 'note', 'note', 'remove', 'take', 'forget'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
        const known = new KnownGood(20);
        const store = new Map<string, number>();
        const noted: string[] = [];
        let minute = 1;
        const take = (): void => {
          for (const [key, time] of known.takeChanged())
            if (time === null) store.delete(key);
            else store.set(key, time);
        };
        for (const { login, pause, action } of steps) {
          minute += pause;
          const key = pair(login);
          if (action === 'note') {
            known.note(key, minute * MINUTE);
            const index = noted.indexOf(key);
            if (index >= 0) noted.splice(index, 1);
            noted.push(key);
            assert.equal(known.last(key), minute * MINUTE);
          } else if (action === 'remove') {
            known.remove(key);
            if (noted.includes(key)) noted.splice(noted.indexOf(key), 1);
            assert.equal(known.last(key), null);
          } else if (action === 'forget') {
            known.forgetBefore((minute - 30) * MINUTE);
          } else take();
          assert.ok(known.size <= 20);
          // The younger generation alone holds the last half, except for what is too old.
          for (const recent of noted.slice(-10))
            if (known.last(recent) === null) assert.ok(action === 'forget' || minute > 30, recent);
        }
        take();
        const again = new KnownGood(20);
        again.load([...store].sort(([, one], [, other]) => one - other));
        assert.equal(store.size, known.size);
        for (const [key, time] of store) {
          assert.equal(known.last(key), time);
          assert.equal(again.last(key), time);
        }
      }),
    );
  });
});
