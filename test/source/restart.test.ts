import assert from 'node:assert/strict';
import { appendFile, copyFile, mkdir, readFile, rename, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Position, positionKey } from '../../src/source/types.ts';
import { directory, follow, numbered, numbers, Recorder, timeOfLine, until, upTo } from './recorder.ts';

/** A source that has read lines 0 to 9 and was stopped; its file is then at `log`. */
async function stopped(t: TestContext, glob = '') {
  const dir = await directory(t);
  const log = join(dir, 'mail.log');
  const recorder = new Recorder();
  await writeFile(log, numbered(0, 10));
  const again = async () => await follow(t, recorder, { globs: [`${log}${glob}`] });
  await (await again()).stop();
  assert.equal(recorder.lines.length, 10);
  return { dir, log, recorder, again };
}

/** Makes the file look as old as files are that were rotated on different days. */
async function age(path: string, days: number): Promise<void> {
  const time = Date.now() / 1000 - days * 86_400;
  await utimes(path, time, time);
}

test('reading goes on where it ended, and nothing is read twice', async (t) => {
  const { log, recorder, again } = await stopped(t);
  await appendFile(log, numbered(10, 12));
  await (await again()).stop();
  await again();
  assert.deepEqual(numbers(recorder), upTo(12));
  assert.equal(recorder.stored.size, 1);
});

for (const glob of ['', '*']) {
  for (const name of ['mail.log.1', 'mail.log-20261122', 'mail-20261122.log']) {
    if (glob === '*' && !name.startsWith('mail.log')) continue;
    test(`renamed to ${name} while stopped, with the glob mail.log${glob}: the rest is read first`, async (t) => {
      const { dir, log, recorder, again } = await stopped(t, glob);
      await appendFile(log, numbered(10, 15));
      await rename(log, join(dir, name));
      await writeFile(log, numbered(15, 20));
      await (await again()).stop();
      await again();
      assert.deepEqual(numbers(recorder), upTo(20));
    });

    test(`copied to ${name} and emptied while stopped, with the glob mail.log${glob}`, async (t) => {
      const { dir, log, recorder, again } = await stopped(t, glob);
      await appendFile(log, numbered(10, 15));
      await copyFile(log, join(dir, name));
      await truncate(log);
      await appendFile(log, numbered(15, 60));
      await (await again()).stop();
      await again();
      assert.deepEqual(numbers(recorder), upTo(60));
    });
  }

  test(`rotated three times while stopped, with the glob mail.log${glob}: all are read in order`, async (t) => {
    const { log, recorder, again } = await stopped(t, glob);
    await appendFile(log, numbered(10, 15));
    await rename(log, `${log}.3`);
    await age(`${log}.3`, 3);
    await writeFile(`${log}.2`, numbered(15, 20));
    await age(`${log}.2`, 2);
    await writeFile(`${log}.1`, numbered(20, 25));
    await age(`${log}.1`, 1);
    await writeFile(log, numbered(25, 30));
    await writeFile(`${log}.4`, 'read before tailban knew the name\n');
    await age(`${log}.4`, 4);
    await again();
    const own = recorder.lines.filter((line) => /^\d/.test(line));
    assert.deepEqual(
      own.map((line) => Number(line.split(' ')[0])),
      upTo(30),
    );
    assert.equal(recorder.lines.length, glob === '' ? 30 : 31);
  });
}

test('copied twice and emptied twice while stopped: the old copy, the newer copy, the file', async (t) => {
  const { log, recorder, again } = await stopped(t);
  await appendFile(log, numbered(10, 15));
  await copyFile(log, `${log}.2`);
  await age(`${log}.2`, 1);
  await writeFile(log, numbered(15, 40));
  await copyFile(log, `${log}.1`);
  await writeFile(log, numbered(40, 42));
  await again();
  assert.deepEqual(numbers(recorder), upTo(42));
});

test('stopped in the middle of the rest of a rotated file, then rotated again', async (t) => {
  const { log, recorder, again } = await stopped(t);
  await appendFile(log, numbered(10, 15));
  await rename(log, `${log}.1`);
  await writeFile(log, numbered(15, 20));
  await (await again()).stop();
  assert.equal(recorder.stored.size, 2);
  await appendFile(`${log}.1`, numbered(20, 22));
  await rename(`${log}.1`, `${log}.2`);
  await rename(log, `${log}.1`);
  await appendFile(`${log}.1`, numbered(22, 24));
  await writeFile(log, numbered(24, 26));
  await again();
  assert.deepEqual(
    numbers(recorder).toSorted((a, b) => a - b),
    upTo(26),
  );
});

