import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { completeLines } from '../../src/cli/match/lines.ts';

const LONGEST = 16 * 1024;

/** The bytes in blocks of these sizes, over and over. */
async function* blocks(data: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  for (let at = 0, i = 0; at < data.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    yield Buffer.from(data.subarray(at, at + size));
    at += size;
  }
}

async function collect(data: Buffer, sizes: readonly number[]): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of completeLines(blocks(data, sizes))) {
    assert.equal(piece.at(-1), 10);
    pieces.push(Buffer.from(piece));
  }
  return Buffer.concat(pieces).toString('latin1');
}

/** What is to come out, the slow way. */
function expected(text: string): string {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) => `${line.slice(0, LONGEST)}\n`).join('');
}

test('lines come out whole, however the bytes are cut into blocks', async () => {
  const line = fc.oneof(
    fc.constant(''),
    fc.string({ maxLength: 30 }).map((text) => text.replaceAll('\n', ' ')),
    fc.integer({ min: LONGEST - 2, max: LONGEST + 2 }).map((length) => 'x'.repeat(length)),
    fc.constant('y'.repeat(3 * LONGEST)),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 12 }),
      fc.boolean(),
      fc.array(fc.integer({ min: 1, max: 2 * LONGEST }), { minLength: 1, maxLength: 4 }),
      async (lines, ended, sizes) => {
        const text = Buffer.from(lines.join('\n') + (ended ? '\n' : '')).toString('latin1');
        assert.equal(await collect(Buffer.from(text, 'latin1'), sizes), expected(text));
      },
    ),
    { numRuns: 60 },
  );
});

test('a line of many megabytes takes the memory of a short one', async () => {
  let largest = 0;
  async function* endless(): AsyncGenerator<Buffer> {
    yield Buffer.from('first\n');
    for (let i = 0; i < 64; i++) yield Buffer.alloc(1024 * 1024, 120);
    yield Buffer.from('\nlast\n');
  }
  const lengths: number[] = [];
  for await (const piece of completeLines(endless())) {
    largest = Math.max(largest, piece.buffer.byteLength);
    lengths.push(piece.length);
  }
  assert.deepEqual(lengths, [6, LONGEST + 1 + 5]);
  assert.ok(largest < 2 * 1024 * 1024, `a buffer of ${largest} bytes was held`);
});
