/** Logins before the judge: locks and who gets past them, what a success forgives, what does not count. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { networkOf } from '../../src/core/ip.ts';
import { Judge } from '../../src/core/judge.ts';
import type { JudgeSettings, LoginSettings } from '../../src/core/settings.ts';
import { subjectKey, subjectOf } from '../../src/core/subject.ts';
import type { Event, Millis } from '../../src/core/types.ts';
import type { Answer } from '../../src/core/verdict.ts';
import { failure, ip, LOGINS, settings } from './judging.ts';

const OWNER = '192.0.2.1';
const NEIGHBOUR = '192.0.2.200';
const STRANGER = '198.51.100.1';
const MINUTE = 60_000;

/** A lock after three failures in a hundred milliseconds; addresses may fail more often. */
function loginSettings(logins: Partial<LoginSettings> = {}, changes: Partial<JudgeSettings> = {}): JudgeSettings {
  return settings({
    limits: {
      authentication: { count: 50, period: 100 },
      'invalid-rcpt': null,
      loitering: { count: 50, period: 100 },
      scan: null,
    },
    loginLimit: { count: 3, period: 100 },
    logins: { ...LOGINS, ...logins },
    ...changes,
  });
}

function success(address: string, login: string, time: Millis): Event {
  return failure(address, time, { kind: 'success', login });
}

function fail(judge: Judge, address: string, login: string, time: Millis, password?: string): string {
  const event = failure(address, time, { login });
  return judge.handle(password === undefined ? event : { ...event, password }, time).type;
}

/** Three strangers lock the login. */
function lock(judge: Judge, login: string, time: Millis): void {
  for (const number of [1, 2, 3]) fail(judge, `203.0.113.${number}`, login, time);
}

function may(judge: Judge, address: string | null, login: string | null, now: Millis): Answer['type'] {
  return judge.ask({ ip: address === null ? null : ip(address), login }, now).type;
}

function countOf(judge: Judge, subject: string, now: Millis, kind = 'authentication'): number {
  const parsed = subject.startsWith('login:') ? judge.loginSubject(subject.slice(6)) : judge.countedAs(ip(subject));
  assert.ok(parsed !== null);
  return judge.standing(parsed, now).find((one) => one.kind === kind)?.count ?? 0;
}

describe('a locked login', () => {
  it('is refused from everywhere but the networks where it has worked', () => {
    const judge = new Judge(loginSettings());
    judge.handle(success(OWNER, 'alice', 1_000), 1_000);
    lock(judge, 'alice', 2_000);
    assert.equal(may(judge, STRANGER, 'alice', 2_001), 'refuse');
    assert.equal(may(judge, STRANGER, ' ALICE', 2_001), 'refuse');
    assert.equal(may(judge, null, 'alice', 2_001), 'refuse');
    assert.equal(may(judge, OWNER, 'alice', 2_001), 'allow');
    assert.equal(may(judge, NEIGHBOUR, 'Alice', 2_001), 'allow');
    assert.equal(may(judge, STRANGER, 'bob', 2_001), 'allow');
    assert.equal(may(judge, STRANGER, null, 2_001), 'allow');
    assert.equal(may(judge, STRANGER, 'alice', 3_001), 'allow');
  });

  it('is open to those who are allowed, and shut to banned addresses even where it has worked', () => {
    const judge = new Judge(loginSettings());
    judge.handle(success(OWNER, 'alice', 1_000), 1_000);
    judge.allow([[networkOf(ip(STRANGER), 32), 'office']], 1_000);
    lock(judge, 'alice', 2_000);
    assert.equal(may(judge, STRANGER, 'alice', 2_001), 'allow');
    const subject = { type: 'address', address: ip(OWNER) } as const;
    judge.ban({ subject, duration: 500, reason: 'a test', cause: 'manual' }, 2_001);
    assert.equal(may(judge, OWNER, 'alice', 2_002), 'refuse');
    assert.equal(may(judge, NEIGHBOUR, 'alice', 2_002), 'allow');
  });

  it('spares nobody longer than what is known good is remembered', () => {
    const judge = new Judge(
      loginSettings({ knownGood: { ...LOGINS.knownGood, memory: 10 * MINUTE } }, { banTime: 100 * MINUTE }),
    );
    judge.handle(success(OWNER, 'alice', MINUTE), MINUTE);
    lock(judge, 'alice', 2 * MINUTE);
    assert.equal(may(judge, OWNER, 'alice', 10 * MINUTE), 'allow');
    assert.equal(may(judge, OWNER, 'alice', 12 * MINUTE), 'refuse');
    assert.deepEqual(judge.originsOf('alice', 12 * MINUTE), []);
  });

  it('spares nobody where the memory is off, or distrusted', () => {
    const off = new Judge(loginSettings({ knownGood: { ...LOGINS.knownGood, memory: null } }));
    off.handle(success(OWNER, 'alice', 1_000), 1_000);
    lock(off, 'alice', 2_000);
    assert.equal(may(off, OWNER, 'alice', 2_001), 'refuse');
    const judge = new Judge(loginSettings());
    for (const address of [OWNER, STRANGER, '2001:db8::1']) judge.handle(success(address, 'alice', 1_000), 1_000);
    lock(judge, 'alice', 2_000);
    assert.deepEqual(judge.distrust('alice', networkOf(ip(NEIGHBOUR), 32)), ['192.0.2.0/24']);
    assert.equal(may(judge, OWNER, 'alice', 2_001), 'refuse');
    assert.equal(may(judge, STRANGER, 'alice', 2_001), 'allow');
    assert.deepEqual(judge.distrust('bob', null), []);
    assert.equal(judge.distrust('alice', null).length, 2);
    assert.equal(may(judge, STRANGER, 'alice', 2_001), 'refuse');
  });

  it('stays locked longer each time', () => {
    const judge = new Judge(loginSettings({}, { increment: { factor: 2, max: 100_000, forgetAfter: 100_000 } }));
    const lengths: (number | null)[] = [];
    for (let time = 1_000; lengths.length < 4; time += 10_000) {
      lock(judge, 'alice', time);
      const [ban] = judge.activeBans();
      lengths.push(ban?.until == null ? null : ban.until - ban.since);
      judge.expire(time + 9_000);
    }
    assert.deepEqual(lengths, [1_000, 2_000, 4_000, 8_000]);
  });

  it('is open again when it is unbanned, with all failures forgotten', () => {
    const judge = new Judge(loginSettings());
    lock(judge, 'alice', 1_000);
    assert.deepEqual(judge.unban({ type: 'login', login: 'alice' }, 1_010), [{ type: 'login', login: 'alice' }]);
    assert.equal(may(judge, STRANGER, 'alice', 1_010), 'allow');
    assert.equal(fail(judge, STRANGER, 'alice', 1_020), 'counted');
    assert.equal(countOf(judge, 'login:alice', 1_020), 1);
  });
});

