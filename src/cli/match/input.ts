/** Opens the logs that commands read: a file or standard input, packed or not. */
import { createReadStream, fstatSync, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Millis } from '../../core/types.ts';
import type { Streams } from '../terminal.ts';
import { unpacked } from './unpack.ts';

export interface Input {
  readonly blocks: AsyncIterable<Buffer>;
  /** When the last line was written, as far as is known; null for a pipe. */
  readonly modified: Millis | null;
  /** In bytes, as it lies on the disk; null for a pipe. */
  readonly size: number | null;
}

const BLOCK = 256 * 1024;
const DAY: Millis = 86_400_000;

/**
 * @param name `-` is standard input.
 * @param onRead is told how many bytes have been read, still packed.
 * @throws the system's error where the file cannot be read.
 */
export async function openInput(
  name: string,
  stdin: Streams['stdin'],
  onRead: (bytes: number) => void = () => {},
): Promise<Input> {
  if (name === '-') {
    const stats = statsOf(stdin.fd);
    refuseDirectory(name, stats);
    return { blocks: unpacked(buffers(stdin, onRead)), ...about(stats) };
  }
  const handle = await open(name);
  const stats = await handle.stat();
  if (stats.isDirectory()) await handle.close();
  refuseDirectory(name, stats);
  const stream = createReadStream(name, { fd: handle, highWaterMark: BLOCK });
  return { blocks: unpacked(buffers(stream, onRead)), ...about(stats) };
}

/** Decides the year of stamps that have none: that of an old file's last change, else now. */
export function referenceOf({ modified }: Pick<Input, 'modified'>, now: Millis): () => Millis {
  const reference = modified !== null && modified < now - DAY ? modified : now;
  return () => reference;
}

/** Node reads nothing at all from a directory that is standard input, and does not complain. */
function refuseDirectory(name: string, stats: Stats | null): void {
  if (stats?.isDirectory()) {
    throw Object.assign(new Error(`Cannot read ${name}, it is a directory`), { code: 'EISDIR' });
  }
}

/** A pipe has no time and no size. */
function about(stats: Stats | null): Pick<Input, 'modified' | 'size'> {
  return stats?.isFile() ? { modified: stats.mtimeMs, size: stats.size } : { modified: null, size: null };
}

async function* buffers(stream: NodeJS.ReadableStream, onRead: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const block of stream) {
    onRead(block.length);
    yield typeof block === 'string' ? Buffer.from(block) : block;
  }
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
