/** Bans by hand, unbanning, and the allow-list, which beats everything. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BanRequest, Judge } from '../../src/core/judge.ts';
import { networkSubject, parseSubject, subjectKey } from '../../src/core/subject.ts';
import type { Ban, Subject } from '../../src/core/types.ts';
import { addressSubject, failure, network, settings } from './judging.ts';

function subject(text: string): Subject {
  const parsed = parseSubject(text);
  assert.ok(parsed !== null, text);
  return parsed;
}

function byHand(text: string, duration: number | null = 1000): BanRequest {
  return { subject: subject(text), duration, reason: 'by hand', cause: 'manual' };
}

function keys(bans: Iterable<Ban>): string[] {
  return [...bans].map((ban) => subjectKey(ban.subject)).sort();
}

/** What keeps 192.0.2.9 banned. */
function around(judge: Judge): string[] {
  return keys(judge.bansAround(network('192.0.2.9')));
}

test('a ban by hand takes the failures along as evidence and ends when it was said', () => {
  const judge = new Judge(settings());
  judge.handle(failure('192.0.2.1', 5), 5);
  const ban = judge.ban(byHand('192.0.2.1'), 10);
  assert.deepEqual([ban.since, ban.until, ban.offence, ban.evidence.length], [10, 1010, 1, 1]);
  assert.deepEqual(judge.counters('192.0.2.1')[0]?.times, []);
  assert.equal(judge.ban(byHand('192.0.2.2', null), 10).until, null);
});

test('a banned network covers its addresses as long as the ban lasts, and lines of that time afterwards too', () => {
  const judge = new Judge(settings());
  judge.ban(byHand('192.0.2.0/24'), 0);
  assert.deepEqual(judge.handle(failure('192.0.2.9', 5), 5), {
    type: 'ignored',
    why: '192.0.2.0/24 is banned already',
  });
  assert.equal(judge.handle(failure('192.0.3.9', 5), 5).type, 'counted');
  assert.deepEqual(around(judge), ['192.0.2.0/24']);
  judge.expire(1000);
  assert.deepEqual(around(judge), []);
  assert.equal(judge.handle(failure('192.0.2.9', 999), 1001).type, 'ignored');
  assert.equal(judge.handle(failure('192.0.2.9', 1000), 1001).type, 'counted');
});

test('a small network whose ban is over does not hide the larger one that still is banned', () => {
  const judge = new Judge(settings());
  judge.ban(byHand('192.0.2.0/24', 100), 0);
  judge.ban(byHand('192.0.0.0/16', null), 0);
  for (const expired of [false, true]) {
    if (expired) judge.expire(200);
    assert.equal(judge.handle(failure('192.0.2.9', 150), 200).type, 'ignored');
  }
  assert.deepEqual(around(judge), ['192.0.0.0/16']);
});

test('unbanning frees at once, forgets failures and offences, and covers what happened before', () => {
  const judge = new Judge(settings({ increment: { factor: 2, max: 9000, forgetAfter: 9000 } }));
  for (const time of [0, 1, 2]) judge.handle(failure('192.0.2.1', time), time);
  assert.deepEqual(judge.unban(addressSubject('192.0.2.1'), 500).map(subjectKey), ['192.0.2.1']);
  assert.equal(judge.banCount, 0);
  assert.equal(judge.handle(failure('192.0.2.1', 499), 510).type, 'ignored', 'a late line does not count against him');
  for (const time of [520, 521]) judge.handle(failure('192.0.2.1', time), time);
  const verdict = judge.handle(failure('192.0.2.1', 522), 522);
  assert.ok(verdict.type === 'banned');
  assert.equal(verdict.bans[0]?.offence, 1);
  assert.deepEqual(judge.unban(addressSubject('192.0.2.77'), 600), [], 'nobody knows him');
});

test('unbanning an IPv6 address frees its prefix, and unbanning a network all bans within it', () => {
  const judge = new Judge(settings());
  for (const time of [0, 1, 2]) judge.handle(failure('2001:db8::5', time), time);
  assert.deepEqual(judge.unban(addressSubject('2001:db8::9'), 10).map(subjectKey), ['2001:db8::/64']);
  for (const text of ['192.0.2.1', '192.0.2.128/25', '192.0.2.0/24', '192.0.0.0/16', '198.51.100.1'])
    judge.ban(byHand(text), 20);
  const freed = judge.unban(networkSubject(network('192.0.2.0/24')), 30).map(subjectKey);
  assert.deepEqual(freed.sort(), ['192.0.2.0/24', '192.0.2.1', '192.0.2.128/25']);
  assert.deepEqual(keys(judge.activeBans()), ['192.0.0.0/16', '198.51.100.1']);
});

test('unbanning who is only counted forgets the failures', () => {
  const judge = new Judge(settings({ loginLimit: { count: 9, period: 100 } }));
  judge.handle(failure('192.0.2.1', 0, { login: 'bob' }), 0);
  assert.deepEqual(judge.unban(subject('login:bob'), 5).map(subjectKey), ['login:bob']);
  assert.deepEqual(judge.unban(subject('192.0.2.1'), 5).map(subjectKey), ['192.0.2.1']);
  assert.equal(judge.subjects, 0);
});