describe('the networks of many logins', () => {
  it('are those from where each has worked, as long as that is remembered', () => {
    const judge = new Judge(loginSettings({ knownGood: { ...LOGINS.knownGood, memory: 60 * MINUTE } }));
    judge.handle(success(OWNER, 'alice', 0), 0);
    judge.handle(success('2001:db8::1', 'alice', 30 * MINUTE), 30 * MINUTE);
    judge.handle(success(STRANGER, 'bob', 30 * MINUTE), 30 * MINUTE);
    const of = (now: Millis) => [...judge.originsOfMany(new Set(['alice', 'nobody']), now)];
    assert.deepEqual(of(59 * MINUTE), [['alice', ['2001:db8::/56', '192.0.2.0/24']]]);
    assert.deepEqual(of(60 * MINUTE), [['alice', ['2001:db8::/56']]]);
    assert.deepEqual(of(90 * MINUTE), []);
  });
});

describe('failures on a locked login', () => {
  it('do not count against addresses where the server refuses it, and do where it does not', () => {
    for (const enforced of [true, false]) {
      const judge = new Judge(loginSettings({ enforced }));
      lock(judge, 'alice', 1_000);
      for (let i = 1; i <= 10; i++) fail(judge, STRANGER, 'alice', 1_000 + i);
      assert.equal(countOf(judge, STRANGER, 1_020), enforced ? 0 : 10);
      assert.equal(fail(judge, STRANGER, 'bob', 1_011), 'counted');
    }
  });

  it('count where the server has let them through to the password, so a known network is no free ticket', () => {
    const judge = new Judge(loginSettings({ enforced: true }));
    judge.handle(success(OWNER, 'alice', 900), 900);
    lock(judge, 'alice', 1_000);
    for (let i = 1; i <= 10; i++) fail(judge, OWNER, 'alice', 1_000 + i);
    assert.equal(countOf(judge, OWNER, 1_020), 10);
  });

  it('count against nobody, and ban nobody, where a server refuses even the owner', () => {
    const judge = new Judge(loginSettings({ enforced: true, sparesOwners: false, banAttackers: true }));
    judge.handle(success(OWNER, 'alice', 900), 900);
    lock(judge, 'alice', 1_000);
    for (let i = 1; i <= 10; i++) assert.equal(fail(judge, OWNER, 'alice', 1_000 + i), 'ignored');
    assert.equal(countOf(judge, OWNER, 1_020), 0);
    assert.equal(fail(judge, STRANGER, 'alice', 1_020), 'banned');
  });

  it('ban the address at once where that is configured, unless the login has worked from there', () => {
    const judge = new Judge(loginSettings({ enforced: true, banAttackers: true }));
    judge.handle(success(OWNER, 'alice', 900), 900);
    lock(judge, 'alice', 1_000);
    assert.equal(fail(judge, STRANGER, 'alice', 1_001), 'banned');
    assert.equal(fail(judge, STRANGER, 'alice', 1_002), 'ignored');
    assert.equal(fail(judge, OWNER, 'alice', 1_003), 'counted');
    assert.deepEqual(
      [...judge.activeBans()].map(({ subject }) => subjectKey(subject)),
      ['login:alice', STRANGER],
    );
  });

  it('that we have refused ourselves come back once each, and only for that login and address', () => {
    const judge = new Judge(loginSettings({}, { loginLimit: null }));
    judge.refused({ ip: ip(STRANGER), login: 'Alice' }, 1_000);
    judge.refused({ ip: ip(STRANGER), login: 'alice ' }, 1_001);
    judge.refused({ ip: null, login: 'alice' }, 1_001);
    judge.refused({ ip: ip(STRANGER), login: null }, 1_001);
    assert.equal(fail(judge, STRANGER, 'bob', 1_002), 'counted');
    assert.equal(fail(judge, OWNER, 'alice', 1_002), 'counted');
    assert.equal(fail(judge, STRANGER, 'alice', 1_003), 'ignored');
    assert.equal(fail(judge, STRANGER, 'alice', 1_004), 'ignored');
    assert.equal(fail(judge, STRANGER, 'alice', 1_005), 'counted');
  });

  it('are no echo of a refusal of long ago', () => {
    const judge = new Judge(loginSettings({}, { loginLimit: null }));
    judge.refused({ ip: ip(STRANGER), login: 'alice' }, 1_000);
    assert.equal(fail(judge, STRANGER, 'alice', 1_000 + 300_000), 'counted');
  });
});

