/** What the judge says in single cases: whom it counts, when in time, and what it remembers of repeat offenders. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Judge } from '../../src/core/judge.ts';
import { banLength } from '../../src/core/sentence.ts';
import { subjectKey } from '../../src/core/subject.ts';
import type { Ban } from '../../src/core/types.ts';
import type { Verdict } from '../../src/core/verdict.ts';
import { addressSubject, failure, HOUR, network, settings } from './judging.ts';

/** The ban that a verdict brings; fails where it brings none or several. */
function banOf(verdict: Verdict): Ban {
  assert.equal(verdict.type, 'banned');
  const [ban, more] = verdict.type === 'banned' ? verdict.bans : [];
  assert.ok(ban !== undefined && more === undefined);
  return ban;
}

test('the third failure of three bans, with reason and evidence, for the ban time', () => {
  const judge = new Judge(settings({ banTime: HOUR }));
  for (const time of [0, 20]) assert.equal(judge.handle(failure('192.0.2.1', time), time).type, 'counted');
  const ban = banOf(judge.handle(failure('192.0.2.1', 90), 90));
  assert.deepEqual(ban, {
    subject: { type: 'address', address: '192.0.2.1' },
    since: 90,
    until: 90 + HOUR,
    cause: 'authentication',
    reason: '3 failed logins in 0s (limit 3/100ms)',
    offence: 1,
    evidence: [0, 20, 90].map((time) => `authentication from 192.0.2.1 at ${time}`),
  });
  assert.equal(banLength(ban), 'for 1h');
  assert.deepEqual(
    judge.counters('192.0.2.1').filter(({ times }) => times.length > 0),
    [],
  );
});

test('who is banned is not counted further, and the verdict says why', () => {
  const judge = new Judge(settings());
  for (const time of [0, 1, 2]) judge.handle(failure('192.0.2.1', time), time);
  assert.deepEqual(judge.handle(failure('192.0.2.1', 3), 3), {
    type: 'ignored',
    why: '192.0.2.1 is banned already',
  });
});

test('kinds are counted apart, successes and requests not at all, and a limit that is off counts nothing', () => {
  const limit = { count: 2, period: 100 };
  const limits = { authentication: limit, 'invalid-rcpt': limit, loitering: limit, scan: null };
  const judge = new Judge(settings({ limits }));
  const kinds = ['authentication', 'invalid-rcpt', 'loitering'] as const;
  for (const kind of kinds) assert.equal(judge.handle(failure('192.0.2.1', 0, { kind }), 0).type, 'counted');
  for (const kind of ['success', 'request'] as const)
    assert.equal(judge.handle(failure('192.0.2.1', 0, { kind }), 0).type, 'ignored');
  assert.deepEqual(judge.handle(failure('192.0.2.1', 0, { kind: 'scan' }), 0), {
    type: 'ignored',
    why: 'the limit for scan is off',
  });
  assert.equal(banOf(judge.handle(failure('192.0.2.1', 1, { kind: 'loitering' }), 1)).cause, 'loitering');
});

test('addresses of one IPv6 prefix are counted and banned together, those of the next one are not', () => {
  const judge = new Judge(settings());
  for (const [index, address] of ['2001:db8::1', '2001:db8::ffff', '2001:db8:0:0:a::1'].entries())
    judge.handle(failure(address, index), index);
  assert.deepEqual(
    [...judge.activeBans()].map(({ subject }) => subjectKey(subject)),
    ['2001:db8::/64'],
  );
  assert.equal(judge.handle(failure('2001:db8:0:1::1', 5), 5).type, 'counted');
});

test('a login is counted over all addresses, in whatever case it is written, for failed logins only', () => {
  const judge = new Judge(settings({ loginLimit: { count: 3, period: 100 } }));
  judge.handle(failure('192.0.2.1', 0, { login: 'Alice@Example.org' }), 0);
  judge.handle(failure('192.0.2.2', 1, { login: 'alice@example.org ', kind: 'scan' }), 1);
  judge.handle(failure('192.0.2.3', 2, { login: 'alice@example.org ' }), 2);
  const ban = banOf(judge.handle(failure('2001:db8::1', 3, { login: 'ALICE@example.org' }), 3));
  assert.equal(subjectKey(ban.subject), 'login:alice@example.org');
  assert.equal(ban.evidence.length, 3);
});

test('one failure may ban an address and a login at once', () => {
  const judge = new Judge(settings({ loginLimit: { count: 3, period: 100 } }));
  for (const time of [0, 1]) judge.handle(failure('192.0.2.1', time, { login: 'bob' }), time);
  const verdict = judge.handle(failure('192.0.2.1', 2, { login: 'bob' }), 2);
  assert.ok(verdict.type === 'banned');
  assert.deepEqual(
    verdict.bans.map(({ subject }) => subjectKey(subject)),
    ['192.0.2.1', 'login:bob'],
  );
});

test('a line that is read late counts at its own time, also if its ban is over by then', () => {
  const judge = new Judge(settings({ banTime: 50 }));
  const now = 50_000;
  for (const time of [10_000, 10_010]) judge.handle(failure('192.0.2.1', time), now);
  assert.equal(judge.handle(failure('192.0.2.1', 10_105), now).type, 'counted');
  const ban = banOf(judge.handle(failure('192.0.2.1', 10_020), now));
  assert.deepEqual([ban.since, ban.until], [10_020, 10_070]);
  assert.equal(judge.banCount, 0, 'it is over');
  const why = '192.0.2.1 is banned already';
  assert.deepEqual(judge.handle(failure('192.0.2.1', 10_060), now), { type: 'ignored', why });
  assert.deepEqual(judge.counters('192.0.2.1')[0]?.times, [10_105], 'what came after the ban goes on counting');
});

