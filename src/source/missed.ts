/** Finds what was rotated twice before anybody looked: a log that came and went under its name without being seen. */
import { basename, dirname } from 'node:path';
import type { Millis } from '../core/types.ts';
import { type Beside, filesBeside, steadily } from './beside.ts';
import { compareAge, hasOwnLines, isRelative, isRotation } from './copies.ts';
import { type OpenLog, openLog } from './open-log.ts';

/** What tells new from old: files of which it is known that they have been read, or a time when the log was seen empty. */
export type Seen = { readonly known: ReadonlySet<string> } | { readonly emptyAt: Millis };

/**
 * Opens the rotated files beside a log that nobody follows and that are newer than what has been seen, the oldest first.
 * None where no known file lies there: then there is nothing to tell new from old by.
 */
export async function openMissed(
  path: string,
  seen: Seen,
  followed: (key: string) => boolean,
): Promise<readonly OpenLog[]> {
  const log = basename(path);
  return steadily(
    [dirname(path)],
    (one) => isRelative(basename(one), log),
    async (look) => {
      const files = filesBeside(look, path);
      const isNew = newerThan(seen, files, log);
      const missed = files
        .filter((file) => !followed(file.key) && isRotation(basename(file.path), log) && isNew(file))
        .sort((one, other) => compareAge(log, one, other));
      return missed.length === 0 ? [] : openOwn(path, missed, followed);
    },
    closeAll,
  );
}

function newerThan(seen: Seen, files: readonly Beside[], log: string): (file: Beside) => boolean {
  if ('emptyAt' in seen) return ({ born }) => born > seen.emptyAt;
  const newest = files
    .filter(({ key }) => seen.known.has(key))
    .sort((one, other) => compareAge(log, one, other))
    .at(-1);
  return newest === undefined ? () => false : (file) => compareAge(log, newest, file) < 0;
}

/** Those that hold something that the log itself does not. */
async function openOwn(
  path: string,
  files: readonly Beside[],
  followed: (key: string) => boolean,
): Promise<readonly OpenLog[]> {
  const current = await openLog(path).catch(() => null);
  const opened: OpenLog[] = [];
  for (const file of files) {
    const found = await openLog(file.path).catch(() => null);
    if (found === null) continue;
    if (!followed(found.key) && (await hasOwnLines(found, current).catch(() => false))) opened.push(found);
    else await found.handle.close();
  }
  await current?.handle.close();
  return opened;
}

function closeAll(logs: readonly OpenLog[]): Promise<unknown> {
  return Promise.all(logs.map(({ handle }) => handle.close()));
}
