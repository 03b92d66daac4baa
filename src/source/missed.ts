/** Finds what was rotated twice before anybody looked: a log that came and went under its name without being seen. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Millis } from '../core/types.ts';
import { compareAge, isRotation } from './copies.ts';
import { isCompressed } from './glob.ts';
import { fileKey, type OpenLog, openLog } from './open-log.ts';

/**
 * Opens the rotated files beside a log that nobody follows and that are newer than the newest of the known ones, the
 * oldest first. None where no known file lies there: then there is nothing to tell new from old by.
 */
export async function openMissed(
  path: string,
  known: ReadonlySet<string>,
  followed: (key: string) => boolean,
): Promise<readonly OpenLog[]> {
  const log = basename(path);
  const files = await filesBeside(path);
  const newest = files
    .filter(({ key }) => known.has(key))
    .sort((one, other) => compareAge(log, one, other))
    .at(-1);
  if (newest === undefined) return [];
  const missed = files
    .filter((file) => !followed(file.key) && isRotation(basename(file.path), log) && compareAge(log, newest, file) < 0)
    .sort((one, other) => compareAge(log, one, other));
  const opened: OpenLog[] = [];
  for (const file of missed) {
    const found = await openLog(file.path).catch(() => null);
    if (found === null) continue;
    if (followed(found.key) || found.key !== file.key) await found.handle.close();
    else opened.push(found);
  }
  return opened;
}

interface Beside {
  readonly path: string;
  readonly key: string;
  readonly modified: Millis;
}

async function filesBeside(log: string): Promise<Beside[]> {
  const files: Beside[] = [];
  for (const name of await readdir(dirname(log)).catch(() => [])) {
    const path = join(dirname(log), name);
    const stats = path === log || isCompressed(name) ? null : await stat(path).catch(() => null);
    if (stats?.isFile()) files.push({ path, key: fileKey(stats.dev, stats.ino), modified: stats.mtimeMs });
  }
  return files;
}
