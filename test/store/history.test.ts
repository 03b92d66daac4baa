/** Past bans of another host: they are behind all that is here, whatever is added when. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { subjectKey } from '../../src/core/subject.ts';
import { readStore } from '../../src/store/reading.ts';
import { KNOWN_GOOD, type PastBan } from '../../src/store/types.ts';
import { ban, banned, freshPath, HOUR, NOW, openStore, unbanned } from './fixture.ts';

function past(who: string, since: number, reason: string): PastBan {
  const own = ban(who, { since, until: since + HOUR, reason });
  return { ...own, endedAt: since + HOUR, ended: 'expired' };
}

test('a past ban that is added takes the place neither of a ban in force nor of a later one', (t) => {
  const { store, clock } = openStore(t);
  const here = [ban('192.0.2.1', { reason: 'in force' }), ban('192.0.2.2', { reason: 'lifted here' })];
  store.saveChanges(banned(...here), NOW);
  store.saveChanges(unbanned('192.0.2.2'), NOW + 1);
  const added = ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((who) => past(who, NOW - 5 * HOUR, 'elsewhere'));
  assert.equal(store.addHistory(added), 3);
  assert.equal(store.addHistory(added), 0, 'a second time nothing is new');
  clock.now = NOW + 2;
  const recent = store.recentBans(0).map(({ subject, reason, ended }) => [subjectKey(subject), reason, ended]);
  assert.deepEqual(recent.sort(), [
    ['192.0.2.1', 'in force', null],
    ['192.0.2.2', 'lifted here', 'unbanned'],
    ['192.0.2.3', 'elsewhere', 'expired'],
  ]);
  assert.deepEqual(
    store.history('192.0.2.1', 9).map(({ reason }) => reason),
    ['in force', 'elsewhere'],
  );
});

test('a database is read beside the daemon that has it open, and without one, and nothing is made', (t) => {
  const path = freshPath(t);
  const { store } = openStore(t, path);
  store.saveChanges(banned(ban('192.0.2.1'), ban('login:alice', { until: null })), NOW);
  store.addHistory([past('192.0.2.1', NOW - 5 * HOUR, 'older'), past('192.0.2.1', NOW - 9 * HOUR, 'oldest')]);
  store.checkpoint({
    positions: new Map(),
    counters: [],
    joins: new Map([
      [`${KNOWN_GOOD}alice\n198.51.100.0/24`, String(NOW)],
      ['another', 'value'],
    ]),
  });
  const read = () => {
    const reading = readStore(path, assert.fail);
    const bans = [...reading.bans(NOW)].map(({ subject, reason, ended }) => [subjectKey(subject), reason, ended]);
    const knownGood = [...reading.knownGood()];
    reading.close();
    return { bans, knownGood };
  };
  const expected = {
    bans: [
      ['login:alice', '100 failed logins in a day', null],
      ['192.0.2.1', '100 failed logins in a day', null],
      ['192.0.2.1', 'older', 'expired'],
      ['192.0.2.1', 'oldest', 'expired'],
    ],
    knownGood: [{ login: 'alice', network: '198.51.100.0/24', last: NOW }],
  };
  assert.deepEqual(read(), expected);
  store.close();
  assert.deepEqual(read(), expected);
});

test('what is no database of this tailban is told', (t) => {
  const path = freshPath(t);
  assert.throws(() => readStore(path, assert.fail), { message: `There is no database at ${path}` });
});