describe('the same wrong password', () => {
  it('counts once in the window, by login and address', () => {
    const judge = new Judge(loginSettings());
    assert.equal(fail(judge, OWNER, 'alice', 1_000, 'a1'), 'counted');
    for (let i = 1; i < 10; i++) assert.equal(fail(judge, OWNER, 'alice', 1_000 + i, 'a1'), 'ignored');
    assert.equal(fail(judge, OWNER, 'alice', 1_020, 'b2'), 'counted');
    assert.equal(fail(judge, OWNER, 'bob', 1_020, 'a1'), 'counted');
    assert.equal(fail(judge, STRANGER, 'alice', 1_020, 'a1'), 'banned');
    assert.equal(countOf(judge, OWNER, 1_020), 3);
  });

  it('counts again after the window, and always where distinct is off', () => {
    const judge = new Judge(loginSettings());
    fail(judge, OWNER, 'alice', 1_000, 'a1');
    assert.equal(fail(judge, OWNER, 'alice', 1_100, 'a1'), 'counted');
    const all = new Judge(loginSettings({ distinct: false }));
    fail(all, OWNER, 'alice', 1_000, 'a1');
    assert.equal(fail(all, OWNER, 'alice', 1_001, 'a1'), 'counted');
  });
});

describe('the known-good memory', () => {
  it('is entered by successes alone, whatever failures say', () => {
    const text = fc.oneof(fc.constantFrom('alice', 'alice\n192.0.2.0/24', 'known alice'), fc.string());
    const step = fc.record({
      address: fc.constantFrom(OWNER, STRANGER, '2001:db8::1'),
      login: text,
      kind: fc.constantFrom('authentication', 'invalid-rcpt', 'loitering', 'scan', 'request'),
      password: fc.option(fc.string(), { nil: undefined }),
      refuses: fc.boolean(),
    } as const);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.boolean(), (steps, enforced) => {
        const judge = new Judge(loginSettings({ enforced }));
        for (const [index, { address, login, kind, password, refuses }] of steps.entries()) {
          const event = failure(address, 1_000 + index, { kind, login });
          if (refuses) judge.refused({ ip: ip(address), login }, 1_000 + index);
          judge.handle(password === undefined ? event : { ...event, password }, 1_000 + index);
          judge.ask({ ip: ip(address), login }, 1_000 + index);
        }
        assert.equal(judge.knownGood.size, 0);
        assert.deepEqual(judge.knownGood.takeChanged(), []);
      }),
    );
  });

  it('is not entered by who guesses the password of a locked login from a new network', () => {
    const judge = new Judge(loginSettings());
    lock(judge, 'alice', 1_000);
    judge.handle(success(STRANGER, 'alice', 1_001), 1_001);
    assert.deepEqual(judge.originsOf('alice', 1_002), []);
    assert.equal(may(judge, STRANGER, 'alice', 1_002), 'refuse');
    judge.handle(success(STRANGER, 'alice', 2_500), 2_500);
    assert.equal(judge.originsOf('alice', 2_500).length, 1);
  });
});

