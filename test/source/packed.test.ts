/** Logs that were rotated while nobody looked, and whose rest is compressed, unreadable or somewhere else. */
import assert from 'node:assert/strict';
import { appendFile, chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { asNobody, directory, follow, numbered, numbers, Recorder, until, upTo } from './recorder.ts';

/** A source that has read lines 0 to 9 and was stopped. */
async function stopped(t: TestContext, glob = '') {
  const dir = await directory(t);
  const log = join(dir, 'mail.log');
  const recorder = new Recorder();
  await writeFile(log, numbered(0, 10));
  const again = () => follow(t, recorder, { globs: [`${log}${glob}`] });
  await (await again()).stop();
  assert.equal(recorder.lines.length, 10);
  return { dir, log, recorder, again };
}

/** As logrotate(8) does it, with the program gzip. */
async function pack(path: string, how: (data: Buffer) => Buffer = gzipSync, suffix = '.gz'): Promise<void> {
  await writeFile(`${path}${suffix}`, how(await readFile(path)));
  await rm(path);
}

for (const glob of ['', '*']) {
  test(`renamed and compressed while stopped, with the glob mail.log${glob}: the rest is read first`, async (t) => {
    const { log, recorder, again } = await stopped(t, glob);
    await appendFile(log, numbered(10, 15));
    await rename(log, `${log}.1`);
    await pack(`${log}.1`);
    await writeFile(log, numbered(15, 20));
    const source = await again();
    assert.deepEqual(numbers(recorder), upTo(20));
    assert.deepEqual(recorder.warnings, []);
    assert.equal(recorder.stored.size, 1);
    await source.stop();
    await again();
    assert.equal(recorder.lines.length, 20);
  });

  test(`rotated three times, the older ones compressed, with the glob mail.log${glob}: all are read in order`, async (t) => {
    const { log, recorder, again } = await stopped(t, glob);
    await writeFile(`${log}.4.gz`, gzipSync('read long ago\n'));
    await appendFile(log, numbered(10, 15));
    await rename(log, `${log}.3`);
    await pack(`${log}.3`);
    await writeFile(`${log}.2.gz`, gzipSync(numbered(15, 20)));
    await writeFile(`${log}.1`, numbered(20, 25));
    await writeFile(log, numbered(25, 30));
    await again();
    assert.deepEqual(numbers(recorder), upTo(30));
    assert.deepEqual(recorder.warnings, []);
    assert.ok(recorder.stored.size <= 2);
  });
}

test('two files that were being read, both rotated further and compressed, with the glob mail.log*', async (t) => {
  const { log, recorder, again } = await stopped(t, '*');
  const source = await again();
  await rename(log, `${log}.1`);
  await writeFile(log, numbered(10, 15));
  await until(() => recorder.lines.length === 15);
  await source.stop();
  assert.equal(recorder.stored.size, 2);
  await rename(`${log}.1`, `${log}.2`);
  await rename(log, `${log}.1`);
  await appendFile(`${log}.1`, numbered(15, 20));
  await pack(`${log}.1`);
  await pack(`${log}.2`);
  await writeFile(log, numbered(20, 25));
  await again();
  assert.deepEqual(numbers(recorder), upTo(25));
  assert.deepEqual(recorder.warnings, []);
});

test('copied, compressed and emptied while stopped', async (t) => {
  const { log, recorder, again } = await stopped(t);
  await writeFile(`${log}-20261122.gz`, gzipSync(numbered(0, 15)));
  await writeFile(log, numbered(15, 20));
  await (await again()).stop();
  await again();
  assert.deepEqual(numbers(recorder), upTo(20));
});

test('a rest behind two positions, of the log and of its copy, is read once', async (t) => {
  const { log, recorder, again } = await stopped(t, '*');
  const [position] = recorder.positions();
  assert.ok(position?.type === 'file');
  await appendFile(log, numbered(10, 15));
  // What a crash leaves while the copy is being read: the place in it, and still the one in the log.
  const copy = { ...position, path: `${log}.1`, inode: position.inode + 1_000_000, offset: numbered(0, 12).length };
  recorder.keep([copy]);
  recorder.lines.push(...numbered(10, 12).trimEnd().split('\n'));
  await writeFile(`${log}.1.gz`, gzipSync(await readFile(log)));
  await writeFile(log, numbered(15, 17));
  await again();
  assert.deepEqual(numbers(recorder), upTo(17));
});

test('a long rest comes in pieces, and reading that is interrupted goes on in the middle', async (t) => {
  const { log, recorder, again } = await stopped(t);
  const long = 'x'.repeat(1_000_000);
  await appendFile(log, `${numbered(10, 20_000)}${long}\n${numbered(20_000, 40_000)}unfinished`);
  await rename(log, `${log}.1`);
  await pack(`${log}.1`);
  await writeFile(log, numbered(40_000, 40_005));
  const before = recorder.positions();
  // What a crash leaves: the position of the first piece that was kept.
  class Crash extends Recorder {
    override chunk(chunk: Parameters<Recorder['chunk']>[0]): void {
      if (this.lines.length < 5_000) super.chunk(chunk);
    }
    override forget(): void {}
  }
  const crashed = new Crash();
  crashed.keep(before);
  await (await follow(t, crashed, { globs: [log] })).stop();
  assert.ok(crashed.lines.length >= 5_000 && crashed.lines.length < 20_000);
  recorder.keep(crashed.positions());
  for (const line of crashed.lines) recorder.lines.push(line);
  await again();
  assert.deepEqual(
    recorder.lines.filter((line) => !line.startsWith('x')),
    numbered(0, 40_005).split('\n').slice(0, -1),
  );
  assert.deepEqual(
    recorder.lines.filter((line) => line.startsWith('x')),
    [long.slice(0, 16_384)],
  );
  assert.equal(recorder.cut, 1);
  assert.ok(recorder.largest < 600_000);
});

test('a damaged file is read as far as it goes, and that is told', async (t) => {
  const { log, recorder, again } = await stopped(t);
  const packed = gzipSync(numbered(0, 50_000));
  await writeFile(`${log}.1.gz`, packed.subarray(0, packed.length - 1_000));
  await rm(log);
  await writeFile(log, numbered(50_000, 50_001));
  await again();
  assert.equal(recorder.warnings.length, 1);
  assert.match(recorder.warnings[0] ?? '', /Cannot read .*mail\.log\.1\.gz to its end \(Z_BUF_ERROR\)/);
  assert.ok(recorder.lines.length > 30_000);
  assert.equal(numbers(recorder).at(-1), 50_000);
});

test('where the rest can be is told, and what to do', async (t) => {
  const { dir, log, recorder, again } = await stopped(t);
  const before = recorder.positions();
  await appendFile(log, numbered(10, 15));
  await rename(log, `${log}.1`);
  await pack(`${log}.1`, zstdCompressSync, '.zst');
  await writeFile(`${log}.2.gz`, gzipSync('of another beginning\n'));
  await writeFile(log, numbered(15, 20));
  await (await again()).stop();
  const gone = `What was still unread of ${log} is gone, it was rotated or emptied and is not beside it any more`;
  const [packed] = recorder.warnings;
  assert.equal(packed, `${gone}; if it is in ${log}.1.zst, tailban match shows what was not counted`);
  await mkdir(join(dir, 'old'));
  await rename(`${log}.1.zst`, join(dir, 'old', 'mail.log.1.zst'));
  recorder.stored.clear();
  recorder.keep(before);
  await again();
  const place = 'in another directory (olddir of logrotate)';
  assert.equal(recorder.warnings[1], `${gone}; if it is ${place}, tailban match shows what was not counted`);
});

for (const back of ['at once', 'after a second rotation'] as const) {
  test(`rotated while it could not be read, which it can be ${back}: the rest is waited for`, async (t) => {
    const { dir, log, recorder, again } = await stopped(t);
    await chmod(dir, 0o755);
    await appendFile(log, numbered(10, 15));
    await chmod(log, 0);
    asNobody(true);
    try {
      const source = await again();
      assert.match(source.status().problem ?? '', /mail\.log \(EACCES\)/);
      asNobody(false);
      await rename(log, `${log}.1`);
      await writeFile(log, numbered(15, 20));
      asNobody(true);
      await until(() => source.status().problem?.includes('mail.log.1 (EACCES)') ?? false);
      await until(() => recorder.lines.length === 15);
      asNobody(false);
      let old = `${log}.1`;
      if (back === 'after a second rotation') {
        old = `${log}.2`;
        await rename(`${log}.1`, old);
        await rename(log, `${log}.1`);
        await writeFile(log, '');
      }
      await chmod(old, 0o644);
      asNobody(true);
      await until(() => recorder.lines.length === 20);
      await until(() => source.status().problem === null);
      assert.deepEqual(
        numbers(recorder).toSorted((one, other) => one - other),
        upTo(20),
      );
      assert.ok(recorder.warnings.every((text) => text.includes('EACCES')));
      assert.equal(dirname(old), dir);
      await source.stop();
    } finally {
      asNobody(false);
    }
  });
}
