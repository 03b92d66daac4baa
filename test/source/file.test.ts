import assert from 'node:assert/strict';
import { appendFile, chmod, mkdir, readdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { asNobody, directory, follow, Recorder, until } from './recorder.ts';

async function setUp(t: TestContext) {
  const dir = await directory(t);
  const log = join(dir, 'mail.log');
  return { dir, log, recorder: new Recorder() };
}

test('what is there at the start has been delivered when start resolves, from all files of all globs', async (t) => {
  const { dir, log, recorder } = await setUp(t);
  await mkdir(join(dir, 'sub'));
  await writeFile(log, '1 a\n2 b\n');
  await writeFile(join(dir, 'sub', 'x.log'), '3 c\n');
  await writeFile(join(dir, 'old.log.gz'), '4 d\n');
  const source = await follow(t, recorder, { globs: [log, join(dir, '*', '*.log'), join(dir, '*.gz')] });
  assert.deepEqual(recorder.lines.toSorted(), ['1 a', '2 b', '3 c']);
  const status = source.status();
  assert.equal(status.state, 'reading');
  assert.deepEqual(
    status.origins.map(({ offset, size }) => [offset, size]),
    [
      [8, 8],
      [4, 4],
    ],
  );
});

test('an appended line is delivered within milliseconds', async (t) => {
  const { log, recorder } = await setUp(t);
  await writeFile(log, '');
  await follow(t, recorder, { globs: [log], rescan: 60_000 });
  const times: number[] = [];
  for (let i = 0; i < 20; i++) {
    const before = performance.now();
    await appendFile(log, `${i} line\n`);
    await until(() => recorder.lines.length === i + 1);
    times.push(performance.now() - before);
  }
  const median = times.toSorted((one, other) => one - other)[10] ?? Infinity;
  assert.ok(median < 25, `median ${median} ms`);
});

test('a line written in pieces is delivered once it is complete', async (t) => {
  const { log, recorder } = await setUp(t);
  await writeFile(log, 'whole\nha');
  const source = await follow(t, recorder, { globs: [log] });
  await appendFile(log, 'lf');
  await until(() => source.status().origins[0]?.size === 10);
  assert.deepEqual(recorder.lines, ['whole']);
  const [position] = recorder.positions();
  assert.equal(position?.type === 'file' ? position.offset : null, 6);
  await appendFile(log, ' and half\nnext\n');
  await until(() => recorder.lines.length === 3);
  assert.deepEqual(recorder.lines, ['whole', 'half and half', 'next']);
});

test('carriage returns, NUL bytes and invalid UTF-8 pass through unchanged', async (t) => {
  const { log, recorder } = await setUp(t);
  await writeFile(log, Buffer.from('a\r\n\0b\0\n\xff\xfe\x80\n', 'latin1'));
  await follow(t, recorder, { globs: [log] });
  assert.deepEqual(recorder.lines, ['a\r', '\0b\0', '\xff\xfe\x80']);
});

test('lines longer than 16 KiB are cut and counted, in small and in large files', async (t) => {
  const { log, recorder } = await setUp(t);
  const exact = 'e'.repeat(16_384);
  await writeFile(log, `a\n${exact}\n${exact}x\nb\n${'l'.repeat(3_000_000)}\nc\n`);
  await follow(t, recorder, { globs: [log] });
  assert.deepEqual(recorder.lines, ['a', exact, exact, 'b', 'l'.repeat(16_384), 'c']);
  assert.equal(recorder.cut, 2);
});

test('a line without an end is neither delivered nor kept in memory, and is cut when it ends after all', async (t) => {
  const { log, recorder } = await setUp(t);
  await writeFile(log, 'first\n');
  const source = await follow(t, recorder, { globs: [log] });
  const before = process.memoryUsage().arrayBuffers;
  const piece = Buffer.alloc(4_000_000, 'x');
  for (let i = 0; i < 25; i++) await appendFile(log, piece);
  await until(() => source.status().origins[0]?.size === 100_000_006);
  assert.deepEqual(recorder.lines, ['first']);
  assert.ok(process.memoryUsage().arrayBuffers - before < 30_000_000);
  assert.equal(source.status().origins[0]?.offset, 6);
  await appendFile(log, '\nlast\n');
  await until(() => recorder.lines.length === 3);
  assert.deepEqual(recorder.lines.slice(1), ['x'.repeat(16_384), 'last']);
  assert.equal(recorder.cut, 1);
});

test('after a restart the unfinished line is read from its start', async (t) => {
  const { log, recorder } = await setUp(t);
  await writeFile(log, `one\n${'y'.repeat(50_000)}`);
  const source = await follow(t, recorder, { globs: [log] });
  await source.stop();
  await appendFile(log, '\ntwo\n');
  await follow(t, recorder, { globs: [log] });
  assert.deepEqual(recorder.lines, ['one', 'y'.repeat(16_384), 'two']);
});

test('new files and new directories of a glob are picked up and read from their beginning', async (t) => {
  const { dir, recorder } = await setUp(t);
  await follow(t, recorder, { globs: [join(dir, '*', 'mail-*.log')], since: 1_000, rescan: 60_000 });
  await mkdir(join(dir, 'host'));
  await writeFile(join(dir, 'host', 'mail-1.log'), '1 old\nno time\n');
  await until(() => recorder.lines.length === 2);
  await writeFile(join(dir, 'host', 'mail-2.log'), '2 x\n');
  await until(() => recorder.lines.length === 3);
  await appendFile(join(dir, 'host', 'mail-1.log'), '3 y\n');
  await until(() => recorder.lines.length === 4);
  assert.deepEqual(recorder.lines, ['1 old', 'no time', '2 x', '3 y']);
});

test('what does not exist is warned of once and picked up when it appears, directories too', async (t) => {
  const { dir, recorder } = await setUp(t);
  const log = join(dir, 'not', 'yet', 'mail.log');
  const source = await follow(t, recorder, { globs: [log], rescan: 100 });
  await sleep(350);
  assert.equal(recorder.warnings.length, 1);
  assert.match(recorder.warnings[0] ?? '', /No file matches .*mail\.log/);
  assert.equal(source.status().state, 'waiting');
  assert.match(source.status().problem ?? '', /No file matches/);
  await mkdir(join(dir, 'not', 'yet'), { recursive: true });
  await writeFile(log, 'here\n');
  await until(() => recorder.lines.length === 1);
  assert.equal(source.status().state, 'reading');
  assert.equal(source.status().problem, null);
});

test('what cannot be read is warned of once, stops no other file, and is picked up', async (t) => {
  const { dir, log, recorder } = await setUp(t);
  const bad = join(dir, 'bad.log');
  await symlink(bad, bad);
  await writeFile(log, 'good\n');
  const source = await follow(t, recorder, { globs: [bad, log], rescan: 100 });
  assert.deepEqual(recorder.lines, ['good']);
  await sleep(350);
  assert.equal(recorder.warnings.length, 1);
  assert.match(recorder.warnings[0] ?? '', /Cannot read .*bad\.log \(ELOOP\)/);
  assert.match(source.status().problem ?? '', /bad\.log/);
  await rm(bad);
  await writeFile(bad, '5 now\n');
  await until(() => recorder.lines.includes('5 now'));
  assert.equal(source.status().problem, null);
});

test('a file and a directory without permission are picked up when it is given', { timeout: 20_000 }, async (t) => {
  const { dir, log, recorder } = await setUp(t);
  await chmod(dir, 0o755);
  await mkdir(join(dir, 'locked'));
  await writeFile(join(dir, 'locked', 'a.log'), '7 inside\n');
  await writeFile(log, '6 secret\n');
  await chmod(log, 0);
  await chmod(join(dir, 'locked'), 0);
  asNobody(true);
  try {
    const source = await follow(t, recorder, { globs: [log, join(dir, 'locked', '*.log')], rescan: 100 });
    assert.equal(source.status().state, 'failed');
    assert.equal(recorder.warnings.filter((text) => text.includes('EACCES')).length, 2);
    asNobody(false);
    await chmod(log, 0o644);
    await chmod(join(dir, 'locked'), 0o755);
    asNobody(true);
    await until(() => recorder.lines.length === 2);
    assert.deepEqual(recorder.lines.toSorted(), ['6 secret', '7 inside']);
    assert.equal(recorder.warnings.length, 2);
    await source.stop();
  } finally {
    asNobody(false);
  }
});

test('a file that a link leads to is followed, and so is where the link leads next', async (t) => {
  const { dir, recorder } = await setUp(t);
  const link = join(dir, 'logs', 'current.log');
  await mkdir(join(dir, 'logs'));
  await mkdir(join(dir, 'data'));
  await writeFile(join(dir, 'data', '1'), '1 a\n');
  await symlink(join(dir, 'data', '1'), link);
  await follow(t, recorder, { globs: [link] });
  await appendFile(join(dir, 'data', '1'), '2 b\n');
  await until(() => recorder.lines.length === 2);
  await writeFile(join(dir, 'data', '2'), '3 c\n');
  await symlink(join(dir, 'data', '2'), `${link}.new`);
  await rename(`${link}.new`, link);
  await until(() => recorder.lines.length === 3);
  await appendFile(join(dir, 'data', '2'), '4 d\n');
  await until(() => recorder.lines.length === 4);
  assert.deepEqual(recorder.lines, ['1 a', '2 b', '3 c', '4 d']);
});

test('stop closes every descriptor and ends delivery', async (t) => {
  const { dir, log, recorder } = await setUp(t);
  for (let i = 0; i < 5; i++) await writeFile(join(dir, `${i}.log`), `${i}\n`);
  const source = await follow(t, recorder, { globs: [join(dir, '*.log')] });
  await source.stop();
  assert.equal(source.status().state, 'stopped');
  const count = recorder.lines.length;
  await writeFile(log, 'late\n');
  await sleep(100);
  assert.equal(recorder.lines.length, count);
  const open = await readdir('/proc/self/fd');
  const links = await Promise.all(open.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  assert.deepEqual(
    links.filter((link) => link.startsWith(dir)),
    [],
  );
});

test('a position of a file that the source is no longer about is forgotten', async (t) => {
  const { dir, log, recorder } = await setUp(t);
  await writeFile(log, 'a\n');
  await (await follow(t, recorder, { globs: [log] })).stop();
  await follow(t, recorder, { globs: [join(dir, 'other.log')] });
  assert.equal(recorder.forgotten.length, 1);
  assert.equal(recorder.stored.size, 0);
});

for (const size of [20_000, 100_000, 1_048_576, 3_000_000]) {
  test(`a hole of ${size} bytes inside a file takes no line with it`, async (t) => {
    const { log, recorder } = await setUp(t);
    await writeFile(log, Buffer.concat([Buffer.from('1 a\n2 b\n'), Buffer.alloc(size), Buffer.from('3 c\n4 d\n')]));
    await follow(t, recorder, { globs: [log] });
    await appendFile(log, '5 e\n');
    await until(() => recorder.lines.includes('5 e'));
    assert.deepEqual(recorder.lines, ['1 a', '2 b', '3 c', '4 d', '5 e']);
    assert.equal(recorder.cut, 0);
  });
}