/** Keeps every failure, and goes through all of them. */
class NaiveCounts {
  readonly #failures: { key: string; origin: string; login: string; kind: string; wasGood: boolean }[] = [];
  readonly #good = new Set<string>();

  handle({ ip: address, login, kind }: Event): void {
    const name = login?.trim() ?? '';
    const origin = networkOf(address, address.includes(':') ? 56 : 24);
    const pair = `${name} ${origin}`;
    if (kind !== 'success') {
      const key = subjectKey(subjectOf(address, 64));
      this.#failures.push({ key, origin, login: name, kind, wasGood: name !== '' && this.#good.has(pair) });
      return;
    }
    if (name === '') return;
    const kept = this.#failures.filter(
      (one) => !(one.wasGood && one.kind === 'authentication' && one.login === name && one.origin === origin),
    );
    this.#failures.splice(0, this.#failures.length, ...kept);
    this.#good.add(pair);
  }

  ofAddress(key: string, kind: string): number {
    return this.#failures.filter((one) => one.key === key && one.kind === kind).length;
  }

  ofLogin(login: string): number {
    return this.#failures.filter((one) => one.kind === 'authentication' && one.login === login).length;
  }
}

describe('a success', () => {
  it('takes back only the failures of that login from where it is known, and none of other logins', () => {
    const judge = new Judge(loginSettings());
    judge.handle(success(OWNER, 'alice', 900), 900);
    fail(judge, OWNER, 'alice', 1_000);
    fail(judge, NEIGHBOUR, 'alice', 1_001);
    fail(judge, OWNER, 'bob', 1_002);
    judge.handle(failure(OWNER, 1_003, { kind: 'loitering' }), 1_003);
    judge.handle(success(NEIGHBOUR, 'alice', 1_004), 1_004);
    assert.deepEqual(
      [OWNER, NEIGHBOUR, 'login:alice', 'login:bob'].map((subject) => countOf(judge, subject, 1_005)),
      [1, 0, 0, 1],
    );
    assert.equal(countOf(judge, OWNER, 1_005, 'loitering'), 1);
  });

  it('takes nothing back at the first time: a guess that hits at last hides none of those before', () => {
    const judge = new Judge(loginSettings());
    fail(judge, STRANGER, 'alice', 1_000);
    judge.handle(success(STRANGER, 'alice', 1_001), 1_001);
    assert.equal(countOf(judge, STRANGER, 1_002), 1);
    assert.equal(countOf(judge, 'login:alice', 1_002), 1);
  });

  it('never launders: the counts are those of a naive model, for any stream of events', () => {
    const addresses = [OWNER, NEIGHBOUR, STRANGER, '2001:db8::1', '2001:db8:0:1::1', '2001:db8:1::1'];
    const step = fc.record({
      address: fc.constantFrom(...addresses),
      login: fc.constantFrom('alice', 'bob', ' ', null),
      kind: fc.constantFrom('authentication', 'authentication', 'success', 'loitering'),
      pause: fc.nat(2),
    } as const);
    const limit = { count: 5_000, period: 1_000_000 };
    const many = loginSettings(
      {},
      { limits: { authentication: limit, 'invalid-rcpt': null, loitering: limit, scan: null }, loginLimit: limit },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
        const judge = new Judge(many);
        const naive = new NaiveCounts();
        let now = 10_000;
        for (const { address, login, kind, pause } of steps) {
          now += pause;
          const event = failure(address, now, { kind, login });
          judge.handle(event, now);
          naive.handle(event);
        }
        for (const address of addresses) {
          const key = subjectKey(judge.countedAs(ip(address)));
          for (const kind of ['authentication', 'loitering'])
            assert.equal(countOf(judge, address, now, kind), naive.ofAddress(key, kind), `${kind} of ${address}`);
        }
        for (const login of ['alice', 'bob']) assert.equal(countOf(judge, `login:${login}`, now), naive.ofLogin(login));
      }),
      { numRuns: 200 },
    );
  });
});
