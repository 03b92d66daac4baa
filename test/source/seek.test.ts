import assert from 'node:assert/strict';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { findStart, lastLineStart } from '../../src/source/seek.ts';
import { directory, timeOfLine } from './recorder.ts';

async function search(t: TestContext, text: string, since: number) {
  const path = join(await directory(t), 'log');
  await writeFile(path, text, 'latin1');
  const handle = await open(path);
  try {
    let asked = 0;
    const found = await findStart(handle, text.length, since, (line) => {
      asked++;
      return timeOfLine(line);
    });
    return { found, asked, rest: found === null ? null : text.slice(found) };
  } finally {
    await handle.close();
  }
}

test('the search agrees with a scan, whatever lines without a time lie between', async (t) => {
  const path = join(await directory(t), 'log');
  const line = fc.oneof(fc.constant('no time'), fc.constant(''), fc.constant('y'.repeat(70_000)), fc.nat(5));
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 40 }), fc.nat(60), fc.boolean(), async (lines, since, unfinished) => {
      let clock = 0;
      const texts = lines.map((one) => {
        if (typeof one === 'string') return one;
        clock += one;
        return `${clock} entry`;
      });
      const text = texts.map((one) => `${one}\n`).join('') + (unfinished ? `${clock + 99} unfin` : '');
      let expected: number | null = null;
      let offset = 0;
      for (const one of texts) {
        const time = timeOfLine(one);
        if (time !== null && time >= since) {
          expected = offset;
          break;
        }
        offset += one.length + 1;
      }
      const timed = texts.some((one) => timeOfLine(one) !== null);
      await writeFile(path, text);
      const handle = await open(path);
      try {
        assert.equal(await findStart(handle, text.length, since, timeOfLine), expected ?? (timed ? offset : null));
      } finally {
        await handle.close();
      }
    }),
    { numRuns: 60 },
  );
});

test('a long log is searched by halving', async (t) => {
  const text = Array.from({ length: 200_000 }, (_, i) => `${i} something happened\n`).join('');
  const { rest, asked } = await search(t, text, 150_000);
  assert.ok(rest?.startsWith('150000 something'));
  assert.ok(asked < 60, `asked for the time of ${asked} lines`);
});

test('a file without any newline has no time and no line start but the first', async (t) => {
  assert.equal((await search(t, '5 '.padEnd(300_000, 'x'), 1)).found, null);
  assert.equal((await search(t, '', 1)).found, null);
  const path = join(await directory(t), 'log');
  await writeFile(path, 'x'.repeat(300_000));
  const handle = await open(path);
  assert.equal(await lastLineStart(handle, 300_000), 0);
  await handle.close();
});
