/**
 * A tree of files as a package shall hold it: owner and time are the same whoever builds it and when, modes are said here,
 * so that the same input makes the same bytes.
 */
import { chmodSync, copyFileSync, lutimesSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export type Entry = { readonly path: string; readonly mode?: number } & (
  | { readonly text: string | Uint8Array }
  | { readonly copyOf: string }
  | { readonly linkTo: string }
  | { readonly folder: true }
);

const FILE = 0o644;
export const EXECUTABLE = 0o755;
const FOLDER = 0o755;

/** Copies of all files below a folder of the build host, under another folder of the tree. */
export function copiesOf(folder: string, under: string): Entry[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort()
    .map((file) => ({ path: join(under, file.slice(folder.length)), copyOf: file }));
}

/** Writes the tree below a folder. @param seconds the time of all files, since the epoch */
export function writeTree(root: string, entries: readonly Entry[], seconds: number): void {
  mkdirSync(root, { recursive: true });
  for (const entry of entries) writeOne(join(root, entry.path), entry);
  // Children first: a folder's time changes with what is put into it.
  const made = readdirSync(root, { recursive: true, encoding: 'utf8' }).sort((a, b) => b.length - a.length);
  for (const path of made) lutimesSync(join(root, path), seconds, seconds);
  chmodSync(root, FOLDER);
  lutimesSync(root, seconds, seconds);
}

function writeOne(path: string, entry: Entry): void {
  makeFolders('folder' in entry ? path : dirname(path));
  if ('linkTo' in entry) {
    symlinkSync(entry.linkTo, path);
    return;
  }
  if ('text' in entry) writeFileSync(path, entry.text);
  if ('copyOf' in entry) copyFileSync(entry.copyOf, path);
  chmodSync(path, entry.mode ?? ('folder' in entry ? FOLDER : FILE));
}

/** The builder's umask shall not show in the package. */
function makeFolders(path: string): void {
  const first = mkdirSync(path, { recursive: true });
  if (first === undefined) return;
  for (let folder = path; folder.length >= first.length; folder = dirname(folder)) chmodSync(folder, FOLDER);
}
