/** Bans in the store: what holds, what is history, and that saving again changes nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { subjectKey } from '../../src/core/subject.ts';
import { BAN_CAUSES } from '../../src/core/types.ts';
import type { BanRecord } from '../../src/store/types.ts';
import { ban, banned, freshPath, HOUR, NOW, openStore, unbanned } from './fixture.ts';

function keys(records: readonly BanRecord[]): string[] {
  return records.map((record) => subjectKey(record.subject));
}

/** How the bans of one subject went, the latest first. */
function course(records: readonly BanRecord[]): (readonly [number, number | null, string | null])[] {
  return records.map((record) => [record.since - NOW, record.endedAt && record.endedAt - NOW, record.ended] as const);
}

test('a ban comes back as it was saved, also after the store was closed', (t) => {
  const path = freshPath(t);
  const bans = BAN_CAUSES.map((cause, index) =>
    ban(`192.0.2.${index}`, { cause, since: NOW - 10 + index + 0.25, offence: index + 1 }),
  );
  const more = [
    ban('198.51.100.0/24', { until: null, reason: '', evidence: [] }),
    ban('2001:db8::/64', { since: NOW + 1 }),
    ban('login:alice@example.org', { since: NOW + 2 }),
    ban('198.51.100.7', { since: NOW + 3, behindProxy: true }),
  ];
  const { store } = openStore(t, path);
  store.saveChanges(banned(...bans, ...more), NOW);
  const expected = [...bans, ...more].map((one) => ({ ...one, endedAt: null, ended: null }));
  assert.deepEqual(store.activeBans(NOW), expected);
  store.close();
  assert.deepEqual(openStore(t, path).store.activeBans(NOW), expected);
});

test('logins, reasons and evidence with any characters come back as they were', (t) => {
  const path = freshPath(t);
  const logins = [
    ...[
      'почта@пример.рф',
      '😀',
      'a\0b',
      'a\0c',
      "x'; DROP TABLE bans; --",
      '"',
      '%_',
      'login:x',
      '192.0.2.1',
      '\ufffd',
    ],
    ...[
      'a\nb',
      '\u202eevil',
      'e\u0301',
      'é',
      'ß',
      'x'.repeat(10_000),
      '{"json":1}',
      '__proto__',
      'null',
      ':',
      '/',
      '-',
    ],
  ];
  const text = ['half a pair \ud83d', 'nul \0 inside', 'bytes \x80\xff', '\u2028', '', '"\\', 'y'.repeat(16_384)];
  const { store, warnings } = openStore(t, path);
  const bans = logins.map((login, index) =>
    ban(`login:${login}`, { since: NOW + index, evidence: text, reason: `locked: ${login}\0` }),
  );
  store.saveChanges(banned(...bans), NOW);
  store.close();
  const again = openStore(t, path).store;
  assert.deepEqual(
    again.activeBans(NOW),
    bans.map((one) => ({ ...one, endedAt: null, ended: null })),
  );
  for (const one of bans) assert.equal(again.history(subjectKey(one.subject), 9).length, 1, subjectKey(one.subject));
  assert.deepEqual(warnings, []);
});

test('a ban holds until its end and not at it, a permanent one for ever', (t) => {
  const { store } = openStore(t);
  store.saveChanges(banned(ban('192.0.2.1'), ban('192.0.2.2', { until: null })), NOW);
  assert.deepEqual(keys(store.activeBans(NOW + HOUR - 1)), ['192.0.2.1', '192.0.2.2']);
  assert.deepEqual(keys(store.activeBans(NOW + HOUR)), ['192.0.2.2']);
  assert.deepEqual(keys(store.activeBans(NOW + 1e6 * HOUR)), ['192.0.2.2']);
});

test('active bans come in the order of their beginning', (t) => {
  const { store } = openStore(t);
  const bans = [3, 1, 2].map((n) => ban(`192.0.2.${n}`, { since: NOW + n }));
  store.saveChanges(banned(...bans), NOW);
  assert.deepEqual(keys(store.activeBans(NOW)), ['192.0.2.1', '192.0.2.2', '192.0.2.3']);
});

