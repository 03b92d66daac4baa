/** What the daemon answers to `tailban explain`: judge and store together, each as it really is. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Judge } from '../../src/core/judge.ts';
import { explainSubject } from '../../src/daemon/explanation.ts';
import { failure, network, settings } from '../core/judging.ts';
import { openStore, subject } from '../store/fixture.ts';

const NOW = 1_000_000;
const LIMIT = { count: 3, period: 100, banTime: 1_000 };

function host(t: TestContext, changes: Parameters<typeof settings>[0] = {}) {
  const judge = new Judge(settings({ loginLimit: LIMIT, ...changes }));
  const { store } = openStore(t, undefined, { now: NOW });
  const fail = (ip: string, time: number, login: string | null = null): void => {
    const verdict = judge.handle(failure(ip, time, { login }), time);
    if (verdict.type === 'banned')
      store.saveChanges(
        verdict.bans.map((ban) => ({ type: 'ban', ban })),
        time,
      );
  };
  const explain = (text: string, now = NOW) => explainSubject(subject(text), { asked: text, judge, store, now });
  return { judge, store, fail, explain };
}

test('who has failed is told how close to each limit, and when the oldest failure is forgotten', (t) => {
  const { fail, explain } = host(t);
  fail('192.0.2.1', NOW - 150);
  fail('192.0.2.1', NOW - 60);
  fail('192.0.2.1', NOW - 10);
  const view = explain('192.0.2.1');
  assert.deepEqual(view.bans, []);
  assert.deepEqual(view.standing[0], {
    kind: 'authentication',
    limit: { count: 3, period: 100 },
    banTime: 1_000,
    count: 2,
    oldestLeaves: NOW + 40,
  });
  assert.deepEqual(
    view.standing.map(({ count }) => count),
    [2, 0, 0, 0],
  );
  assert.equal(view.evidence.at(-1), `authentication from 192.0.2.1 at ${NOW - 10}`);
  assert.deepEqual(view.history, []);
});

test('who is banned is told why, and of the bans before', (t) => {
  const { fail, explain } = host(t, { increment: { factor: 2, max: 100_000, forgetAfter: 1_000_000 } });
  for (const time of [1, 2, 3]) fail('192.0.2.1', NOW - 5_000 + time);
  for (const time of [1, 2, 3]) fail('192.0.2.1', NOW - 50 + time);
  const { bans, history, standing } = explain('192.0.2.1');
  assert.deepEqual(
    bans.map(({ since, until, offence }) => ({ since, until, offence })),
    [{ since: NOW - 47, until: NOW - 47 + 2_000, offence: 2 }],
  );
  assert.equal(bans[0]?.evidence.length, 3);
  assert.equal(standing[0]?.count, 0);
  assert.equal(standing[0]?.banTime, 4_000, 'the next ban would be the third');
  assert.deepEqual(
    history.map(({ offence, endedAt, ended }) => ({ offence, endedAt, ended })),
    [
      { offence: 2, endedAt: null, ended: null },
      { offence: 1, endedAt: NOW - 5_000 + 3 + 1_000, ended: 'expired' },
    ],
  );
});

test('an IPv6 address is counted and banned as its prefix', (t) => {
  const { fail, explain } = host(t);
  for (const n of [1, 2, 3]) fail(`2001:db8:bad::${n}`, NOW - n);
  const view = explain('2001:db8:bad::77');
  assert.equal(view.countedAs, '2001:db8:bad::/64');
  assert.deepEqual(
    view.bans.map((ban) => ban.subject),
    ['2001:db8:bad::/64'],
  );
  assert.equal(view.history.length, 1);
  assert.equal(explain('2001:db8:bad::/64').countedAs, '2001:db8:bad::/64');
});

test('bans of the networks around come with it, the smallest first, and those inside a network too', (t) => {
  const { judge, fail, explain } = host(t);
  for (const text of ['192.0.0.0/16', '192.0.2.0/24', '192.0.2.128/25', '192.0.2.7'])
    judge.ban({ subject: subject(text), duration: null, reason: 'by hand', cause: 'manual' }, NOW - 10);
  fail('192.0.2.1', NOW - 1);
  const subjects = (text: string) => explain(text).bans.map((ban) => ban.subject);
  assert.deepEqual(subjects('192.0.2.7'), ['192.0.2.7', '192.0.2.0/24', '192.0.0.0/16']);
  assert.deepEqual(subjects('192.0.2.200'), ['192.0.2.128/25', '192.0.2.0/24', '192.0.0.0/16']);
  assert.deepEqual(subjects('192.0.2.0/24'), ['192.0.2.0/24', '192.0.0.0/16']);
  assert.deepEqual(subjects('192.0.2.0/26'), ['192.0.2.0/24', '192.0.0.0/16']);
  assert.deepEqual(subjects('192.0.0.0/15'), []);
  const around = explain('192.0.0.0/15');
  assert.equal(around.withinCount, 4);
  assert.equal(explain('192.0.2.0/24').withinCount, 2);
  assert.equal(around.countedAs, null);
  assert.deepEqual(around.standing, []);
});

test('a login is told by itself, without regard to case', (t) => {
  const { fail, explain } = host(t);
  fail('192.0.2.1', NOW - 3, 'Alice');
  fail('192.0.2.2', NOW - 2, 'alice');
  const view = explain('login:ALICE');
  assert.equal(view.subject, 'alice');
  assert.deepEqual(
    view.standing.map(({ kind, count }) => [kind, count]),
    [['authentication', 2]],
  );
  fail('192.0.2.3', NOW - 1, 'alice');
  assert.equal(explain('login:alice').bans[0]?.type, 'login');
});

test('who is on the allow-list is told why', (t) => {
  const { judge, explain } = host(t);
  judge.allow([[network('192.0.2.0/24'), 'office']], NOW);
  assert.equal(explain('192.0.2.9').allowed, 'office (192.0.2.0/24)');
  assert.equal(explain('192.0.0.0/16').allowed, 'office (192.0.2.0/24)');
  assert.equal(explain('198.51.100.1').allowed, null);
});

test('a subject that nobody has heard of is neither banned nor counted', (t) => {
  const { explain } = host(t);
  const view = explain('203.0.113.1');
  assert.deepEqual([view.bans, view.history, view.evidence, view.withinCount], [[], [], [], 0]);
  assert.ok(view.standing.every(({ count, oldestLeaves }) => count === 0 && oldestLeaves === null));
});
