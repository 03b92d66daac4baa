/**
 * What lies in the directories of logs. Names shift while they are read one by one, so a file may be overlooked that was
 * there all the time: whoever decides by what is there does it again where a second look finds something else.
 */
import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Millis } from '../core/types.ts';
import { isCompressed, isMissing } from './glob.ts';
import { fileKey } from './open-log.ts';

/** A file as one look found it. */
export interface Beside {
  readonly path: string;
  readonly key: string;
  readonly size: number;
  readonly modified: Millis;
  /** When the file was made, by the file system; 0 where that does not know. A file that was renamed keeps it. */
  readonly born: Millis;
  /** Why it cannot be looked at; its key is its path then. */
  readonly problem: Error | null;
}

/** The files of each directory, without compressed ones; null where it cannot be read. */
export type Look = ReadonlyMap<string, readonly Beside[] | null>;

/** A rotation in the middle of looking is not followed by another and another. */
const MOST_ATTEMPTS = 5;

/**
 * Works with what is in the directories, once more whenever it has changed meanwhile.
 * @param isRelated which paths matter; others come and go without harm.
 * @param drop takes back what was worked for nothing.
 */
export async function steadily<T>(
  directories: Iterable<string>,
  isRelated: (path: string) => boolean,
  work: (look: Look) => Promise<T>,
  drop: (result: T) => Promise<unknown>,
): Promise<T> {
  const names = [...new Set(directories)];
  let before = await lookInto(names);
  for (let attempt = 1; ; attempt++) {
    const result = await work(before);
    const after = await lookInto(names);
    if (attempt === MOST_ATTEMPTS || isUnchanged(before, after, isRelated)) return result;
    await drop(result);
    before = after;
  }
}

async function lookInto(directories: readonly string[]): Promise<Look> {
  const look = new Map<string, readonly Beside[] | null>();
  for (const directory of directories) {
    const names = await readdir(directory).catch(() => null);
    const files: Beside[] = [];
    for (const name of names ?? []) {
      const file = isCompressed(name) ? null : await fileAt(join(directory, name));
      if (file !== null) files.push(file);
    }
    look.set(directory, names === null ? null : files);
  }
  return look;
}

async function fileAt(path: string): Promise<Beside | null> {
  try {
    const stats = await stat(path);
    if (!stats.isFile()) return null;
    const { dev, ino, size, mtimeMs: modified, birthtimeMs: born } = stats;
    return { path, key: fileKey(dev, ino), size, modified, born, problem: null };
  } catch (error) {
    if (!(error instanceof Error) || isMissing(error)) return null;
    return { path, key: path, size: 0, modified: 0, born: 0, problem: error };
  }
}

/** Whether every name leads to the same file, and none has been emptied. */
function isUnchanged(before: Look, after: Look, isRelated: (path: string) => boolean): boolean {
  const files = [before, after].map((look) =>
    [...look.values()].flatMap((found) => found ?? []).filter(({ path }) => isRelated(path)),
  );
  const [old = [], now = []] = files;
  const byPath = new Map(old.map((file) => [file.path, file]));
  return (
    old.length === now.length &&
    now.every(({ path, key, size }) => {
      const known = byPath.get(path);
      return known !== undefined && known.key === key && known.size <= size;
    })
  );
}

/** The files that one look found beside a log. */
export function filesBeside(look: Look, log: string): readonly Beside[] {
  return (look.get(dirname(log)) ?? []).filter(({ path, problem }) => path !== log && problem === null);
}