test('a ban that ran out is history as expired, without anybody having written so', (t) => {
  const { store, clock } = openStore(t);
  store.saveChanges(banned(ban('192.0.2.1')), NOW);
  assert.deepEqual(course(store.history('192.0.2.1', 9)), [[0, null, null]]);
  clock.now = NOW + HOUR;
  assert.deepEqual(course(store.history('192.0.2.1', 9)), [[0, HOUR, 'expired']]);
});

test('an unban ends the ban at once and leaves it as history', (t) => {
  const { store } = openStore(t);
  store.saveChanges(banned(ban('192.0.2.1'), ban('192.0.2.2')), NOW);
  store.saveChanges(unbanned('192.0.2.1'), NOW + 7);
  assert.deepEqual(keys(store.activeBans(NOW + 7)), ['192.0.2.2']);
  assert.deepEqual(course(store.history('192.0.2.1', 9)), [[0, 7, 'unbanned']]);
});

test('an unban of what is not banned, or not any more, changes nothing', (t) => {
  const { store, clock } = openStore(t);
  store.saveChanges(unbanned('192.0.2.1', 'login:nobody', '10.0.0.0/8'), NOW);
  store.saveChanges(banned(ban('192.0.2.1')), NOW);
  clock.now = NOW + 2 * HOUR;
  store.saveChanges(unbanned('192.0.2.1'), clock.now);
  assert.deepEqual(course(store.history('192.0.2.1', 9)), [[0, HOUR, 'expired']]);
});

test('a later ban takes the place of the one that holds, and of one that ran out', (t) => {
  const { store, clock } = openStore(t);
  store.saveChanges(banned(ban('192.0.2.1')), NOW);
  store.saveChanges(banned(ban('192.0.2.1', { since: NOW + 5, until: NOW + 2 * HOUR, offence: 2 })), NOW + 6);
  clock.now = NOW + 3 * HOUR;
  store.saveChanges(banned(ban('192.0.2.1', { since: clock.now, until: null, offence: 3 })), clock.now);
  assert.deepEqual(course(store.history('192.0.2.1', 9)), [
    [3 * HOUR, null, null],
    [5, 2 * HOUR, 'expired'],
    [0, 6, 'replaced'],
  ]);
  assert.deepEqual(
    store.activeBans(clock.now).map((record) => record.offence),
    [3],
  );
});

test('a ban that a late line led to, older than the one that holds, still takes its place', (t) => {
  const { store } = openStore(t);
  store.saveChanges(banned(ban('192.0.2.1')), NOW);
  store.saveChanges(banned(ban('192.0.2.1', { since: NOW - 500, reason: 'late' })), NOW + 1);
  for (const records of [store.activeBans(NOW + 1), store.recentBans(NOW), store.history('192.0.2.1', 1)])
    assert.deepEqual(
      records.map((record) => record.reason),
      ['late'],
    );
});

test('saving the same ban again leaves one row, and its end can be moved', (t) => {
  const { store } = openStore(t);
  const changes = banned(ban('192.0.2.1'), ban('login:alice'));
  store.saveChanges(changes, NOW);
  store.saveChanges(changes, NOW + 1);
  assert.deepEqual(course(store.history('192.0.2.1', 9)), [[0, null, null]]);
  store.saveChanges(banned(ban('192.0.2.1', { until: NOW + 9 * HOUR })), NOW + 2);
  assert.deepEqual(keys(store.activeBans(NOW + 8 * HOUR)), ['192.0.2.1']);
  assert.equal(store.history('192.0.2.1', 9).length, 1);
});

test('changes of one batch are written in their order', (t) => {
  const { store } = openStore(t);
  store.saveChanges([...banned(ban('192.0.2.1')), ...unbanned('192.0.2.1')], NOW);
  assert.deepEqual(store.activeBans(NOW), []);
  store.saveChanges([...unbanned('192.0.2.1'), ...banned(ban('192.0.2.1', { reason: 'again' }))], NOW);
  assert.deepEqual(
    store.activeBans(NOW).map((record) => record.reason),
    ['again'],
  );
});

