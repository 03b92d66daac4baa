/**
 * The promise of the checkpoint: counters and positions of one instant, bans of a later one. Whenever the daemon dies, the
 * lines since the checkpoint are read again, and everything ends as if it had never died.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Judge } from '../../src/core/judge.ts';
import type { JudgeSettings } from '../../src/core/settings.ts';
import { parseSubject, subjectKey } from '../../src/core/subject.ts';
import type { Ban, Event, FailureKind, Millis, Subject } from '../../src/core/types.ts';
import type { WindowRow } from '../../src/core/windows.ts';
import { failure, settings } from './judging.ts';

const SUBJECTS = ['192.0.2.1', '192.0.2.0/24', '2001:db8::/64', '2001:db8::/32', 'login:alice'];

interface Step {
  readonly address: string;
  readonly kind: FailureKind;
  readonly login: string | null;
  readonly pause: Millis;
  readonly late: Millis;
  /** What happens behind the line. */
  readonly after: 'commit' | 'checkpoint' | 'ban' | 'unban' | 'expire' | 'nothing';
  readonly subject: string;
}

const step: fc.Arbitrary<Step> = fc.record({
  address: fc.constantFrom('192.0.2.1', '192.0.2.2', '198.51.100.1', '2001:db8::1', '2001:db8::2', '2001:db8:1::1'),
  kind: fc.constantFrom('authentication', 'scan'),
  login: fc.constantFrom(null, 'alice', 'bob'),
  pause: fc.oneof(fc.nat(40), fc.nat(600)),
  late: fc.oneof(fc.constant(0), fc.nat(100)),
  after: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('commit', 'nothing') },
    { weight: 2, arbitrary: fc.constantFrom('checkpoint', 'expire') },
    { weight: 1, arbitrary: fc.constantFrom('ban', 'unban') },
  ),
  subject: fc.constantFrom(...SUBJECTS),
});

const SETTINGS: readonly JudgeSettings[] = [
  settings({ loginLimit: { count: 4, period: 150 }, banTime: 60 }),
  settings({
    loginLimit: { count: 3, period: 80 },
    banTime: 300,
    increment: { factor: 2, max: 2000, forgetAfter: 800 },
  }),
  settings({ loginLimit: { count: 4, period: 150 }, banTime: null }),
];

/** What outlives a crash, written as the real store writes it. */
class Disk {
  readonly bans = new Map<string, Ban>();
  readonly counters = new Map<string, WindowRow>();
  position = 0;

  save(changes: readonly Change[], now: Millis): void {
    for (const { ban, unban } of changes) {
      if (ban) this.bans.set(subjectKey(ban.subject), ban);
      const last = unban && this.bans.get(subjectKey(unban));
      if (last && (last.until === null || last.until > now))
        this.bans.set(subjectKey(last.subject), { ...last, until: now, offence: 0 });
    }
  }

  checkpoint(judge: Judge, position: number): void {
    for (const row of judge.changedCounters.changed()) {
      if (row.times.length === 0) this.counters.delete(`${row.subject} ${row.kind}`);
      else this.counters.set(`${row.subject} ${row.kind}`, row);
    }
    judge.changedCounters.stored();
    this.position = position;
  }
}

interface Change {
  readonly ban?: Ban;
  readonly unban?: Subject;
}

/** A judge with its disk and its place in the log. */
class Run {
  readonly disk: Disk;
  readonly judge: Judge;
  position: number;
  #changes: Change[] = [];

  constructor(setting: JudgeSettings, disk: Disk, now: Millis) {
    this.disk = disk;
    this.judge = new Judge(setting);
    for (const ban of disk.bans.values()) this.judge.restore(ban, now);
    for (const row of disk.counters.values()) this.judge.loadCounter(row);
    this.position = disk.position;
  }

  /** Takes one line; `again` where it was read before the crash, so what an admin asked for is not asked again. */
  take(event: Event, { after, subject }: Step, now: Millis, again: boolean): void {
    const verdict = this.judge.handle(event, now);
    this.position++;
    if (verdict.type === 'banned') this.#changes.push(...verdict.bans.map((ban) => ({ ban })));
    if (after === 'expire') this.judge.expire(now);
    if (again) return;
    const target = parseSubject(subject);
    if (after === 'ban' && target !== null)
      this.#changes.push({
        ban: this.judge.ban({ subject: target, duration: 100, reason: 'by hand', cause: 'manual' }, now),
      });
    if (after === 'unban' && target !== null)
      this.#changes.push(...this.judge.unban(target, now).map((unban) => ({ unban })));
    if (after === 'nothing' || after === 'expire') return;
    this.disk.save(this.#changes, now);
    this.#changes = [];
    // What an admin asks for is stored together with the state that it belongs to.
    if (after !== 'commit') this.disk.checkpoint(this.judge, this.position);
  }

  state(now: Millis): unknown {
    this.judge.expire(now);
    const bans = [...this.judge.activeBans()].map(({ evidence: _, ...ban }) => ban);
    const subjects = [
      '192.0.2.1',
      '192.0.2.2',
      '198.51.100.1',
      '2001:db8::/64',
      '2001:db8:1::/64',
      'login:alice',
      'login:bob',
    ];
    return {
      bans: bans.sort((a, b) => (subjectKey(a.subject) < subjectKey(b.subject) ? -1 : 1)),
      counters: subjects.flatMap((subject) => this.judge.counters(subject)),
    };
  }
}

for (const [number, setting] of SETTINGS.entries()) {
  test(`a run that dies anywhere ends as one that never does, settings ${number + 1}`, () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 120, size: 'max' }),
        fc.uniqueArray(fc.nat(119), { maxLength: 6, size: 'max' }),
        (steps, crashes) => {
          const start = 10_000;
          const times: Millis[] = [];
          for (const { pause } of steps) times.push((times.at(-1) ?? start) + pause);
          const undisturbed = new Run(setting, new Disk(), start);
          let crashing = new Run(setting, new Disk(), start);
          for (const [index, one] of steps.entries()) {
            const now = times[index] ?? start;
            const event = failure(one.address, now - one.late, one);
            undisturbed.take(event, one, now, false);
            crashing.take(event, one, now, false);
            if (!crashes.includes(index)) continue;
            crashing = new Run(setting, crashing.disk, now);
            while (crashing.position <= index) {
              const lost = steps[crashing.position];
              const then = times[crashing.position] ?? start;
              if (lost) crashing.take(failure(lost.address, then - lost.late, lost), lost, now, true);
            }
            assert.deepEqual(crashing.state(now), undisturbed.state(now));
          }
          const end = times.at(-1) ?? start;
          assert.deepEqual(crashing.state(end), undisturbed.state(end));
        },
      ),
      { numRuns: 500 },
    );
  });
}
