/** Where a file that appears beside a log is read from, at each moment of its being emptied and written again. */
import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { originOf } from '../../src/source/copies.ts';
import { openLog } from '../../src/source/open-log.ts';
import type { Tailer } from '../../src/source/tailer.ts';

const READ = 'one\ntwo\nthree\n';

/** A log that has been read to its end, and its copy, of which nothing has been read. */
async function copied(t: TestContext): Promise<{ log: string; copy: Tailer; original: Tailer }> {
  const folder = await mkdtemp(join(tmpdir(), 'tailban-origin-'));
  const log = join(folder, 'mail.log');
  await writeFile(log, READ);
  await copyFile(log, `${log}.1`);
  const [original, copy] = await Promise.all([tailerOf(log, READ.length), tailerOf(`${log}.1`, 0)]);
  t.after(async () => {
    await Promise.all([original, copy].map((one) => one.log.handle.close()));
    await rm(folder, { recursive: true });
  });
  return { log, copy, original };
}

/** What is asked of a tailer here. */
async function tailerOf(path: string, offset: number): Promise<Tailer> {
  const log = await openLog(path);
  const state = {
    path,
    log,
    head: log.head,
    size: log.size,
    offset,
    mayBeCopy: offset === 0,
    past: null,
    strayedAt: null,
  };
  return { ...state, wasAt: (one: string) => one === path } as unknown as Tailer;
}

test('a copy waits while its original is whole, and while that has been emptied', async (t) => {
  const { log, copy, original } = await copied(t);
  assert.equal(await originOf(copy, [original, copy]), null);
  await truncate(log, 0);
  assert.equal(await originOf(copy, [original, copy]), null);
});

test('a copy waits while its original has been written again, to any length, and its reader has not seen it', async (t) => {
  const { log, copy, original } = await copied(t);
  for (const text of ['ten\n', 'ten\nelve\n1234\n', 'ten\neleven\ntwelve\nthirteen\n']) {
    await writeFile(log, text);
    assert.equal(await originOf(copy, [original, copy]), null, JSON.stringify(text));
  }
});

test('once the reader has seen it, the copy goes on where the original had been read to', async (t) => {
  const { log, copy, original } = await copied(t);
  await writeFile(log, 'ten\neleven\ntwelve\nthirteen\n');
  const seen = await tailerOf(log, 0);
  const past = { head: original.head, offset: READ.length, modified: 0, copy: null };
  const reader = { ...seen, mayBeCopy: false, past } as unknown as Tailer;
  assert.equal(await originOf(copy, [reader, copy]), READ.length);
  await seen.log.handle.close();
});

test('a log of its own is read from its beginning', async (t) => {
  const { log, original } = await copied(t);
  await writeFile(`${log}.other`, 'something else\n');
  const other = await tailerOf(`${log}.other`, 0);
  assert.equal(await originOf(other, [original, other]), 0);
  await other.log.handle.close();
});
