/** A file system of a test: texts by path, or the error that reading one gives. */
import { basename, dirname } from 'node:path';
import type { Disk } from '../../src/config/files.ts';

export function diskOf(files: Readonly<Record<string, string | Error>>): Disk {
  const read = async (path: string): Promise<string> => {
    const text = files[path] ?? systemError('ENOENT');
    if (typeof text !== 'string') throw text;
    return text;
  };
  const list = async (folder: string): Promise<string[]> => {
    if (files[folder] instanceof Error) throw files[folder];
    const paths = Object.keys(files).filter((path) => dirname(path) === folder);
    if (paths.length === 0) throw systemError('ENOENT');
    // As a file system gives them: not in the order of their names.
    return paths.map((path) => basename(path)).reverse();
  };
  return { read, list };
}

export function systemError(code: string): Error {
  return Object.assign(new Error('it went wrong'), { code });
}
