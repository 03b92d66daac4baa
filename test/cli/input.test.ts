import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { openInput } from '../../src/cli/match/input.ts';
import { MissingProgram } from '../../src/cli/match/unpack.ts';
import { unreadable } from '../../src/cli/unreadable.ts';
import { temporaryFolder } from '../api/serving.ts';

type Pack = (data: Buffer) => Buffer;

const PACKERS: Readonly<Record<string, Pack>> = {
  gz: (data) => gzipSync(data),
  zst: (data) => zstdCompressSync(data),
  xz: (data) => execFileSync('xz', ['-c'], { input: data }),
  bz2: (data) => execFileSync('bzip2', ['-c'], { input: data }),
};
/** More than a few blocks, and not too easy to pack. */
const LINES = Buffer.from(
  Array.from({ length: 40_000 }, (_, line) => `line ${line} ${(line * 7919) % 10_007}\n`).join(''),
);

async function read(name: string, input: Readable = Readable.from([])): Promise<Buffer> {
  const blocks: Buffer[] = [];
  for await (const block of (await openInput(name, input)).blocks) blocks.push(block);
  return Buffer.concat(blocks);
}

async function fileWith(t: TestContext, data: Buffer): Promise<string> {
  const path = join(await temporaryFolder(t), 'log');
  await writeFile(path, data);
  return path;
}

for (const [name, pack] of Object.entries(PACKERS)) {
  test(`${name} is unpacked whatever the file is called, in several parts too, and from a pipe`, async (t) => {
    const packed = Buffer.concat([pack(LINES), pack(Buffer.from('the end\n'))]);
    const expected = Buffer.concat([LINES, Buffer.from('the end\n')]);
    assert.ok((await read(await fileWith(t, packed))).equals(expected));
    const bytes = Array.from(packed.subarray(0, 20), (byte) => Buffer.from([byte]));
    assert.ok((await read('-', Readable.from([...bytes, packed.subarray(20)]))).equals(expected));
  });

  test(`of ${name} that ends too early what comes before is read`, async (t) => {
    const packed = pack(LINES);
    const path = await fileWith(t, packed.subarray(0, packed.length - 5));
    const input = await openInput(path, Readable.from([]));
    await assert.rejects(
      async () => {
        for await (const _ of input.blocks);
      },
      (error: unknown) => unreadable(error)?.reason === 'the packed data ends too early',
    );
  });

  test(`damaged ${name} is told from what ends too early`, async (t) => {
    const packed = pack(LINES);
    const middle = Math.floor(packed.length / 2);
    packed.fill(0x55, middle, middle + 64);
    await assert.rejects(
      read(await fileWith(t, packed)),
      (error: unknown) => unreadable(error)?.reason === 'the packed data is damaged',
    );
  });

  test(`reading ${name} may stop early and leaves nothing behind`, async (t) => {
    const { blocks } = await openInput(await fileWith(t, pack(LINES)), Readable.from([]));
    for await (const block of blocks) {
      assert.ok(block.length > 0);
      break;
    }
  });
}

test('what only begins a little like packed data is text', async (t) => {
  for (const text of ['', 'B', 'BZh', 'BZh9 is the name of a host\n', '\x1f', '(\xb5/', '\xfd7zX']) {
    const data = Buffer.from(text, 'latin1');
    assert.ok((await read(await fileWith(t, data))).equals(data), text);
  }
});

test('the bytes that are told of are those on the disk', async (t) => {
  const packed = gzipSync(LINES);
  const path = await fileWith(t, packed);
  let bytes = 0;
  const input = await openInput(path, Readable.from([]), (count) => {
    bytes += count;
  });
  for await (const _ of input.blocks);
  assert.deepEqual([bytes, input.size], [packed.length, packed.length]);
  assert.equal((await readFile(path)).length, bytes);
});

test('a program that is missing is named with its package', async (t) => {
  const path = await fileWith(t, PACKERS['xz']?.(LINES) ?? LINES);
  const { PATH } = process.env;
  process.env['PATH'] = '/nonexistent';
  try {
    await assert.rejects(read(path), (error: unknown) => {
      assert.ok(error instanceof MissingProgram);
      assert.deepEqual(unreadable(error), {
        reason: 'it is packed with xz, which is not installed (apt-get install xz-utils)',
        exitCode: 69,
      });
      return true;
    });
  } finally {
    process.env['PATH'] = PATH;
  }
});
