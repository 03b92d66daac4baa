/** File systems of a test's own, which fill up or break. Needs root. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Mounts a file system of some MiB in memory; to be taken away with `unmount`. */
export function mountMemory(folder: string, mebibytes: number): void {
  mkdirSync(folder, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=0700`, 'tailban-test', folder]);
}

/** Writes a file as large as there is room for; gives what makes room again. */
export function fillUp(folder: string): () => Promise<void> {
  const path = join(folder, 'ballast');
  const file = openSync(path, 'w');
  for (const piece of [65_536, 4_096]) {
    try {
      for (;;) writeSync(file, Buffer.alloc(piece, 'x'));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    }
  }
  closeSync(file);
  return () => rm(path);
}

/** A real file system in a file of its own, so that it can break while files in it are open. */
export interface BreakableDisk {
  mount(): void;
  /** As the kernel does after an error of the disk: nothing can be written any more, not even to what is open. */
  makeReadOnly(): void;
  unmount(): void;
}

export function breakableDisk(folder: string, image: string): BreakableDisk {
  mkdirSync(folder, { recursive: true });
  execFileSync('truncate', ['-s', '16M', image]);
  execFileSync('mkfs.ext4', ['-q', '-F', image]);
  return {
    mount: () => execFileSync('mount', ['-o', 'loop', image, folder]),
    makeReadOnly: () => execFileSync('mount', ['-o', 'remount,abort', folder]),
    unmount: () => unmount(folder),
  };
}

/** @param pid of whom it is to hold for too: what runs in a namespace of its own has mounts of its own. */
export function remount(folder: string, how: 'ro' | 'rw', pid?: number): void {
  execFileSync('mount', ['-o', `remount,${how}`, folder]);
  if (pid !== undefined) execFileSync('nsenter', ['-t', String(pid), '-m', 'mount', '-o', `remount,${how}`, folder]);
}

/** Lazily, for whoever has files open there may be about to end. */
export function unmount(folder: string): void {
  execFileSync('umount', ['--lazy', folder]);
}