test('a line from the future counts as now', () => {
  const judge = new Judge(settings());
  judge.handle(failure('192.0.2.1', 10 * HOUR), 1000);
  judge.handle(failure('192.0.2.1', 20 * HOUR), 1050);
  assert.equal(banOf(judge.handle(failure('192.0.2.1', 1099), 1099)).since, 1099);
});

test('a repeat offender is banned for longer each time, up to the maximum, and begins anew when it has behaved', () => {
  const increment = { factor: 3, max: 20_000, forgetAfter: 5_000 };
  const judge = new Judge(settings({ increment }));
  let now = 0;
  const offend = (): Ban => {
    judge.expire(now);
    for (const time of [now, now + 1]) judge.handle(failure('192.0.2.1', time), time);
    const ban = banOf(judge.handle(failure('192.0.2.1', now + 2), now + 2));
    now = (ban.until ?? 0) + 4_998;
    return ban;
  };
  assert.deepEqual(
    [1, 2, 3, 4, 5].map(() => offend()).map(({ offence, since, until }) => [offence, (until ?? 0) - since]),
    [
      [1, 1_000],
      [2, 3_000],
      [3, 9_000],
      [4, 20_000],
      [5, 20_000],
    ],
  );
  now += 1;
  assert.equal(offend().offence, 1);
});

test('a permanent ban has no end and does not grow', () => {
  const judge = new Judge(settings({ banTime: null, increment: { factor: 2, max: HOUR, forgetAfter: HOUR } }));
  for (const time of [0, 1]) judge.handle(failure('192.0.2.1', time), time);
  const ban = banOf(judge.handle(failure('192.0.2.1', 2), 2));
  assert.equal(ban.until, null);
  assert.equal(banLength(ban), 'for good');
  assert.deepEqual(judge.expire(Number.MAX_SAFE_INTEGER), []);
});

test('an ending ban is told once, and lets its subject count again', () => {
  const judge = new Judge(settings());
  for (const time of [0, 1, 2]) judge.handle(failure('192.0.2.1', time), time);
  assert.deepEqual(judge.expire(1001), []);
  assert.equal(judge.expire(1002).length, 1);
  assert.deepEqual(judge.expire(1002), []);
  assert.equal(judge.handle(failure('192.0.2.1', 1002), 1002).type, 'counted');
});

test('when there are too many subjects the one seen least recently is forgotten, and bans never are', () => {
  const judge = new Judge(settings({ maxSubjects: 5 }));
  for (const time of [0, 1, 2]) judge.handle(failure('192.0.2.1', time), time);
  for (let i = 0; i < 50; i++) judge.handle(failure(`198.51.100.${i}`, 10 + i), 10 + i);
  assert.equal(judge.subjects, 5);
  assert.ok(judge.activeBan(addressSubject('192.0.2.1')) !== undefined);
  assert.deepEqual(judge.counters('198.51.100.49')[0]?.times, [59]);
  assert.deepEqual(judge.counters('198.51.100.44')[0]?.times, []);
});

test('the standing tells how close a subject is to each of its limits', () => {
  const judge = new Judge(settings({ loginLimit: { count: 9, period: 50 } }));
  judge.handle(failure('192.0.2.1', 0, { login: 'bob' }), 0);
  judge.handle(failure('192.0.2.1', 60, { login: 'bob' }), 60);
  judge.handle(failure('192.0.2.1', 60, { kind: 'scan' }), 60);
  const ofAddress = judge.standing(addressSubject('192.0.2.1'), 99).map(({ kind, count }) => [kind, count]);
  assert.deepEqual(ofAddress, [
    ['authentication', 2],
    ['invalid-rcpt', 0],
    ['loitering', 0],
    ['scan', 1],
  ]);
  const ofLogin = judge.standing({ type: 'login', login: 'bob' }, 99).map(({ kind, count }) => [kind, count]);
  assert.deepEqual(ofLogin, [['authentication', 1]]);
  assert.deepEqual(
    judge.standing(addressSubject('192.0.2.1'), 160).map(({ count }) => count),
    [0, 0, 0, 0],
  );
  assert.deepEqual(
    [99, 100, 160].map((now) => judge.standing(addressSubject('192.0.2.1'), now)[0]?.oldest),
    [0, 60, null],
  );
});

test('new limits hold from the next failure on, with the failures counted before', () => {
  const judge = new Judge(settings());
  for (const time of [0, 1]) judge.handle(failure('192.0.2.1', time), time);
  const limit = { count: 2, period: 100 };
  judge.configure(settings({ limits: { authentication: limit, 'invalid-rcpt': null, loitering: null, scan: null } }));
  assert.match(banOf(judge.handle(failure('192.0.2.1', 2), 2)).reason, /^2 failed logins .*limit 2\/100ms/);
});

test('tidying forgets what no window can reach any more', () => {
  const judge = new Judge(settings({ loginLimit: { count: 5, period: 1000 } }));
  judge.handle(failure('192.0.2.1', 0), 0);
  judge.tidy(1000);
  assert.equal(judge.subjects, 1);
  judge.tidy(1001);
  assert.equal(judge.subjects, 0);
  assert.deepEqual(judge.bansAround(network('192.0.2.1')), []);
});
