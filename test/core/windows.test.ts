/** Windows against a naive model that keeps every time for ever, and what they forget when there are too many. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FAILURE_KINDS, type FailureKind, type Limit } from '../../src/core/types.ts';
import { type WindowRow, Windows } from '../../src/core/windows.ts';

const PERIOD = 100;

/** Counts by looking at every window that begins with a failure. */
class NaiveWindows {
  readonly #times = new Map<string, number[]>();

  add(subject: string, kind: FailureKind, time: number, limit: Limit): number {
    const key = `${subject} ${kind}`;
    const times = [...(this.#times.get(key) ?? []), time];
    this.#times.set(key, times);
    const counts = times
      .filter((first) => first <= time && time < first + limit.period)
      .map((first) => times.filter((other) => other >= first && other < first + limit.period).length);
    return Math.min(limit.count, Math.max(...counts));
  }

  clear(subject: string, before: number): void {
    for (const kind of FAILURE_KINDS) {
      const key = `${subject} ${kind}`;
      this.#times.set(
        key,
        (this.#times.get(key) ?? []).filter((time) => time >= before),
      );
    }
  }
}

const step = fc.record({
  // Mostly one window, so that it gets full.
  subject: fc.constantFrom('192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.2', 'login:alice'),
  kind: fc.constantFrom('scan', 'scan', 'scan', ...FAILURE_KINDS),
  pause: fc.nat(Math.floor(PERIOD * 0.7)),
  late: fc.oneof(fc.constant(0), fc.nat(PERIOD)),
});

test('the count is that of the fullest half-open period, for lines in order and for lines up to a period late', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: 'max' }), fc.integer({ min: 1, max: 6 }), (steps, count) => {
      const limit = { count, period: PERIOD };
      const windows = new Windows(100);
      const naive = new NaiveWindows();
      let clock = 1000;
      for (const { subject, kind, pause, late } of steps) {
        clock += pause;
        const time = clock - late;
        const found = windows.add(subject, kind, time, limit);
        assert.equal(found, naive.add(subject, kind, time, limit));
        assert.equal(windows.nthLast(subject, kind, count), windows.times(subject, kind).at(-count) ?? null);
        if (found < count) continue;
        windows.clear(subject, time + 1);
        naive.clear(subject, time + 1);
      }
    }),
    { numRuns: 500 },
  );
});

test('the last moment of a period counts and the first moment behind it does not', () => {
  const limit = { count: 2, period: PERIOD };
  const windows = new Windows(10);
  assert.equal(windows.add('a', 'scan', 0, limit), 1);
  assert.equal(windows.add('a', 'scan', 100, limit), 1);
  assert.equal(windows.add('a', 'scan', 199, limit), 2);
});

test('a store that takes every change can give everything back', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(step, fc.nat(9)), { maxLength: 80, size: 'max' }), (steps) => {
      const limit = { count: 5, period: PERIOD };
      const windows = new Windows(2);
      const stored = new Map<string, WindowRow>();
      const save = (): void => {
        for (const row of windows.changed()) {
          if (row.times.length === 0) stored.delete(`${row.subject} ${row.kind}`);
          else stored.set(`${row.subject} ${row.kind}`, row);
        }
        windows.stored();
      };
      let clock = 0;
      for (const [{ subject, kind, pause, late }, action] of steps) {
        clock += pause;
        windows.add(subject, kind, clock - late, limit);
        if (action === 0) windows.clear(subject);
        if (action === 1) windows.clear(subject, clock - PERIOD / 2);
        if (action === 2) windows.forgetBefore(clock - PERIOD);
        if (action > 6) save();
      }
      save();
      const again = new Windows(2);
      for (const row of stored.values()) again.load(row);
      assert.deepEqual(sorted(again.rows()), sorted(windows.rows()));
      assert.equal(again.hasChanged, false, 'what was loaded is no change');
    }),
    { numRuns: 300 },
  );
});

test('what a store could not take is listed again, with what came since', () => {
  const limit = { count: 5, period: PERIOD };
  const windows = new Windows(2);
  windows.add('a', 'scan', 10, limit);
  assert.deepEqual([...windows.changed()], [{ subject: 'a', kind: 'scan', times: [10] }]);
  windows.add('a', 'scan', 20, limit);
  windows.add('b', 'loitering', 30, limit);
  windows.clear('b');
  assert.deepEqual(sorted(windows.changed()), ['a scan 10,20', 'b loitering ']);
  windows.stored();
  assert.equal(windows.hasChanged, false);
  assert.deepEqual([...windows.changed()], []);
});

test('no more subjects are kept than the maximum, and those go first that were seen least recently', () => {
  const limit = { count: 9, period: PERIOD };
  const windows = new Windows(3);
  for (const subject of ['a', 'b', 'c', 'a', 'd']) windows.add(subject, 'scan', 1, limit);
  assert.equal(windows.size, 3);
  assert.deepEqual(new Set([...windows.rows()].map(({ subject }) => subject)), new Set(['a', 'c', 'd']));
  const one = new Windows(1);
  for (const subject of ['a', 'b', 'c']) one.add(subject, 'scan', 1, limit);
  assert.deepEqual(
    [...one.rows()].map(({ subject }) => subject),
    ['c'],
  );
});

test('a flood of failures forgets the oldest subjects rather than fill the memory, and never the one that it is about', () => {
  const limit = { count: 1000, period: PERIOD };
  const windows = new Windows(4);
  for (const subject of ['a', 'b', 'c']) windows.add(subject, 'scan', 1, limit);
  for (let i = 0; i < 200; i++) windows.add('flood', 'scan', 2, limit);
  assert.deepEqual(
    [...windows.rows()].map(({ subject, times }) => [subject, times.length]),
    [['flood', 200]],
  );
});

test('failures that no window can reach are forgotten, those that one can reach are not', () => {
  const limit = { count: 9, period: PERIOD };
  const windows = new Windows(10);
  windows.add('old', 'scan', 10, limit);
  windows.add('mixed', 'scan', 10, limit);
  windows.add('mixed', 'loitering', 60, limit);
  windows.forgetBefore(50);
  assert.deepEqual(windows.times('old', 'scan'), []);
  assert.deepEqual(windows.times('mixed', 'loitering'), [60]);
  assert.equal(windows.size, 1);
});

test('the space of forgotten subjects is used again', () => {
  const limit = { count: 3, period: PERIOD };
  const windows = new Windows(50);
  for (let i = 0; i < 20_000; i++) windows.add(`s${i % 400}`, 'scan', i, limit);
  assert.equal(windows.size, 50);
  for (const { times } of windows.rows()) assert.ok(times.length >= 1);
});

function sorted(rows: Iterable<WindowRow>): string[] {
  return [...rows].map(({ subject, kind, times }) => `${subject} ${kind} ${times.join()}`).sort();
}