test('who is allowed is neither counted nor banned, and the verdict says why', () => {
  const judge = new Judge(settings({ loginLimit: { count: 3, period: 100 } }));
  judge.allow([[network('192.0.2.0/24'), 'office']], 0);
  for (let time = 0; time < 10; time++)
    assert.deepEqual(judge.handle(failure('192.0.2.7', time, { login: 'bob' }), time), {
      type: 'ignored',
      why: '192.0.2.7 is allowed: office (192.0.2.0/24)',
    });
  assert.equal(judge.subjects, 0);
});

test('what is put on the allow-list is freed at once, with everything that would hit it', () => {
  const judge = new Judge(settings());
  for (const text of ['192.0.2.1', '192.0.0.0/16', '198.51.100.1', '2001:db8::/64', 'login:bob'])
    judge.ban(byHand(text), 0);
  const lifted = judge.allow(
    [
      [network('192.0.2.0/24'), 'office'],
      [network('2001:db8::7'), 'monitor'],
    ],
    5,
  );
  assert.deepEqual(keys(lifted), ['192.0.0.0/16', '192.0.2.1', '2001:db8::/64']);
  assert.deepEqual(keys(judge.activeBans()), ['198.51.100.1', 'login:bob']);
  assert.equal(judge.handle(failure('192.0.2.1', 6), 6).type, 'ignored');
});

test('a ban in spite of the allow-list stands until that lists something new, or it comes back from the store', () => {
  const judge = new Judge(settings());
  const office = [network('192.0.2.0/24'), 'office'] as const;
  judge.allow([office], 0);
  const ban = judge.ban(byHand('192.0.2.1'), 1);
  assert.deepEqual(judge.allow([office], 2), []);
  assert.deepEqual(judge.allow([office, [network('203.0.113.0/24'), 'own']], 3), []);
  judge.restore(ban, 4);
  assert.deepEqual(keys(judge.allow([office], 5)), ['192.0.2.1']);
});

test('a prefix that holds an allowed address is counted address by address', () => {
  const judge = new Judge(settings());
  judge.allow([[network('2001:db8::1'), 'gateway']], 0);
  for (let i = 2; i < 40; i++) assert.equal(judge.handle(failure(`2001:db8::${i}`, i), i).type, 'counted');
  for (const time of [50, 51]) judge.handle(failure('2001:db8::99', time), time);
  const verdict = judge.handle(failure('2001:db8::99', 52), 52);
  assert.ok(verdict.type === 'banned');
  assert.deepEqual(keys(verdict.bans), ['2001:db8::99']);
});

test('whoever asks is told which allowed network a ban would hit', () => {
  const judge = new Judge(settings());
  judge.allow(
    [
      [network('192.0.2.0/28'), 'office'],
      [network('2001:db8::1'), 'gateway'],
    ],
    0,
  );
  assert.equal(judge.allowedWithin(subject('192.0.2.3')), 'office (192.0.2.0/28)');
  assert.equal(judge.allowedWithin(subject('192.0.2.0/30')), 'office (192.0.2.0/28)');
  assert.equal(judge.allowedWithin(subject('192.0.0.0/8')), 'office (192.0.2.0/28)');
  assert.equal(judge.allowedWithin(subject('2001:db8::/32')), 'gateway (2001:db8::1/128)');
  assert.equal(judge.allowedWithin(subject('192.0.2.16')), null);
  assert.equal(judge.allowedWithin(subject('login:office')), null);
});

test('counters that come back leave out what a ban has covered since they were stored', () => {
  const judge = new Judge(settings());
  const ban = new Judge(settings()).ban(byHand('192.0.2.1', 100), 50);
  judge.restore(ban, 500);
  judge.loadCounter({ subject: '192.0.2.1', kind: 'scan', times: [10, 149, 150, 200] });
  assert.deepEqual(judge.counters('192.0.2.1').find(({ kind }) => kind === 'scan')?.times, [150, 200]);
  judge.restore({ ...ban, subject: addressSubject('192.0.2.2'), until: null }, 500);
  judge.loadCounter({ subject: '192.0.2.2', kind: 'scan', times: [600] });
  assert.equal(judge.subjects, 1);
});

test('everybody can be let in at once, and starts anew', () => {
  const judge = new Judge(settings());
  for (const text of ['192.0.2.1', '198.51.100.0/24', '2001:db8::/64', 'login:bob']) judge.ban(byHand(text), 10);
  assert.deepEqual(judge.unbanAll(20).map(subjectKey).sort(), [
    '192.0.2.1',
    '198.51.100.0/24',
    '2001:db8::/64',
    'login:bob',
  ]);
  assert.deepEqual([...judge.activeBans()], []);
  assert.deepEqual(judge.unbanAll(30), []);
  assert.equal(judge.ban(byHand('192.0.2.1'), 40).offence, 1, 'what is lifted by hand was no offence');
});
