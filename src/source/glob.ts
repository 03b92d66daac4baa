/**
 * Which files a source follows: absolute globs (`*`, `?`, `[a-z]`, `{a,b}`) turned into a test for paths and a listing
 * of the disk. A wildcard matches inside one path component, and never a leading dot. Compressed files never match.
 */
import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { isAbsolute, join, matchesGlob } from 'node:path';
import { fileKey } from './open-log.ts';

export interface GlobSet {
  /** The directories that have to be watched; they need not exist. */
  readonly roots: readonly string[];
  /** Whether a file of this path is to be followed. */
  matches(path: string): boolean;
  /** Whether files to be followed may lie anywhere below this directory. */
  mayContain(directory: string): boolean;
  list(): Promise<Listing>;
}

export interface Listing {
  /** The key (device and inode) of each matching regular file, by path in sorted order. */
  readonly files: ReadonlyMap<string, string>;
  /** Globs that match no file at all. */
  readonly empty: readonly string[];
  /** Files and directories that are there and cannot be looked at, and what a glob names and is no file; with the error. */
  readonly problems: ReadonlyMap<string, Error>;
}

const COMPRESSED = /\.(?:gz|xz|zst|bz2)$/i;
const MAGIC = /[*?[\]{}()!+@\\]/;
const REMEMBERED = 4096;

/** @throws RangeError where a glob is no absolute path. */
export function compileGlobs(globs: readonly string[]): GlobSet {
  const patterns = globs.flatMap((glob) => {
    if (!isAbsolute(glob))
      throw new RangeError(`Cannot follow "${glob}", expected an absolute path such as /var/log/x`);
    return expandBraces(glob).map((text) => ({ glob, parts: split(text) }));
  });
  const known = new Map<string, boolean>();
  return {
    roots: [...new Set(patterns.map(({ parts }) => rootOf(parts)))],
    // Asked for every event in a watched directory, mostly about the same few names.
    matches(path) {
      const before = known.get(path);
      if (before !== undefined) return before;
      const parts = split(path);
      const answer =
        !isCompressed(path) && patterns.some((one) => one.parts.length === parts.length && fits(parts, one.parts));
      if (known.size >= REMEMBERED) known.clear();
      known.set(path, answer);
      return answer;
    },
    mayContain(directory) {
      const parts = split(directory);
      return patterns.some((one) => parts.length < one.parts.length && fits(parts, one.parts));
    },
    list: () => list(patterns),
  };
}

/** Rotated logs that a compressor has been at; their bytes are no lines. */
export function isCompressed(path: string): boolean {
  return COMPRESSED.test(path);
}

/** Path and key. */
type Found = readonly [string, string];

interface Pattern {
  readonly glob: string;
  readonly parts: readonly string[];
}

async function list(patterns: readonly Pattern[]): Promise<Listing> {
  const problems = new Map<string, Error>();
  const files = new Map<string, string>();
  const matched = new Set<string>();
  for (const { glob, parts } of patterns) {
    for (const [path, key] of await expand('/', parts, problems)) {
      files.set(path, key);
      matched.add(glob);
    }
  }
  const empty = new Set(patterns.map(({ glob }) => glob).filter((glob) => !matched.has(glob)));
  const sorted = [...files].sort(([one], [other]) => (one < other ? -1 : 1));
  return { files: new Map(sorted), empty: [...empty], problems };
}

/** Literal components are stepped through without listing: a directory may be passable and not readable. */
async function expand(base: string, parts: readonly string[], problems: Map<string, Error>): Promise<Found[]> {
  const [part, ...rest] = parts;
  if (part === undefined) return isCompressed(base) ? [] : fileAt(base, problems, false);
  if (!MAGIC.test(part)) {
    const path = join(base, part);
    return rest.length > 0 || isCompressed(path) ? expand(path, rest, problems) : fileAt(path, problems, true);
  }
  let entries: { name: string; isFile(): boolean; isDirectory(): boolean }[];
  try {
    entries = await readdir(base, { withFileTypes: true });
  } catch (error) {
    if (error instanceof Error && !isMissing(error)) problems.set(base, error);
    return [];
  }
  const found: Found[] = [];
  for (const entry of entries) {
    // A link may lead to either, so only what is known to be the wrong kind is left out here.
    if (rest.length > 0 ? entry.isFile() : entry.isDirectory()) continue;
    if (matchesGlob(entry.name, part)) found.push(...(await expand(join(base, entry.name), rest, problems)));
  }
  return found;
}

/** @param isNamed whether the glob has this very name, so that it has to be a file. */
async function fileAt(path: string, problems: Map<string, Error>, isNamed: boolean): Promise<Found[]> {
  try {
    const stats = await stat(path);
    if (stats.isFile()) return [[path, fileKey(stats.dev, stats.ino)]];
    if (isNamed) problems.set(path, new Error(`it is ${kindOf(stats)}`));
    return [];
  } catch (error) {
    if (error instanceof Error && !isMissing(error)) problems.set(path, error);
    return [];
  }
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a directory';
  if (stats.isFIFO()) return 'a FIFO';
  return stats.isSocket() ? 'a socket' : 'a device';
}

/** Whether an error says that there is nothing of that name. */
export function isMissing(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** The code of a system error such as `EACCES`; null for every other error. */
export function errorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

function rootOf(parts: readonly string[]): string {
  const magic = parts.findIndex((part) => MAGIC.test(part));
  return `/${parts.slice(0, magic).join('/')}`;
}

function split(path: string): string[] {
  return path.split('/').filter((part) => part !== '');
}

function fits(names: readonly string[], parts: readonly string[]): boolean {
  return names.every((name, index) => {
    const part = parts[index] ?? '';
    return MAGIC.test(part) ? matchesGlob(name, part) : name === part;
  });
}

/** `{a,b}` may hold slashes, so alternatives are written out before the path is split. */
function expandBraces(glob: string): string[] {
  const open = glob.indexOf('{');
  if (open < 0) return [glob];
  let depth = 0;
  let from = open + 1;
  const alternatives: string[] = [];
  for (let at = open; at < glob.length; at++) {
    const char = glob[at];
    if (char === '{') depth++;
    else if (char === '}') depth--;
    if (depth === 0 || (depth === 1 && char === ',')) {
      alternatives.push(glob.slice(from, at));
      from = at + 1;
    }
    if (depth === 0) {
      if (alternatives.length < 2) return [glob];
      const rest = glob.slice(at + 1);
      return alternatives.flatMap((one) => expandBraces(glob.slice(0, open) + one + rest));
    }
  }
  return [glob];
}
