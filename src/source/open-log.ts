/** An open log file and what identifies it. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Millis } from '../core/types.ts';
import { readHead } from './fingerprint.ts';

export interface OpenLog {
  readonly handle: FileHandle;
  /** The name that it was opened by. */
  readonly path: string;
  /** Device and inode as one text. */
  readonly key: string;
  readonly device: number;
  readonly inode: number;
  /** Size and time of the last change when it was opened. */
  readonly size: number;
  readonly modified: Millis;
  /** Its first bytes at that time. */
  readonly head: Buffer;
}

/**
 * Opens a regular file for reading. Does not block on a pipe that somebody put in its place.
 * @throws the system's error; EINVAL where the path is no regular file.
 */
export async function openLog(path: string): Promise<OpenLog> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw Object.assign(new Error(`${path} is no regular file`), { code: 'EINVAL' });
    return {
      handle,
      path,
      key: fileKey(stats.dev, stats.ino),
      device: stats.dev,
      inode: stats.ino,
      size: stats.size,
      modified: stats.mtimeMs,
      head: await readHead(handle),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

export function fileKey(device: number, inode: number): string {
  return `${device}:${inode}`;
}

/** Reads up to `length` bytes at `from`; fewer only at the end of the file. */
export async function readAt(handle: FileHandle, from: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  const { bytesRead } = await handle.read(buffer, 0, length, from);
  return buffer.subarray(0, bytesRead);
}

/** Whether a line begins at this byte: it is the first, or a newline is before it. */
export async function isLineStart(handle: FileHandle, offset: number): Promise<boolean> {
  return offset === 0 || (await readAt(handle, offset - 1, 1))[0] === 10;
}
