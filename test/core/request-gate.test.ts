/** Requests that are asked about beforehand, and whose lines then follow in a log. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestSettings } from '../../src/core/settings.ts';
import type { Event, Millis } from '../../src/core/types.ts';
import { LOGINS, REQUESTS, settings } from './judging.ts';
import { account, asked, bansOf, judgeWith, logged, MINUTE, RATE } from './requesting.ts';

test('a request without an id, of which nobody can tell that it is over, takes no place', () => {
  const judge = judgeWith({ concurrentRequests: 1 });
  for (let index = 0; index < 5; index++)
    assert.equal(judge.admit(asked({ account: account('alice') }), 0).type, 'admit');
});

test('where no end is told any more, nobody is refused for what runs at once', () => {
  const judge = judgeWith({ concurrentRequests: 1, account: null });
  const ask = (user: number, time: Millis): string =>
    judge.admit(asked({ account: account(`user${user}`), id: `${user} ${time}` }), time).type;
  for (let user = 0; user < 31; user++) assert.equal(ask(user, 0), 'admit');
  assert.equal(ask(0, 1), 'busy');
  assert.equal(ask(31, 1), 'admit');
  assert.equal(judge.requests.isBlind, true);
  assert.equal(ask(0, 2), 'admit');
});

test('whoever invents credentials has the room of one account', () => {
  const judge = judgeWith({ account: RATE });
  const invented = (time: Millis): string => judge.admit(asked({ account: account(null, `token ${time}`) }), time).type;
  assert.deepEqual([0, 1, 2, 3].map(invented), ['admit', 'admit', 'admit', 'limited']);
  const known = asked({ account: account(null, 'token 0') });
  assert.equal(judge.admit(known, 10).type, 'admit', 'those who are known there go on');
});

test('the line of a request that the gate has refused is neither a request nor a failure', () => {
  const limit = { count: 1, period: MINUTE };
  const judge = judgeWith({ gated: true, jmapAuthentication: limit, authentication: limit, anonymous: limit });
  judge.ban({ subject: { type: 'login', login: 'alice' }, duration: null, reason: 'test', cause: 'manual' }, 0);
  const request = asked({ id: 'one', account: account('alice', 'hash') });
  assert.equal(judge.admit(request, 1).type, 'banned');
  const line: Event = { ...logged(1, { id: 'one', login: 'alice', status: 401 }), kind: 'authentication' };
  assert.deepEqual(judge.handle(line, 1), { type: 'ignored', why: 'we refused it ourselves' });
  assert.equal(judge.handle(line, 1).type, 'banned', 'each is told of once');
});

test('a short ban is told of, also where the failure itself does not count', () => {
  const logins = { ...LOGINS, distinct: true };
  const judge = judgeWith({ jmapAuthentication: RATE, authentication: null }, { logins });
  const line = (time: Millis): Event => ({
    ...logged(time, { login: 'alice', status: 401 }),
    kind: 'authentication',
    password: 'the same',
  });
  for (const time of [0, 1]) assert.deepEqual(bansOf(judge.handle(line(time), time)), []);
  assert.equal(bansOf(judge.handle(line(2), 2))[0]?.cause, 'rate-limit');
});

test('a reload with other limits forgets nothing, and tells of what is limited by the new ones', () => {
  const judge = judgeWith({ anonymous: RATE });
  for (const time of [0, 1, 2]) judge.admit(asked(), time);
  const change = (requests: Partial<RequestSettings>): void =>
    judge.configure(settings({ requests: { ...REQUESTS, anonymous: RATE, ...requests } }));
  change({ cacheSize: 10 });
  assert.equal(judge.admit(asked(), 3).type, 'limited');
  change({ anonymous: { count: 5, period: MINUTE } });
  assert.deepEqual(judge.requests.limited(3), []);
  assert.equal(judge.admit(asked(), 3).type, 'admit');
  change({ anonymous: null });
  assert.deepEqual(judge.requests.limited(3), []);
});

test('a request that is asked about twice, redirected within the web server, has one place and gives it back', () => {
  const judge = judgeWith({ concurrentRequests: 1 });
  const request = asked({ account: account('alice'), id: 'one' });
  for (const time of [0, 1]) assert.equal(judge.admit(request, time).type, 'admit');
  assert.equal(judge.requests.underway, 1);
  judge.handle(logged(2, { id: 'one', login: 'alice' }), 2);
  assert.equal(judge.requests.underway, 0);
  assert.equal(judge.admit({ ...request, id: 'two' }, 3).type, 'admit');
});
