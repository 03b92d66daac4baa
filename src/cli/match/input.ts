/** Opens what `tailban match` reads: a file or standard input, packed by gzip or not. */
import { createReadStream, fstatSync, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Millis } from '../../core/types.ts';
import type { Streams } from '../terminal.ts';

export interface Input {
  readonly blocks: AsyncIterable<Buffer>;
  /** When the last line was written, as far as is known; null for a pipe. */
  readonly modified: Millis | null;
}

const BLOCK = 1024 * 1024;

/** @param name `-` is standard input. @throws the system's error where the file cannot be read. */
export async function openInput(name: string, stdin: Streams['stdin']): Promise<Input> {
  if (name === '-') {
    const stats = statsOf(stdin.fd);
    refuseDirectory(name, stats);
    return { blocks: unpacked(buffers(stdin)), modified: modifiedOf(stats) };
  }
  const handle = await open(name);
  const stats = await handle.stat();
  if (stats.isDirectory()) await handle.close();
  refuseDirectory(name, stats);
  const stream = createReadStream(name, { fd: handle, highWaterMark: BLOCK });
  return { blocks: unpacked(buffers(stream)), modified: modifiedOf(stats) };
}

/** Node reads nothing at all from a directory that is standard input, and does not complain. */
function refuseDirectory(name: string, stats: Stats | null): void {
  if (stats?.isDirectory()) {
    throw Object.assign(new Error(`Cannot read ${name}, it is a directory`), { code: 'EISDIR' });
  }
}

/** A pipe has no time. */
function modifiedOf(stats: Stats | null): Millis | null {
  return stats?.isFile() ? stats.mtimeMs : null;
}

/** Packed data is known by its first two bytes (RFC 1952 section 2.3.1), whatever the file is called. */
async function* unpacked(blocks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  let start = Buffer.alloc(0);
  while (start.length < 2) {
    const next = await blocks.next();
    if (next.done) break;
    start = Buffer.concat([start, next.value]);
  }
  const whole = startingWith(start, blocks);
  if (start[0] !== 0x1f || start[1] !== 0x8b) {
    yield* whole;
    return;
  }
  const gunzip = createGunzip({ chunkSize: BLOCK });
  // An error of the file ends the stream below with that error.
  pipeline(Readable.from(whole), gunzip, () => {});
  yield* buffers(gunzip);
}

async function* startingWith(start: Buffer, blocks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  if (start.length > 0) yield start;
  yield* blocks;
}

async function* buffers(stream: NodeJS.ReadableStream): AsyncGenerator<Buffer> {
  for await (const block of stream) yield typeof block === 'string' ? Buffer.from(block) : block;
}

/** Standard input may be a file too. */
function statsOf(descriptor: number | undefined): Stats | null {
  if (descriptor === undefined) return null;
  try {
    return fstatSync(descriptor);
  } catch {
    return null;
  }
}
