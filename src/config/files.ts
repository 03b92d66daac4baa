/**
 * The files of a configuration: the main one and its drop-ins, `tailban.d/*.toml` beside `tailban.toml`, in the order of
 * their names. Finds and reads them; what stands in them is for `documents.ts`.
 */
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ConfigError, ConfigErrors, messageOf } from '../errors.ts';

export interface ConfigFile {
  /** For errors. */
  readonly path: string;
  readonly text: string;
}

/** As much of the file system as is needed here. */
export interface Disk {
  read(path: string): Promise<string>;
  /** The names of what is in a folder, in any order. */
  list(folder: string): Promise<readonly string[]>;
}

export const DISK: Disk = {
  read: (path) => readFile(path, 'utf8'),
  list: (folder) => readdir(folder),
};

/** Where the drop-ins of a configuration are: `/etc/tailban/tailban.d` for `/etc/tailban/tailban.toml`. */
export function dropInFolder(path: string): string {
  return join(dirname(path), `${basename(path, '.toml')}.d`);
}

/** Whether a file of that name is a drop-in. What an editor or a package manager leaves behind ends in something else. */
export function isDropIn(name: string): boolean {
  return name.endsWith('.toml') && !name.startsWith('.');
}

/**
 * Reads the main file and then its drop-ins; without the main one the drop-ins alone, if there are any.
 * @throws ConfigErrors with line 0 for every file that cannot be read.
 */
export async function readConfigFiles(path: string, disk: Disk): Promise<readonly ConfigFile[]> {
  const folder = dropInFolder(path);
  const names = await listFolder(folder, disk);
  const dropIns = names
    .filter(isDropIn)
    .sort()
    .map((name) => join(folder, name));
  const results = await Promise.allSettled([path, ...dropIns].map((file) => disk.read(file)));
  const files: ConfigFile[] = [];
  const errors: ConfigError[] = [];
  for (const [index, result] of results.entries()) {
    const file = [path, ...dropIns][index] ?? path;
    if (result.status === 'fulfilled') files.push({ path: file, text: result.value });
    else if (index > 0 || dropIns.length === 0 || codeOf(result.reason) !== 'ENOENT')
      errors.push(unreadable(file, result.reason, index > 0));
  }
  if (errors.length > 0) throw new ConfigErrors(errors, { cause: errors[0]?.cause });
  return files;
}

async function listFolder(folder: string, disk: Disk): Promise<readonly string[]> {
  try {
    return await disk.list(folder);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    const problem = unreadable(folder, error, true);
    throw new ConfigErrors([problem], { cause: error });
  }
}

function unreadable(path: string, error: unknown, isDropIn: boolean): ConfigError {
  const reasons: Readonly<Record<string, readonly [string, string]>> = {
    ENOENT: isDropIn
      ? ['it is a link that leads to nothing', 'Remove it']
      : ['there is no such file', 'Without a configuration file the defaults hold'],
    EACCES: ['this user may not read it', 'Run as root, or as a user who may'],
    EISDIR: ['it is a directory', isDropIn ? 'Give it a name that does not end in .toml' : 'Name the file'],
    ENOTDIR: ['it is no directory', 'Drop-ins are files in a directory of that name'],
  };
  const [reason, hint] = reasons[codeOf(error)] ?? [messageOf(error), ''];
  const place = { file: path, line: 0, column: 0 };
  return new ConfigError(`Cannot read the configuration: ${reason}`, place, hint, { cause: error });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
