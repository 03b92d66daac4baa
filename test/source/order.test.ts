/** Whatever happens to a log, its lines come in the order in which they were written: an attempt may stand in several. */
import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync, renameSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Chunk } from '../../src/source/types.ts';
import { NumberedLog } from './numbered-log.ts';
import { directory, follow, numbers, Recorder, until, upTo } from './recorder.ts';

/** More than is read at once, so that files which are read side by side mix. */
const MANY = 60_000;

async function followed(t: TestContext, glob = '') {
  const log = new NumberedLog(join(await directory(t), 'mail.log'));
  const recorder = new Recorder();
  const again = () => follow(t, recorder, { globs: [log.path + glob] });
  log.write(10);
  return { log, recorder, again, source: await again() };
}

/** The lines of which all have been read, in the order in which they came. */
async function all(recorder: Recorder, log: NumberedLog): Promise<void> {
  await until(() => recorder.lines.length >= log.written);
  assert.deepEqual(numbers(recorder), upTo(log.written));
}

for (const how of ['copyAndEmpty', 'rename'] as const) {
  test(`the rest of a log comes before what was rotated behind it, both by ${how}`, async (t) => {
    const { log, recorder } = await followed(t);
    for (let n = 0; n < 3; n++) {
      log.write(MANY);
      log[how]();
      log.write(10);
      log[how]();
      log.write(10);
      await all(recorder, log);
    }
  });
}

test('the rest of a copy that the glob matches comes before the emptied log, however many copies there are', async (t) => {
  const { log, recorder } = await followed(t, '*');
  for (let n = 0; n < 4; n++) {
    log.write(MANY);
    log.copyAndEmpty();
    log.write(10);
    await all(recorder, log);
  }
});

test('a copy that the glob matches is not read besides its log after a restart before that is emptied', async (t) => {
  const { log, recorder, again, source } = await followed(t, '*');
  log.copyAndEmpty();
  log.write(10);
  await all(recorder, log);
  log.write(10);
  await source.stop();
  log.copy();
  await again();
  await all(recorder, log);
  log.write(MANY);
  copyFileSync(log.path, `${log.path}.1`);
  truncateSync(log.path);
  log.write(10);
  await all(recorder, log);
});

for (const [name, glob, rotated] of [
  ['mail.log', 'mail*.log', (n: number) => `mail.${n}.log`],
  ['mail-1', 'mail-1*', (n: number) => `mail-1.${n}`],
] as const) {
  test(`nor where rotated files are called ${rotated(1)}`, async (t) => {
    const folder = await directory(t);
    const path = (file: string): string => join(folder, file);
    const log = new NumberedLog(path(name));
    const recorder = new Recorder();
    const again = () => follow(t, recorder, { globs: [path(glob)] });
    log.write(20);
    const source = await again();
    copyFileSync(log.path, path(rotated(1)));
    truncateSync(log.path);
    log.write(20);
    await all(recorder, log);
    await until(() => recorder.stored.size === 2);
    await source.stop();
    renameSync(path(rotated(1)), path(rotated(2)));
    copyFileSync(log.path, path(rotated(1)));
    await again();
    truncateSync(log.path);
    log.write(10);
    await all(recorder, log);
  });
}

test('of two logs that are named no one is taken for a rotation of the other', async (t) => {
  const folder = await directory(t);
  const globs = [join(folder, 'info'), join(folder, 'info-1')];
  const recorder = new Recorder();
  const log = new NumberedLog(globs[0] ?? '');
  log.write(10);
  writeFileSync(globs[1] ?? '', 'another log\n');
  await (await follow(t, recorder, { globs })).stop();
  const times = [3, 2, 1].map((ago) => Date.now() / 1_000 - ago);
  for (const [index, day] of ['20261121', '20261122'].entries()) {
    log.write(5);
    renameSync(log.path, `${log.path}-${day}`);
    utimesSync(`${log.path}-${day}`, times[index] ?? 0, times[index] ?? 0);
    writeFileSync(log.path, '');
  }
  log.write(5);
  appendFileSync(globs[1] ?? '', 'another log goes on\n');
  await follow(t, recorder, { globs });
  assert.deepEqual(
    recorder.lines.filter((line) => line.startsWith('another')),
    ['another log', 'another log goes on'],
  );
  assert.deepEqual(
    numbers(recorder).filter((n) => !Number.isNaN(n)),
    upTo(log.written),
  );
});

test('after a restart the rest of a renamed log that the glob matches comes before the next', async (t) => {
  const { log, recorder, again, source } = await followed(t, '*');
  renameSync(log.path, `${log.path}.1`);
  // Its position goes by the new name once something has been read under that.
  await until(() => source.status().origins.some(({ origin }) => origin === `${log.path}.1`));
  appendFileSync(`${log.path}.1`, `${log.written++} late\n`);
  await until(() => recorder.lines.length === log.written);
  await source.stop();
  renameSync(`${log.path}.1`, log.path);
  log.write(5 * MANY);
  renameSync(log.path, `${log.path}.1`);
  log.write(10);
  await again();
  await all(recorder, log);
});

test('two rotated files that are emptied while one is read and the other waits do not wait for each other', async (t) => {
  const folder = await directory(t);
  const log = new NumberedLog(join(folder, 'mail.log'));
  let missed = -1;
  /** Empties the second file while it is read. */
  class Emptier extends Recorder {
    override chunk(chunk: Chunk): void {
      super.chunk(chunk);
      if (missed < 0 || numbers(this).at(-1) === undefined || (numbers(this).at(-1) ?? 0) < missed) return;
      missed = -1;
      truncateSync(`${log.path}.1`);
      appendFileSync(`${log.path}.1`, `${log.written} after it was emptied\n`);
    }
  }
  const recorder = new Emptier();
  log.write(10);
  const source = await follow(t, recorder, { globs: [log.path] });
  log.write(5 * MANY);
  log.rename();
  const second = log.written;
  log.write(MANY);
  await until(() => source.status().origins.length === 2);
  log.copyAndEmpty();
  missed = second;
  appendFileSync(log.path, `${log.written + 1} the end\n`);
  await until(() => recorder.lines.some((line) => line.endsWith('the end')));
  await source.stop();
});
