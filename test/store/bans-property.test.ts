/** Random changes against a model that keeps everything in a list, with the store closed and opened in between. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { subjectKey } from '../../src/core/subject.ts';
import type { Ban } from '../../src/core/types.ts';
import type { BanRecord } from '../../src/store/types.ts';
import { ban, banned, type Clock, freshPath, NOW, openStore, unbanned } from './fixture.ts';

type Step =
  | { readonly type: 'ban'; readonly who: string; readonly back: number; readonly length: number | null }
  | { readonly type: 'unban'; readonly who: string }
  | { readonly type: 'pass'; readonly time: number }
  | { readonly type: 'reopen' };

interface Entry {
  readonly ban: Ban;
  endedAt: number | null;
}

const who = fc.constantFrom('192.0.2.1', '2001:db8::/64', 'login:alice');
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant('ban' as const),
      who,
      back: fc.nat(3),
      length: fc.option(fc.integer({ min: 1, max: 20 })),
    }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('unban' as const), who }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('pass' as const), time: fc.integer({ min: 1, max: 10 }) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('reopen' as const) }) },
);

/** What the store promises, in the simplest words: one list of all bans, the last of a subject decides. */
class Model {
  readonly #entries = new Map<string, Entry[]>();

  ban(one: Ban, now: number): void {
    const key = subjectKey(one.subject);
    const earlier = (this.#entries.get(key) ?? []).filter((entry) => entry.ban.since !== one.since);
    this.#end(earlier.at(-1), now);
    this.#entries.set(key, [...earlier, { ban: one, endedAt: null }]);
  }

  unban(key: string, now: number): void {
    this.#end(this.#entries.get(key)?.at(-1), now);
  }

  active(now: number): string[] {
    return this.#last((entry) => entry.endedAt === null && (entry.ban.until === null || entry.ban.until > now));
  }

  recent(since: number): string[] {
    return this.#last((entry) => (entry.endedAt ?? entry.ban.until ?? Number.POSITIVE_INFINITY) >= since);
  }

  #end(entry: Entry | undefined, now: number): void {
    if (entry === undefined || entry.endedAt !== null) return;
    entry.endedAt = Math.min(now, entry.ban.until ?? now);
  }

  #last(matches: (entry: Entry) => boolean): string[] {
    const last = [...this.#entries.values()].flatMap((entries) => entries.filter(matches).slice(-1));
    return last.map(({ ban: one }) => `${subjectKey(one.subject)} ${one.since} ${one.until}`).sort();
  }
}

function described(records: readonly BanRecord[]): string[] {
  return records.map((one) => `${subjectKey(one.subject)} ${one.since} ${one.until}`).sort();
}

test('whatever was banned and unbanned, the store has the active and recent bans of the simplest model', (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const path = freshPath(t);
      const model = new Model();
      const clock: Clock = { now: NOW };
      let { store } = openStore(t, path, clock);
      for (const one of steps) {
        if (one.type === 'pass') clock.now += one.time;
        if (one.type === 'unban') {
          store.saveChanges(unbanned(one.who), clock.now);
          model.unban(one.who, clock.now);
        }
        if (one.type === 'ban') {
          const since = clock.now - one.back;
          const made = ban(one.who, { since, until: one.length === null ? null : since + one.length });
          store.saveChanges(banned(made), clock.now);
          model.ban(made, clock.now);
        }
        if (one.type === 'reopen') {
          store.close();
          ({ store } = openStore(t, path, clock));
        }
        assert.deepEqual(described(store.activeBans(clock.now)), model.active(clock.now));
        const since = clock.now - 8;
        assert.deepEqual(described(store.recentBans(since)), model.recent(since));
      }
      store.close();
    }),
    { numRuns: 60 },
  );
});