test('a batch with one ban that cannot be saved saves nothing, and says what is wrong', (t) => {
  const { store } = openStore(t);
  for (const wrong of [{ until: Number.NaN }, { until: Number.POSITIVE_INFINITY }, { since: Number.NaN }])
    assert.throws(
      () => store.saveChanges(banned(ban('192.0.2.1'), ban('192.0.2.2', wrong)), NOW),
      /^RangeError: The ban of 192\.0\.2\.2 from .* cannot be saved, expected two times$/,
    );
  assert.throws(() => store.saveChanges(unbanned('192.0.2.1'), Number.NaN), RangeError);
  assert.deepEqual(store.activeBans(NOW), []);
  store.saveChanges(banned(ban('192.0.2.1')), NOW);
  assert.equal(store.activeBans(NOW).length, 1);
});

test('recent bans are the last one of each subject that had not ended by then', (t) => {
  const { store, clock } = openStore(t);
  store.saveChanges(
    banned(
      ban('192.0.2.1', { since: NOW - 50 * HOUR, until: null }),
      ban('192.0.2.2', { since: NOW - 40 * HOUR, until: NOW - 30 * HOUR }),
      ban('192.0.2.3', { since: NOW - 30 * HOUR, until: NOW - 10 * HOUR }),
      ban('192.0.2.4', { since: NOW - 20 * HOUR, until: NOW + HOUR, offence: 4 }),
      ban('192.0.2.5', { since: NOW - 15 * HOUR, until: null }),
      ban('login:x', { since: NOW - 12 * HOUR, until: null }),
    ),
    NOW - 50 * HOUR,
  );
  store.saveChanges(unbanned('192.0.2.5'), NOW - 11 * HOUR);
  store.saveChanges(unbanned('login:x'), NOW - 9 * HOUR);
  store.saveChanges(banned(ban('192.0.2.4', { since: NOW - 5 * HOUR, offence: 5 })), NOW - 5 * HOUR);
  clock.now = NOW;
  const recent = store.recentBans(NOW - 10 * HOUR);
  assert.deepEqual(keys(recent), ['192.0.2.1', '192.0.2.3', 'login:x', '192.0.2.4']);
  assert.deepEqual(
    recent.map((record) => record.ended),
    [null, 'expired', 'unbanned', null],
  );
  assert.equal(recent.at(-1)?.offence, 5);
});

test('history gives at most as many as asked for, and nothing for a stranger', (t) => {
  const { store } = openStore(t);
  for (let n = 0; n < 5; n++) store.saveChanges(banned(ban('192.0.2.1', { since: NOW + n, offence: n })), NOW + n);
  assert.deepEqual(
    store.history('192.0.2.1', 2).map((record) => record.offence),
    [4, 3],
  );
  assert.deepEqual(store.history('192.0.2.2', 2), []);
});

test('forgetting deletes what ended before that time, never a ban that holds', (t) => {
  const { store } = openStore(t);
  store.saveChanges(
    banned(
      ban('192.0.2.1', { since: NOW - 9 * HOUR, until: null }),
      ban('192.0.2.2', { since: NOW - 9 * HOUR, until: NOW - 5 * HOUR }),
      ban('192.0.2.3', { since: NOW - 9 * HOUR, until: NOW - 4 * HOUR }),
      ban('192.0.2.4', { since: NOW - 9 * HOUR, until: NOW + HOUR }),
      ban('192.0.2.5', { since: NOW - 9 * HOUR, until: null }),
    ),
    NOW - 9 * HOUR,
  );
  store.saveChanges(unbanned('192.0.2.5'), NOW - 8 * HOUR);
  assert.equal(store.forgetHistory(NOW - 4 * HOUR), 2);
  assert.equal(store.forgetHistory(NOW - 4 * HOUR), 0);
  assert.deepEqual(keys(store.recentBans(0)), ['192.0.2.1', '192.0.2.3', '192.0.2.4']);
});

test('a real ban is remembered behind the short ones that came after it', (t) => {
  const { store } = openStore(t);
  const real = ban('192.0.2.1', { cause: 'scan', since: NOW - 2 * HOUR, until: NOW - HOUR, offence: 3 });
  const short = ban('192.0.2.1', { cause: 'rate-limit', since: NOW - 1000, until: NOW + 1000 });
  store.saveChanges(banned(real), real.since);
  store.saveChanges(banned(short), short.since);
  assert.deepEqual(
    store.recentBans(NOW - 24 * HOUR).map(({ cause, offence, ended }) => [cause, offence, ended]),
    [
      ['scan', 3, 'expired'],
      ['rate-limit', 1, null],
    ],
  );
  assert.equal(store.activeBans(NOW).length, 1);
});
