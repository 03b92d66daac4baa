/** The judge against a naive one: the same bans, to the millisecond, for any stream of events. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Judge } from '../../src/core/judge.ts';
import type { JudgeSettings } from '../../src/core/settings.ts';
import { subjectKey } from '../../src/core/subject.ts';
import { KINDS } from '../../src/core/types.ts';
import { failure, LOGINS, settings } from './judging.ts';
import { NaiveJudge } from './naive-judge.ts';

const ADDRESSES = ['192.0.2.1', '192.0.2.2', '2001:db8::1', '2001:db8::ffff:2', '2001:db8:0:1::1'];

const step = fc.record({
  address: fc.constantFrom(...ADDRESSES),
  kind: fc.constantFrom(...KINDS),
  login: fc.constantFrom(null, 'alice', 'ALICE ', 'bob', ' '),
  pause: fc.oneof(fc.nat(60), fc.nat(2000)),
  late: fc.oneof(fc.constant(0), fc.nat(100)),
});

const SETTINGS: readonly JudgeSettings[] = [
  settings(),
  settings({ loginLimit: { count: 4, period: 100 }, banTime: 50 }),
  settings({ banTime: 200, increment: { factor: 2, max: 1500, forgetAfter: 900 } }),
  settings({ banTime: null, ipv6Prefix: 128 }),
  settings({
    limits: {
      authentication: { count: 1, period: 10, banTime: 5 },
      'invalid-rcpt': null,
      loitering: { count: 2, period: 100, banTime: null },
      scan: { count: 5, period: 100 },
    },
    loginLimit: { count: 2, period: 100, banTime: 30 },
  }),
];

/** What a success takes back has a naive model of its own, in logins.test.ts. */
const logins = { ...LOGINS, knownGood: { ...LOGINS.knownGood, memory: null } };

for (const [number, one] of SETTINGS.entries()) {
  const setting = { ...one, logins };
  test(`it bans when, whom and for how long a naive judge does, settings ${number + 1}`, () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150, size: 'max' }), fc.boolean(), (steps, expires) => {
        const judge = new Judge(setting);
        const naive = new NaiveJudge(setting);
        let now = 10_000;
        for (const { address, kind, login, pause, late } of steps) {
          now += pause;
          if (expires) judge.expire(now);
          const event = failure(address, now - late, { kind, login });
          const verdict = judge.handle(event, now);
          const bans = verdict.type === 'banned' ? verdict.bans : [];
          assert.deepEqual(
            bans.map(({ subject, since, until, offence }) => ({ key: subjectKey(subject), since, until, offence })),
            naive.handle(event, now).map((ban) => (setting.increment === null ? { ...ban, offence: 1 } : ban)),
          );
        }
      }),
      { numRuns: 300 },
    );
  });
}
