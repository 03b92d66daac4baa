/** A log file is recognised by its first bytes: names rotate and inodes are reused, what was written first stays. */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { Fingerprint } from './types.ts';

/** How many first bytes are looked at; two log lines are not alike that far, a time stands in each. */
export const HEAD_BYTES = 256;

/** The first bytes of a file, fewer where the file is shorter. */
export async function readHead(handle: FileHandle): Promise<Buffer> {
  const head = Buffer.alloc(HEAD_BYTES);
  const { bytesRead } = await handle.read(head, 0, HEAD_BYTES, 0);
  return head.subarray(0, bytesRead);
}

export function fingerprintOf(head: Buffer): Fingerprint {
  return { length: head.length, hash: createHash('sha1').update(head).digest('hex') };
}

/** Whether a file that begins with `head` is the one of the fingerprint. A file that has become shorter is not. */
export function hasFingerprint(head: Buffer, fingerprint: Fingerprint): boolean {
  return (
    head.length >= fingerprint.length && fingerprintOf(head.subarray(0, fingerprint.length)).hash === fingerprint.hash
  );
}

/** Whether two beginnings agree as far as both go. */
export function agree(one: Buffer, other: Buffer): boolean {
  const length = Math.min(one.length, other.length);
  return one.subarray(0, length).equals(other.subarray(0, length));
}
