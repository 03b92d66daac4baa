import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LONGEST_LINE, takeLines } from '../../src/source/lines.ts';

test('complete lines come to the front and the unfinished one is left', () => {
  const buffer = Buffer.from('one\ntwo\nthr');
  assert.deepEqual(takeLines(buffer, buffer.length), { length: 8, consumed: 8, cut: 0 });
  assert.deepEqual(takeLines(Buffer.from('none'), 4), { length: 0, consumed: 0, cut: 0 });
});

test('only the given part of the buffer is looked at', () => {
  assert.deepEqual(takeLines(Buffer.from('a\nb\nc\n'), 3), { length: 2, consumed: 2, cut: 0 });
});

test('lines of any lengths come out as if each had been cut by itself', () => {
  const length = fc.oneof(
    fc.integer({ min: 0, max: 50 }),
    fc.integer({ min: LONGEST_LINE - 3, max: LONGEST_LINE + 3 }),
    fc.integer({ min: 0, max: 4 * LONGEST_LINE }),
  );
  fc.assert(
    fc.property(fc.array(length, { maxLength: 20 }), length, (lengths, rest) => {
      const lines = lengths.map((size, index) => String.fromCharCode(97 + index).repeat(size));
      const complete = lines.map((line) => `${line}\n`).join('');
      const text = complete + 'z'.repeat(rest);
      const buffer = Buffer.from(text, 'latin1');
      const taken = takeLines(buffer, buffer.length);
      const expected = lines.map((line) => `${line.slice(0, LONGEST_LINE)}\n`).join('');
      assert.equal(buffer.toString('latin1', 0, taken.length), expected);
      assert.equal(taken.consumed, complete.length);
      assert.equal(taken.cut, lines.filter((line) => line.length > LONGEST_LINE).length);
    }),
    { numRuns: 200 },
  );
});
