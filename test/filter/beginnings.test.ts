/** The automaton over how messages begin, against the regular expressions that it stands for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Beginning, Beginnings } from '../../src/filter/beginnings.ts';
import { piecesOf } from '../../src/filter/regex.ts';

const itself = (complete: readonly number[]): readonly number[] => complete;
const whole = (one: string): Beginning => ({ pieces: piecesOf(one) });
const piece = fc.constantFrom('a', 'b', '[ab]', '(?:ab|c)', 'a?', 'b{2}', '[abc]{1,3}', '(?:a{0,2}b)?', '\\d', '.', '');
const source = fc.array(piece, { maxLength: 5, size: 'max' }).map((parts) => parts.join(''));
const bytes = fc.array(fc.constantFrom(97, 98, 99, 49, 10, 233), { maxLength: 10, size: 'max' });

function expected(sources: readonly string[], text: string): number[] {
  return sources.flatMap((one, index) => (new RegExp(`^(?:${one})`, 's').test(text) ? [index] : []));
}

test('exactly the beginnings that the bytes begin with are named, in order, whatever was asked before', () => {
  fc.assert(
    fc.property(
      fc.array(source, { maxLength: 6, size: 'max' }),
      fc.array(bytes, { maxLength: 8 }),
      (sources, texts) => {
        const beginnings = new Beginnings(sources.map(whole), itself);
        for (const text of texts) {
          const data = Buffer.from([120, ...text, 97]);
          assert.deepEqual(
            beginnings.of(data, 1, data.length - 1),
            expected(sources, data.toString('latin1', 1, data.length - 1)),
          );
        }
      },
    ),
    { numRuns: 3_000 },
  );
});

test('more states than are kept make no difference', () => {
  // A state for each set of places at which the a may have been: some thousands.
  const sources = ['(?:a|b){0,40}a(?:a|b){13}c', 'b'];
  const beginnings = new Beginnings(sources.map(whole), itself);
  let seed = 1;
  for (let i = 0; i < 2_000; i++) {
    let text = '';
    for (let length = 0; length < 30; length++) {
      seed = (seed * 48_271) % 0x7fffffff;
      text += seed % 37 === 0 ? 'c' : seed % 2 === 0 ? 'a' : 'b';
    }
    assert.deepEqual(beginnings.of(Buffer.from(text), 0, text.length), expected(sources, text), text);
  }
});

test('an empty beginning is one of every message, and without beginnings there is none', () => {
  assert.deepEqual(new Beginnings([whole('')], itself).of(Buffer.from('x'), 0, 1), [0]);
  assert.deepEqual(new Beginnings([whole('')], itself).of(Buffer.from(''), 0, 0), [0]);
  assert.deepEqual(new Beginnings([], itself).of(Buffer.from('x'), 0, 1), []);
});
