import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Overlaps } from '../../src/core/overlaps.ts';

/** As logs tell them, in whole seconds. */
const TIMES = { nginx: 'end', apache: 'start' } as const;

function second(time: number): number {
  return Math.floor(time / 1_000) * 1_000;
}

test('requests that run at the same time are counted, those before and after are not', () => {
  const overlaps = new Overlaps();
  assert.equal(overlaps.add('a', { time: 10_000, duration: 8_000 }), 1);
  assert.equal(overlaps.add('a', { time: 11_000, duration: 8_000 }), 2);
  assert.equal(overlaps.add('a', { time: 12_000, duration: 8_000 }), 3);
  assert.equal(overlaps.add('a', { time: 40_000, duration: 8_000 }), 1);
  assert.equal(overlaps.add('b', { time: 10_000, duration: 8_000 }), 1);
});

test('a hundred quick requests within a second, one after the other, never ran at once', () => {
  const overlaps = new Overlaps();
  for (let n = 0; n < 100; n++) assert.equal(overlaps.add('a', { time: 10_000, duration: 10 }), 1);
});

test('requests that follow one another never ran at once, whatever the log calls their time', () => {
  const request = fc.record({ gap: fc.nat(3_000), duration: fc.nat(60_000) });
  fc.assert(
    fc.property(fc.array(request, { maxLength: 30 }), fc.constantFrom(...Object.values(TIMES)), (requests, told) => {
      const overlaps = new Overlaps();
      let end = 0;
      for (const { gap, duration } of requests) {
        const span = { start: end + gap, end: end + gap + duration };
        assert.equal(overlaps.add('a', { time: second(span[told]), duration }), 1);
        end = span.end;
      }
    }),
  );
});

test('never are more told than really ran at one instant', () => {
  const request = fc.record({ start: fc.nat(60_000), duration: fc.nat(30_000) });
  fc.assert(
    fc.property(fc.array(request, { maxLength: 30 }), fc.constantFrom(...Object.values(TIMES)), (requests, told) => {
      const overlaps = new Overlaps();
      const spans = requests.map(({ start, duration }) => ({ start, end: start + duration, duration }));
      const most = Math.max(
        1,
        ...spans.map(({ start }) => spans.filter((one) => one.start <= start && one.end > start).length),
      );
      for (const span of spans.toSorted((one, other) => one.end - other.end))
        assert.ok(overlaps.add('a', { time: second(span[told]), duration: span.duration }) <= most);
    }),
  );
});

test('a flood of subjects and requests is remembered only in part', () => {
  const overlaps = new Overlaps();
  const served = { time: 10_000, duration: 5_000 };
  for (let index = 0; index < 10_000; index++) overlaps.add(`${index}`, served);
  assert.equal(overlaps.add('0', served), 1, 'forgotten');
  for (let index = 0; index < 1_000; index++) assert.ok(overlaps.add('a', served) <= 64);
});
