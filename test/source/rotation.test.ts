import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync, renameSync, truncateSync } from 'node:fs';
import { appendFile, copyFile, link, open, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { directory, follow, numbered, numbers, Recorder, until, upTo } from './recorder.ts';

async function setUp(t: TestContext) {
  const dir = await directory(t);
  return { dir, log: join(dir, 'mail.log'), recorder: new Recorder() };
}

test('rotation by rename: the rest of the old file is read before the new one', async (t) => {
  const { log, recorder } = await setUp(t);
  await writeFile(log, numbered(0, 10));
  await follow(t, recorder, { globs: [log] });
  const writer = await open(log, 'a');
  t.after(() => writer.close());
  await writer.write(numbered(10, 15));
  await rename(log, `${log}.1`);
  await writer.write(numbered(15, 20));
  await writeFile(log, numbered(20, 30));
  await until(() => recorder.lines.length === 30);
  assert.deepEqual(numbers(recorder), upTo(30));
});

test('a writer that goes on with the renamed file is followed until it is silent, then the file is let go', async (t) => {
  const { log, recorder } = await setUp(t);
  await writeFile(log, numbered(0, 2));
  const source = await follow(t, recorder, { globs: [log], quiet: 400, rescan: 50 });
  const old = await open(log, 'a');
  t.after(() => old.close());
  await rename(log, `${log}.1`);
  await writeFile(log, numbered(2, 4));
  await until(() => recorder.lines.length === 4);
  for (let i = 4; i < 12; i++) {
    await old.write(numbered(i, i + 1));
    await until(() => recorder.lines.length === i + 1);
    await sleep(100);
  }
  assert.equal(source.status().origins.length, 2);
  assert.equal(recorder.forgotten.length, 0);
  await until(() => source.status().origins.length === 1);
  assert.equal(recorder.forgotten.length, 1);
  assert.equal(recorder.stored.size, 1);
  assert.deepEqual(numbers(recorder), upTo(12));
});

test('a renamed file without a successor is kept longer', async (t) => {
  const { log, recorder } = await setUp(t);
  await writeFile(log, numbered(0, 2));
  const source = await follow(t, recorder, { globs: [log], quiet: 50, rescan: 20 });
  await rename(log, `${log}.1`);
  await sleep(400);
  await appendFile(`${log}.1`, numbered(2, 3));
  await until(() => recorder.lines.length === 3);
  assert.equal(source.status().origins.length, 1);
});

test('a renamed file that still matches the glob is not read again and keeps being followed', async (t) => {
  const { log, recorder } = await setUp(t);
  await writeFile(log, numbered(0, 5));
  const source = await follow(t, recorder, { globs: [`${log}*`], quiet: 50, rescan: 20 });
  for (let round = 1; round <= 3; round++) {
    for (let i = round; i > 1; i--) await rename(`${log}.${i - 1}`, `${log}.${i}`);
    await rename(log, `${log}.1`);
    await writeFile(log, numbered(round * 5, round * 5 + 5));
    await until(() => recorder.lines.length >= round * 5 + 5);
  }
  await sleep(150);
  await appendFile(`${log}.2`, numbered(20, 21));
  await until(() => recorder.lines.length === 21);
  assert.deepEqual(numbers(recorder), upTo(21));
  assert.deepEqual(
    source
      .status()
      .origins.map(({ origin }) => origin.slice(log.length))
      .toSorted(),
    ['', '.1', '.2', '.3'],
  );
  assert.equal(recorder.forgotten.length, 0);
});

for (const glob of ['', '*']) {
  test(`copytruncate with the glob mail.log${glob} delivers each line once`, async (t) => {
    const { log, recorder } = await setUp(t);
    await writeFile(log, numbered(0, 10));
    await follow(t, recorder, { globs: [`${log}${glob}`] });
    for (let round = 1; round <= 5; round++) {
      if (round > 1) await rename(`${log}.1`, `${log}.${round}`);
      await copyFile(log, `${log}.1`);
      if (round % 2 === 0) await sleep(30);
      await truncate(log, 0);
      await appendFile(log, numbered(round * 10, round * 10 + 10));
      await until(() => recorder.lines.length >= round * 10 + 10);
    }
    await sleep(300);
    assert.deepEqual(numbers(recorder), upTo(60));
  });

  test(`unread lines are found in the copy, with the glob mail.log${glob}, though the file is longer again`, async (t) => {
    const { log, recorder } = await setUp(t);
    await writeFile(log, numbered(0, 10));
    await follow(t, recorder, { globs: [`${log}${glob}`] });
    // Without a pause in between nothing can be read before all of it has happened.
    appendFileSync(log, numbered(10, 20));
    copyFileSync(log, `${log}.1`);
    truncateSync(log);
    appendFileSync(log, numbered(20, 60));
    await until(() => recorder.lines.length >= 60);
    await sleep(300);
    assert.deepEqual(numbers(recorder), upTo(60));
  });
}

test('a file that is emptied and never copied is read from its beginning', async (t) => {
  const { log, recorder } = await setUp(t);
  await writeFile(log, numbered(0, 10));
  await follow(t, recorder, { globs: [log] });
  await writeFile(log, numbered(10, 12));
  await until(() => recorder.lines.length === 12);
  await writeFile(log, numbered(12, 100));
  await until(() => recorder.lines.length === 100);
  assert.deepEqual(numbers(recorder), upTo(100));
});

test('the hole that a writer leaves which goes on at its old offset does not swallow the first line', async (t) => {
  const { log, recorder } = await setUp(t);
  const writer = await open(log, 'w');
  t.after(() => writer.close());
  await writer.write(`${'0 '.padEnd(3_000_000, 'x')}\n`);
  await follow(t, recorder, { globs: [log] });
  await truncate(log, 0);
  await writer.write(numbered(1, 3));
  await until(() => recorder.lines.length === 3);
  const [, first, second] = recorder.lines;
  assert.equal(`${first?.replaceAll('\0', '')}\n${second}\n`, numbered(1, 3));
});

test('dated names: the old and the new file are followed, a deleted one is forgotten', async (t) => {
  const { dir, recorder } = await setUp(t);
  const [first, second] = ['mail-2026-11-22.log', 'mail-2026-11-23.log'].map((name) => join(dir, name));
  assert.ok(first !== undefined && second !== undefined);
  await writeFile(first, numbered(0, 2));
  const source = await follow(t, recorder, { globs: [join(dir, 'mail-*.log')], quiet: 5, rescan: 20 });
  await writeFile(second, numbered(2, 3));
  await until(() => recorder.lines.length === 3);
  await appendFile(first, numbered(3, 4));
  await until(() => recorder.lines.length === 4);
  await rm(first);
  await until(() => recorder.forgotten.length === 1);
  assert.deepEqual(
    source.status().origins.map(({ origin }) => origin),
    [second],
  );
  await appendFile(second, numbered(4, 5));
  await until(() => recorder.lines.length === 5);
});

test('a new file that begins like another for a long way is still read from its beginning', async (t) => {
  const { dir, recorder } = await setUp(t);
  const header = `# ${'header '.repeat(100)}\n`;
  await writeFile(join(dir, 'a.log'), header + numbered(0, 5));
  await follow(t, recorder, { globs: [join(dir, '*.log')] });
  await writeFile(join(dir, 'b.log'), header);
  await sleep(50);
  await appendFile(join(dir, 'b.log'), numbered(5, 6));
  await until(() => recorder.lines.length === 8);
  assert.equal(recorder.lines.filter((line) => line.startsWith('#')).length, 2);
});

test('a second name of a file and a copy made by an admin are not read again', async (t) => {
  const { log, recorder } = await setUp(t);
  await writeFile(log, numbered(0, 50));
  await follow(t, recorder, { globs: [`${log}*`], rescan: 50 });
  await link(log, `${log}.link`);
  await copyFile(log, `${log}.backup`);
  await appendFile(log, numbered(50, 51));
  await sleep(200);
  assert.deepEqual(numbers(recorder), upTo(51));
});

test('a file that an editor wrote anew goes on where the old one ended', async (t) => {
  const { log, recorder } = await setUp(t);
  await writeFile(log, numbered(0, 50));
  await follow(t, recorder, { globs: [log], rescan: 50 });
  await copyFile(log, `${log}.tmp`);
  await rename(`${log}.tmp`, log);
  await sleep(100);
  await appendFile(log, numbered(50, 52));
  await until(() => recorder.lines.length >= 52);
  assert.deepEqual(numbers(recorder), upTo(52));
});

test('a file that lost its end, as in a power failure, does not count again', async (t) => {
  const { log, recorder } = await setUp(t);
  await writeFile(log, numbered(0, 50));
  const source = await follow(t, recorder, { globs: [log] });
  await truncate(log, 1_000);
  await until(() => recorder.warnings.length === 1);
  await source.stop();
  await truncate(log, 900);
  await follow(t, recorder, { globs: [log] });
  assert.match(recorder.warnings[1] ?? '', /has lost its end/);
  await appendFile(log, numbered(50, 51));
  await until(() => recorder.lines.length === 51);
  assert.equal(recorder.lines.at(-1), numbered(50, 51).trimEnd());
});

for (const second of ['renamed', 'copied and emptied']) {
  for (const glob of ['', '*']) {
    test(`a log that is ${second} again before anybody looks is not lost, with the glob mail.log${glob}`, async (t) => {
      const { log, recorder } = await setUp(t);
      await writeFile(log, numbered(0, 10));
      await follow(t, recorder, { globs: [`${log}${glob}`], rescan: 50 });
      appendFileSync(log, numbered(10, 12));
      renameSync(log, `${log}.2`);
      appendFileSync(log, numbered(12, 20));
      if (second === 'renamed') renameSync(log, `${log}.1`);
      else {
        copyFileSync(log, `${log}.1`);
        truncateSync(log);
      }
      appendFileSync(log, numbered(20, 30));
      await until(() => recorder.lines.length >= 30);
      await sleep(120);
      assert.deepEqual(
        numbers(recorder).toSorted((a, b) => a - b),
        upTo(30),
      );
    });
  }
}
