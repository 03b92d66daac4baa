/** Logs that are copied and emptied several times, with shifting names, while nobody reads or just as somebody looks. */
import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync, readFileSync, truncateSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { findCopy } from '../../src/source/copies.ts';
import { openMissed } from '../../src/source/missed.ts';
import { planResume } from '../../src/source/resume.ts';
import type { FilePosition } from '../../src/source/types.ts';
import { NumberedLog } from './numbered-log.ts';
import { directory, follow, numbers, Recorder, until, upTo } from './recorder.ts';

async function stopped(t: TestContext, lines: number, name = 'mail.log') {
  const log = new NumberedLog(join(await directory(t), name));
  const recorder = new Recorder();
  const again = () => follow(t, recorder, { globs: [log.path] });
  log.write(lines);
  await (await again()).stop();
  assert.equal(recorder.lines.length, lines);
  return { log, recorder, again };
}

function linesOf(text: string): number[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => Number(line.split(' ')[0]));
}

function filePositions(recorder: Recorder): FilePosition[] {
  return recorder.positions().filter((position) => position.type === 'file');
}

/** Reads by a plan what is to be read, as the source does: whole files from an offset on. */
async function readByPlan(positions: readonly FilePosition[], followed: () => boolean): Promise<number[]> {
  const { files, warnings } = await planResume(positions, followed);
  const lines: number[] = [];
  for (const { log, offset } of files) {
    const text = (await log.handle.readFile({ encoding: 'utf8' })).slice(offset);
    await log.handle.close();
    lines.push(...linesOf(text));
  }
  assert.deepEqual(warnings, []);
  return lines;
}

for (const rotations of [1, 2, 3]) {
  for (const known of [1, 40]) {
    test(`copied and emptied ${rotations} times while stopped behind ${known} lines`, async (t) => {
      const { log, recorder, again } = await stopped(t, known);
      for (let n = 0; n < rotations; n++) {
        log.write(7);
        log.copyAndEmpty();
      }
      await (await again()).stop();
      log.write(2);
      await again();
      assert.deepEqual(numbers(recorder), upTo(log.written));
      assert.deepEqual(recorder.warnings, []);
    });

    test(`copied and emptied ${rotations} times just while the files are looked at, behind ${known} lines`, async (t) => {
      const { log, recorder } = await stopped(t, known);
      const positions = filePositions(recorder);
      log.write(7);
      let left = rotations;
      // Asked for each file that is looked at: here the names shift in the middle of the looking.
      const rotate = (): boolean => {
        if (left-- > 0) {
          log.copyAndEmpty();
          log.write(3);
        }
        return false;
      };
      assert.deepEqual(await readByPlan(positions, rotate), upTo(log.written).slice(known));
    });
  }

  test(`the copy of an emptied log is found though names shift ${rotations} times meanwhile, and what came after`, async (t) => {
    const log = new NumberedLog(join(await directory(t), 'mail.log'));
    log.write(5);
    const head = readFileSync(log.path);
    log.copyAndEmpty();
    log.write(5);
    let left = rotations;
    const rotate = (): boolean => {
      if (left-- <= 0) return false;
      log.copyAndEmpty();
      log.write(3);
      return false;
    };
    const past = { head, offset: head.length, modified: 0, copy: null };
    const copy = await findCopy(log.path, past, rotate);
    assert.ok(copy !== null);
    assert.deepEqual(await copy.handle.readFile(), head);
    left = rotations;
    const later = await openMissed(log.path, { known: new Set([copy.key]) }, rotate);
    const texts = await Promise.all(later.map(({ handle }) => handle.readFile({ encoding: 'utf8' })));
    assert.deepEqual(linesOf(texts.join('')), upTo(log.written - 3).slice(5));
    await Promise.all([copy, ...later].map(({ handle }) => handle.close()));
  });

  test(`copied and emptied ${rotations} times since it was seen empty`, async (t) => {
    const { log, recorder, again } = await stopped(t, 40);
    log.copyAndEmpty();
    await (await again()).stop();
    for (let n = 0; n < rotations; n++) {
      log.write(7);
      log.copyAndEmpty();
    }
    log.write(2);
    await (await again()).stop();
    await again();
    assert.deepEqual(numbers(recorder), upTo(log.written));
  });

  test(`copied and emptied ${rotations} times since a first start found it empty`, async (t) => {
    const { log, recorder, again } = await stopped(t, 0);
    for (let n = 0; n < rotations; n++) {
      log.write(7);
      log.copyAndEmpty();
    }
    log.write(2);
    await again();
    assert.deepEqual(numbers(recorder), upTo(log.written));
  });

  test(`rotated ${rotations} times while stopped, and the file that was being read is gone`, async (t) => {
    const { log, recorder, again } = await stopped(t, 40);
    for (let n = 0; n < rotations; n++) {
      log.rename();
      log.write(7);
    }
    await rm(`${log.path}.${rotations}`);
    await again();
    assert.deepEqual(numbers(recorder), upTo(log.written));
    assert.match(recorder.warnings[0] ?? '', /is gone/);
  });
}

test('without a stored position reading begins in the log itself, however often it was copied before', async (t) => {
  const log = new NumberedLog(join(await directory(t), 'mail.log'));
  for (let n = 0; n < 3; n++) {
    log.write(7);
    log.copyAndEmpty();
  }
  log.write(2);
  const recorder = new Recorder();
  const source = await follow(t, recorder, { globs: [log.path] });
  assert.deepEqual(numbers(recorder), [21, 22]);
  log.write(1);
  log.copyAndEmpty();
  log.write(1);
  await until(() => recorder.lines.length === 4);
  assert.deepEqual(numbers(recorder), [21, 22, 23, 24]);
  await source.stop();
});

test('a rotated file that was read and forgotten is not read again when its successor is empty', async (t) => {
  const { log, recorder } = await stopped(t, 40);
  const options = { globs: [log.path], rescan: 20, quiet: 40 };
  const source = await follow(t, recorder, options);
  log.rename();
  // A daemon that nobody told writes on where it wrote.
  appendFileSync(`${log.path}.1`, '40 late\n');
  await until(() => recorder.forgotten.length === 1);
  assert.equal(recorder.lines.length, 41);
  await source.stop();
  await (await follow(t, recorder, options)).stop();
  log.written++;
  log.write(2);
  await follow(t, recorder, options);
  assert.deepEqual(numbers(recorder), upTo(43));
});

test('a copy that is still being made is not read besides its original', async (t) => {
  const { log, recorder, again } = await stopped(t, 40);
  log.copyAndEmpty();
  log.write(30);
  log.shift();
  copyFileSync(log.path, `${log.path}.1`);
  await again();
  assert.deepEqual(numbers(recorder), upTo(70));
  truncateSync(log.path);
  log.write(5);
  await until(() => recorder.lines.length >= 75);
  assert.deepEqual(numbers(recorder), upTo(75));
});
