/** What is told of a log that is not there any more, and that a rotation is no such thing. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { directory, follow, numbered, numbers, Recorder, until, upTo } from './recorder.ts';

const MINUTE = 60_000;

/** A source that has read lines 0 to 4 of a log, with a clock that can be put forward. */
async function reading(t: TestContext) {
  const log = join(await directory(t), 'mail.log');
  const recorder = new Recorder();
  await writeFile(log, numbered(0, 5));
  let ahead = 0;
  const source = await follow(t, recorder, { globs: [log], rescan: 20, now: () => Date.now() + ahead });
  const pass = (time: number) => {
    ahead += time;
    return sleep(200);
  };
  return { log, recorder, source, pass };
}

test('a log that was removed is told once, within some seconds, and when it is back', async (t) => {
  const { log, recorder, source, pass } = await reading(t);
  await rm(log);
  await pass(0);
  assert.deepEqual(recorder.warnings, []);
  assert.equal(source.status().state, 'reading');
  await pass(6_000);
  assert.deepEqual(recorder.warnings, [`No file matches ${log}, waiting for one to appear`]);
  assert.equal(source.status().state, 'waiting');
  assert.equal(source.status().problem, recorder.warnings[0]);
  await pass(10 * MINUTE);
  assert.equal(recorder.warnings.length, 1);
  await writeFile(log, numbered(5, 7));
  await until(() => recorder.lines.length === 7);
  await until(() => source.status().problem === null);
  assert.equal(source.status().state, 'reading');
  assert.deepEqual(recorder.infos, [`Found a file that matches ${log}`]);
});

const KINDS: readonly (readonly [string, (path: string) => Promise<unknown>, (path: string) => Promise<unknown>])[] = [
  ['a directory', mkdir, rmdir],
  ['a FIFO', async (path) => execFileSync('mkfifo', [path]), rm],
];

for (const [kind, make, remove] of KINDS) {
  test(`a log that has become ${kind} is told once`, async (t) => {
    const { log, recorder, source, pass } = await reading(t);
    await rm(log);
    await make(log);
    await pass(0);
    await pass(10 * MINUTE);
    const message = `Cannot read ${log} (it is ${kind}), trying again until it can be read`;
    assert.deepEqual(recorder.warnings, [message]);
    assert.equal(source.status().state, 'failed');
    assert.equal(source.status().problem, message);
    await remove(log);
    await writeFile(log, numbered(5, 7));
    await until(() => recorder.lines.length === 7);
    await until(() => source.status().problem === null);
    assert.equal(source.status().state, 'reading');
  });

  test(`${kind} in the place of a log at the start is called that`, async (t) => {
    const log = join(await directory(t), 'mail.log');
    const recorder = new Recorder();
    await make(log);
    const source = await follow(t, recorder, { globs: [log], rescan: 20, timeOfLine: () => null });
    assert.deepEqual(recorder.warnings, [`Cannot read ${log} (it is ${kind}), trying again until it can be read`]);
    await remove(log);
    await writeFile(log, numbered(0, 3));
    await until(() => recorder.lines.length === 3);
    await until(() => source.status().problem === null);
  });
}

test('the same file under its name again is no problem any more', async (t) => {
  const { log, recorder, source, pass } = await reading(t);
  await rename(log, `${log}.away`);
  await mkdir(log);
  await pass(0);
  assert.equal(recorder.warnings.length, 1);
  await rmdir(log);
  await rename(`${log}.away`, log);
  await until(() => source.status().problem === null);
  await appendFile(log, numbered(5, 6));
  await until(() => recorder.lines.length === 6);
});

test('a rotation is not told, also where the next file takes its time', async (t) => {
  const { log, recorder, source, pass } = await reading(t);
  await rename(log, `${log}.1`);
  await pass(MINUTE);
  assert.deepEqual(recorder.warnings, []);
  assert.equal(source.status().state, 'reading');
  assert.equal(source.status().problem, null);
  await writeFile(log, numbered(5, 7));
  await until(() => recorder.lines.length === 7);
  assert.deepEqual(numbers(recorder), upTo(7));
  await rm(log);
  await pass(1_000);
  await writeFile(log, numbered(7, 9));
  await until(() => recorder.lines.length === 9);
  await pass(MINUTE);
  assert.deepEqual([...recorder.warnings, ...recorder.infos], []);
});

test('one that was renamed is told when it is given up', async (t) => {
  const { log, recorder, source, pass } = await reading(t);
  await rename(log, `${log}.away`);
  await pass(MINUTE);
  await pass(10 * MINUTE);
  assert.deepEqual(recorder.warnings, [`No file matches ${log}, waiting for one to appear`]);
  assert.equal(source.status().state, 'waiting');
});