test('rotated while stopped with nothing new yet: the old name is waited for', async (t) => {
  const { log, recorder, again } = await stopped(t);
  await appendFile(log, numbered(10, 15));
  await rename(log, `${log}.1`);
  await again();
  assert.deepEqual(numbers(recorder), upTo(15));
  await writeFile(log, numbered(15, 16));
  await until(() => recorder.lines.length === 16);
});

test('another file with the same inode is another file', async (t) => {
  const { log, recorder, again } = await stopped(t);
  const [position] = recorder.positions();
  assert.ok(position?.type === 'file');
  await rm(log);
  await writeFile(log, numbered(10, 40));
  const { dev, ino } = await stat(log);
  recorder.stored.clear();
  const reused: Position = { ...position, device: dev, inode: ino };
  recorder.stored.set(positionKey(reused), reused);
  await again();
  assert.deepEqual(numbers(recorder), upTo(40));
  assert.match(recorder.warnings[0] ?? '', /is gone/);
});

test('the same file on a device with another number is still the same', async (t) => {
  const { log, recorder, again } = await stopped(t);
  const [position] = recorder.positions();
  assert.ok(position?.type === 'file');
  const moved: Position = { ...position, device: position.device + 7, inode: position.inode + 7 };
  recorder.stored.clear();
  recorder.stored.set(positionKey(moved), moved);
  await appendFile(log, numbered(10, 12));
  await again();
  assert.deepEqual(numbers(recorder), upTo(12));
  assert.deepEqual(recorder.forgotten, [positionKey(moved)]);
});

test('the fingerprint of a short file grows with it, and the short one is still recognised', async (t) => {
  const { log, recorder, again } = await stopped(t);
  await writeFile(log, '1 a\n');
  recorder.stored.clear();
  recorder.lines.length = 0;
  await (await again()).stop();
  const length = () => {
    const [position] = recorder.positions();
    return position?.type === 'file' ? position.fingerprint.length : -1;
  };
  assert.equal(length(), 4);
  await appendFile(log, numbered(2, 20));
  await (await again()).stop();
  assert.equal(length(), 256);
  await again();
  assert.equal(recorder.lines.length, 19);
});

test('a missing directory is no reason to forget, and reading goes on there when it is back', async (t) => {
  const { dir, recorder } = await stopped(t);
  const log = join(dir, 'mount', 'mail.log');
  await mkdir(join(dir, 'mount'));
  await writeFile(log, numbered(10, 20));
  await (await follow(t, recorder, { globs: [join(dir, 'm*', 'mail.log')] })).stop();
  await rename(join(dir, 'mount'), join(dir, 'away'));
  await follow(t, recorder, { globs: [join(dir, 'm*', 'mail.log')] });
  await appendFile(join(dir, 'away', 'mail.log'), numbered(20, 22));
  await rename(join(dir, 'away'), join(dir, 'mount'));
  await until(() => recorder.lines.length === 22);
  assert.deepEqual(numbers(recorder), upTo(22));
});

test('on the first start only lines of the window are read, and no rotated sibling', async (t) => {
  const dir = await directory(t);
  const log = join(dir, 'mail.log');
  const recorder = new Recorder();
  await writeFile(`${log}.1`, numbered(2_000, 2_010));
  await writeFile(log, `no time\n${numbered(0, 3_000)}`);
  const options = { globs: [log], since: 2_990, timeOfLine };
  await (await follow(t, recorder, options)).stop();
  assert.deepEqual(numbers(recorder), upTo(3_000).slice(2_990));
  await appendFile(log, numbered(3_000, 3_001));
  await follow(t, recorder, { ...options, since: 9_000 });
  assert.equal(recorder.lines.length, 11);
});

test('on the first start a log without any time is read from its end, and its position is kept', async (t) => {
  const dir = await directory(t);
  const log = join(dir, 'mail.log');
  const recorder = new Recorder();
  await writeFile(log, 'old\nolder\nunfini');
  const options = { globs: [log], timeOfLine };
  await (await follow(t, recorder, options)).stop();
  assert.deepEqual(recorder.lines, []);
  await appendFile(log, 'shed\nnew\n');
  await follow(t, recorder, options);
  assert.deepEqual(recorder.lines, ['unfinished', 'new']);
  assert.equal((await readFile(log, 'utf8')).length, 25);
});

test('a file that appeared in a known directory while stopped is read though its lines have no time', async (t) => {
  const { dir, recorder } = await stopped(t);
  await writeFile(join(dir, 'mail.other'), 'x\ny\n');
  await follow(t, recorder, { globs: [join(dir, 'mail.*')], timeOfLine });
  assert.deepEqual(recorder.lines.slice(10), ['x', 'y']);
});
