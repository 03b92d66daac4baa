/** What may only happen so often and so many times at once, as the judge decides it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Judge } from '../../src/core/judge.ts';
import { subjectKey } from '../../src/core/subject.ts';
import type { Ban, Event, Millis } from '../../src/core/types.ts';
import { addressSubject, failure, ip, LOGINS, network, settings } from './judging.ts';
import { account, asked, bansOf, judgeWith, logged, MINUTE, RATE } from './requesting.ts';

test('requests in a log over the rate ban their address until there is room again', () => {
  const judge = judgeWith({ anonymous: RATE });
  for (const time of [0, 10_000]) assert.deepEqual(bansOf(judge.handle(logged(time), time)), []);
  const [ban] = bansOf(judge.handle(logged(20_000), 20_000));
  assert.equal(ban?.cause, 'rate-limit');
  assert.equal(ban?.since, 20_000);
  assert.equal(ban?.until, MINUTE, 'when the first of them leaves the window');
  assert.deepEqual(ban?.evidence, ['request at 20000']);
  assert.equal(judge.activeBan(addressSubject('192.0.2.1')), ban);
  assert.deepEqual(judge.expire(MINUTE - 1), []);
  assert.deepEqual(judge.expire(MINUTE), [ban]);
});

test('only paths that are limited count, and none that was refused', () => {
  const judge = judgeWith({ anonymous: RATE });
  for (let time = 0; time < 20; time++) {
    assert.equal(judge.handle(logged(time, { path: '/webmail/logo.png' }), time).type, 'ignored');
    assert.equal(judge.handle(logged(time, { status: 429 }), time).type, 'ignored');
  }
  assert.equal(judge.banCount, 0);
});

test('requests with a login count against the account, whatever its address', () => {
  const judge = judgeWith({ anonymous: { count: 1, period: MINUTE }, account: RATE });
  for (const host of [1, 2]) judge.handle(logged(host, { login: 'Alice', address: `192.0.2.${host}` }), host);
  const [ban] = bansOf(judge.handle(logged(3, { login: 'alice', address: '192.0.2.3' }), 3));
  assert.equal(ban && subjectKey(ban.subject), 'login:alice');
});

test('a request whose credentials are wrong counts as a login attempt of its address, not against the account', () => {
  const judge = judgeWith({ account: { count: 1, period: MINUTE }, jmapAuthentication: RATE });
  for (const time of [0, 1]) judge.handle(logged(time, { login: 'alice', status: 401 }), time);
  const [ban] = bansOf(judge.handle(logged(2, { login: 'alice', status: 401 }), 2));
  assert.equal(ban && subjectKey(ban.subject), '192.0.2.1');
});

test('failed logins over the rate ban for a moment, and go on counting towards the real ban', () => {
  const judge = judgeWith({ authentication: RATE });
  const bans: Ban[] = [];
  for (let time = 0; time < 20; time++) bans.push(...bansOf(judge.handle(failure('192.0.2.1', time), time)));
  assert.deepEqual(
    bans.map(({ cause, since }) => [cause, since]),
    [
      ['rate-limit', 2],
      ['authentication', 19],
    ],
  );
  assert.equal(judge.activeBan(addressSubject('192.0.2.1'))?.cause, 'authentication');
  assert.equal(judge.banCount, 1, 'the real ban takes the place of the other');
  assert.equal(bans[1]?.offence, 1, 'a short ban is no offence');
});

test('failed logins of old lines make no ban that is over already', () => {
  const judge = judgeWith({ authentication: RATE });
  for (let time = 0; time < 5; time++)
    assert.deepEqual(bansOf(judge.handle(failure('192.0.2.1', time), 10 * MINUTE)), []);
});

test('the owner of a login is not limited where it has worked', () => {
  const judge = judgeWith(
    { authentication: RATE },
    { logins: { ...LOGINS, knownGood: { ...LOGINS.knownGood, memory: 1e9 } } },
  );
  judge.handle(failure('192.0.2.1', 0, { kind: 'success', login: 'alice' }), 0);
  for (let time = 1; time < 10; time++)
    assert.deepEqual(bansOf(judge.handle(failure('192.0.2.1', time, { login: 'alice' }), time)), []);
  const question = { ip: ip('192.0.2.1'), login: 'alice', isAttempt: true };
  for (let time = 10; time < 20; time++) assert.equal(judge.ask(question, time).type, 'allow');
});

test('attempts that are asked about are let through up to the rate and then refused until there is room', () => {
  const judge = judgeWith({ authentication: RATE });
  const question = { ip: ip('192.0.2.1'), login: 'alice', isAttempt: true };
  for (const time of [0, 10, 20]) assert.equal(judge.ask(question, time).type, 'allow');
  const answer = judge.ask(question, 30);
  assert.equal(answer.type === 'wait' && answer.rate.freeAt, MINUTE);
  assert.equal(judge.ask({ ...question, isAttempt: false }, 30).type, 'allow', 'only an attempt is refused');
  assert.equal(judge.ask({ ...question, ip: ip('192.0.2.2') }, 30).type, 'allow');
  assert.equal(judge.ask(question, MINUTE).type, 'allow');
});

test('with failures as what counts, only those that logs tell of make an attempt wait', () => {
  const judge = judgeWith({ authentication: RATE, counts: 'failures' });
  const question = { ip: ip('192.0.2.1'), login: null, isAttempt: true };
  for (let time = 0; time < 10; time++) assert.equal(judge.ask(question, time).type, 'allow');
  for (let time = 10; time < 13; time++) judge.handle(failure('192.0.2.1', time), time);
  judge.expire(MINUTE);
  assert.notEqual(judge.ask(question, 20).type, 'allow');
});

test('requests that are asked about are admitted up to the rate, with what is left', () => {
  const judge = judgeWith({ anonymous: RATE });
  const left = [0, 10, 20].map((time) => {
    const answer = judge.admit(asked(), time);
    return answer.type === 'admit' && answer.rate?.remaining;
  });
  assert.deepEqual(left, [2, 1, 0]);
  const refused = judge.admit(asked(), 30);
  assert.equal(refused.type === 'limited' && refused.rate.freeAt, MINUTE);
  assert.equal(judge.admit(asked(), MINUTE).type, 'admit', 'what was refused has not counted');
});

test('the line of a request that was asked about does not count it again', () => {
  const judge = judgeWith({ anonymous: RATE, gated: true });
  for (const time of [0, 10]) {
    judge.admit(asked({ id: `id ${time}` }), time);
    assert.deepEqual(bansOf(judge.handle(logged(time + 1, { id: `id ${time}` }), time + 1)), []);
  }
  const answer = judge.admit(asked(), 20);
  assert.equal(answer.type === 'admit' && answer.rate?.remaining, 0);
});

test('so many uploads of an account run at once, the next is refused until one ends', () => {
  const judge = judgeWith({});
  const upload = asked({ path: '/jmap/upload/1', account: account('alice') });
  for (let index = 0; index < 4; index++) assert.equal(judge.admit({ ...upload, id: `${index}` }, 0).type, 'admit');
  assert.deepEqual(judge.admit({ ...upload, id: '4' }, 0), { type: 'busy', what: 'uploads', most: 4 });
  assert.equal(judge.admit(asked({ account: account('alice'), id: '5' }), 0).type, 'admit', 'other requests are apart');
  assert.equal(judge.admit({ ...upload, account: account('bob') }, 0).type, 'admit');
  judge.handle(logged(1, { id: '2', path: '/jmap/upload/1', login: 'alice' }), 1);
  assert.equal(judge.admit({ ...upload, id: '4' }, 1).type, 'admit');
});

test('a slot that nobody gives back is free when its lease is over', () => {
  const judge = judgeWith({ concurrentRequests: 1, lease: 1000 });
  const request = asked({ account: account('alice'), id: 'one' });
  judge.admit(request, 0);
  assert.equal(judge.admit({ ...request, id: 'two' }, 999).type, 'busy');
  assert.equal(judge.admit({ ...request, id: 'two' }, 1000).type, 'admit');
});

test('whoever sends the name of an account with other credentials takes nothing away from it', () => {
  const judge = judgeWith({ account: RATE, concurrentRequests: 1 });
  for (let time = 0; time < 10; time++)
    judge.admit(asked({ ip: ip('192.0.2.66'), account: account('alice', 'hash of a guess') }), time);
  assert.equal(judge.admit(asked({ account: account('alice', 'hash of hers') }), 20).type, 'admit');
});

test('whose credentials have been wrong too often must wait, whatever the next ones are', () => {
  const judge = judgeWith({ jmapAuthentication: RATE, gated: true });
  for (let time = 0; time < 3; time++) {
    judge.admit(asked({ id: `${time}`, account: account('alice', `hash ${time}`) }), time);
    judge.handle(logged(time, { id: `${time}`, login: 'alice', status: 401 }), time);
  }
  judge.expire(MINUTE);
  const other = new Judge(settings());
  assert.equal(other.admit(asked(), 10).type, 'admit');
  const answer = judge.admit(asked({ account: account('bob', 'another') }), 10);
  assert.ok(answer.type === 'limited' || answer.type === 'banned');
});

test('a banned address and a locked login are refused, an owner where the login has worked is not', () => {
  const judge = judgeWith({});
  judge.ban({ subject: addressSubject('192.0.2.9'), duration: null, reason: 'test', cause: 'manual' }, 0);
  judge.handle(failure('198.51.100.1', 0, { kind: 'success', login: 'alice' }), 0);
  judge.ban({ subject: { type: 'login', login: 'alice' }, duration: null, reason: 'test', cause: 'manual' }, 1);
  assert.equal(judge.admit(asked({ ip: ip('192.0.2.9') }), 2).type, 'banned');
  assert.equal(judge.admit(asked({ account: account('alice', 'hash') }), 2).type, 'banned');
  assert.equal(judge.admit(asked({ ip: ip('198.51.100.1'), account: account('alice', 'hash') }), 2).type, 'admit');
});

test('who keeps hitting a rate is banned for real, once it is too often', () => {
  const escalate = { count: 3, period: MINUTE, banTime: 10 * MINUTE };
  const judge = judgeWith({ anonymous: { count: 1, period: MINUTE }, escalate });
  judge.admit(asked(), 0);
  assert.deepEqual(bansOf(judge.admit(asked(), 1)), []);
  assert.deepEqual(bansOf(judge.admit(asked(), 2)), []);
  const [ban] = bansOf(judge.admit(asked(), 3));
  assert.equal(ban?.cause, 'escalated');
  assert.equal(ban?.until, 3 + 10 * MINUTE);
  assert.equal(judge.admit(asked(), 4).type, 'banned');
});

test('more at once than allowed, as logs tell it afterwards, is being over a rate', () => {
  const escalate = { count: 1, period: MINUTE };
  const judge = judgeWith({ escalate, concurrentRequests: 2 });
  const request = { login: 'alice', duration: 10_000 };
  assert.deepEqual(bansOf(judge.handle(logged(20_000, request), 30_000)), []);
  assert.deepEqual(bansOf(judge.handle(logged(21_000, request), 30_000)), []);
  const [ban] = bansOf(judge.handle(logged(22_000, request), 30_000));
  assert.equal(ban && subjectKey(ban.subject), 'login:alice');
});

test('behind a trusted proxy the client is counted, and its ban is no business of the firewall', () => {
  const judge = judgeWith({ anonymous: RATE, useForwarded: true, trustedProxies: [network('10.0.0.1/32')] });
  const event = (time: Millis): Event => ({
    ...logged(time, { address: '10.0.0.1' }),
    forwarded: { xForwardedFor: '203.0.113.5, 198.51.100.7', forwarded: 'for=203.0.113.6' },
  });
  for (const time of [0, 1]) judge.handle(event(time), time);
  const [ban] = bansOf(judge.handle(event(2), 2));
  assert.equal(ban && subjectKey(ban.subject), '198.51.100.7', 'not what the client wrote in front');
  assert.equal(ban?.behindProxy, true);
});

test('a header of whoever is no trusted proxy changes nothing', () => {
  const judge = judgeWith({ anonymous: { count: 1, period: MINUTE }, useForwarded: true, trustedProxies: [] });
  const forged = { ...logged(0), forwarded: { xForwardedFor: '198.51.100.7' } } as const;
  const [ban] = bansOf(judge.handle(forged, 0));
  assert.equal(ban && subjectKey(ban.subject), '192.0.2.1');
  assert.equal(ban?.behindProxy, undefined);
});

test('who was banned behind a proxy and then comes by himself is handed to the firewall', () => {
  const judge = judgeWith({ useForwarded: true, trustedProxies: [network('10.0.0.1/32')] });
  const forwarded = { xForwardedFor: '198.51.100.7' };
  for (let time = 0; time < 19; time++) judge.handle({ ...failure('10.0.0.1', time), forwarded }, time);
  const [ban] = bansOf(judge.handle({ ...failure('10.0.0.1', 19), forwarded }, 19));
  assert.equal(ban?.behindProxy, true);
  assert.equal(judge.handle({ ...failure('10.0.0.1', 20), forwarded }, 20).type, 'ignored');
  const [again] = bansOf(judge.handle(failure('198.51.100.7', 21), 21));
  assert.equal(again?.behindProxy, undefined);
  assert.equal(again?.until, ban?.until);
  assert.equal(judge.handle(failure('198.51.100.7', 22), 22).type, 'ignored');
});

test('whoever is allowed is never limited', () => {
  const judge = judgeWith({ anonymous: { count: 1, period: MINUTE }, authentication: { count: 1, period: MINUTE } });
  judge.allow([[network('192.0.2.0/24'), 'test']], 0);
  for (let time = 0; time < 5; time++) {
    assert.equal(judge.admit(asked(), time).type, 'admit');
    assert.equal(judge.handle(logged(time), time).type, 'ignored');
    assert.equal(judge.ask({ ip: ip('192.0.2.1'), login: null, isAttempt: true }, time).type, 'allow');
  }
});

test('what is limited is told with its windows and when there is room, and an unban forgets it', () => {
  const judge = judgeWith({ anonymous: RATE });
  for (const time of [0, 1, 2]) judge.admit(asked(), time);
  assert.deepEqual(judge.requests.limited(3), [
    { rate: 'anonymous', subject: '192.0.2.1', limit: RATE, freeAt: MINUTE },
  ]);
  assert.deepEqual(judge.requests.standing('192.0.2.1', 3), [
    { name: 'anonymous', limit: RATE, remaining: 0, freeAt: MINUTE, nextLeaves: MINUTE },
  ]);
  assert.deepEqual(judge.unban(addressSubject('192.0.2.1'), 4), [addressSubject('192.0.2.1')]);
  assert.equal(judge.admit(asked(), 5).type, 'admit');
});

test('where a token may have come, which no log names, an address has the room of an account', () => {
  const judge = judgeWith({ anonymous: RATE, account: { count: 10, period: MINUTE } });
  for (let time = 0; time < 9; time++)
    assert.deepEqual(bansOf(judge.handle(logged(time, { credentials: null }), time)), []);
  const [ban] = bansOf(judge.handle(logged(9, { credentials: true }), 9));
  assert.equal(ban && subjectKey(ban.subject), '192.0.2.1');
});

test('a first request without credentials, answered 401 as it must be, is no attempt to log in', () => {
  const judge = judgeWith({ jmapAuthentication: { count: 1, period: MINUTE }, anonymous: RATE });
  for (const time of [0, 1]) assert.deepEqual(bansOf(judge.handle(logged(time, { status: 401 }), time)), []);
  assert.equal(bansOf(judge.handle(logged(2, { status: 401 }), 2)).length, 1, 'it is anonymous');
});

test('streams, which stay open, take no place among the requests that run', () => {
  const judge = judgeWith({ concurrentRequests: 1 });
  const stream = asked({ path: '/jmap/eventsource', account: account('alice') });
  for (let index = 0; index < 5; index++) assert.equal(judge.admit({ ...stream, id: `${index}` }, 0).type, 'admit');
});

test('a request that the server has refused by a rate of its own is one more time over a rate', () => {
  const judge = judgeWith({ escalate: { count: 3, period: MINUTE, banTime: 10 * MINUTE } });
  const line = (time: Millis): Event => {
    const { request, ...event } = logged(time);
    return event;
  };
  for (const time of [0, 1]) assert.deepEqual(bansOf(judge.handle(line(time), time)), []);
  assert.equal(bansOf(judge.handle(line(2), 2))[0]?.cause, 'escalated');
});
