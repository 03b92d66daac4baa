/**
 * Where reading goes on after a restart. Meanwhile logs may have been renamed, copied and emptied, several times: this
 * looks for the file of each stored position under every name in its directory, and for what came after it.
 */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Millis } from '../core/types.ts';
import { compareAge, isRelative, isRotation } from './copies.ts';
import { HEAD_BYTES, hasFingerprint } from './fingerprint.ts';
import { isCompressed, isMissing } from './glob.ts';
import { fileKey, isLineStart, type OpenLog, openLog } from './open-log.ts';
import type { FilePosition, Fingerprint } from './types.ts';

/** A file to be read from `offset` on. `of` is the name under which the log is followed. */
export interface Resumed {
  readonly log: OpenLog;
  readonly offset: number;
  readonly of: string;
}

export interface ResumePlan {
  /** In the order in which those of one log have to be read: the oldest first. */
  readonly files: readonly Resumed[];
  /** Positions of files that do not exist any more, or are kept under another key from now on. */
  readonly gone: readonly FilePosition[];
  /** Positions that cannot be judged yet, because their directory or file cannot be read. */
  readonly waiting: readonly FilePosition[];
  readonly warnings: readonly string[];
}

/** Opens what has to be read; the files become the caller's. `followed` tells what is being read already. */
export async function planResume(
  positions: readonly FilePosition[],
  followed: (key: string) => boolean,
): Promise<ResumePlan> {
  for (let attempt = 0; ; attempt++) {
    const entries: Entry[] = [];
    const plan = await makePlan(positions, followed, entries);
    if (attempt === MOST_ATTEMPTS || !entries.some(({ moved }) => moved)) return plan;
    await Promise.all(entries.map(({ log }) => log?.handle.close()));
  }
}

/** A rotation in the middle of looking is not followed by another and another. */
const MOST_ATTEMPTS = 5;

async function makePlan(
  positions: readonly FilePosition[],
  followed: (key: string) => boolean,
  entries: Entry[],
): Promise<ResumePlan> {
  const unreadable = new Set<string>();
  for (const directory of new Set(positions.map(({ path }) => dirname(path)))) {
    if (!(await look(directory, followed, entries))) unreadable.add(directory);
  }
  const claims = new Map<FilePosition, Entry>();
  const waiting: FilePosition[] = [];
  const warnings: string[] = [];
  const visible = positions.filter(({ path }) => !unreadable.has(dirname(path)));
  for (const how of [sameFile, copied, cutShort]) {
    for (const position of visible) {
      if (claims.has(position)) continue;
      const found = await how(position, entries);
      if (found === null) continue;
      claims.set(position, found);
      if (how === cutShort) warnings.push(`${position.path} has lost its end, reading goes on behind what is left`);
      claim(found, position.path, Math.min(position.offset, found.size));
    }
  }
  for (const position of visible) {
    if (claims.has(position)) continue;
    const own = entries.find(({ path }) => path === position.path);
    if (own !== undefined && own.problem !== null) waiting.push(position);
    else if (position.offset > 0) warnings.push(lost(position.path));
  }
  for (const path of new Set(visible.filter((one) => !waiting.includes(one)).map((one) => one.path))) {
    claimSuccessors(path, entries);
  }
  const files: Resumed[] = [];
  for (const entry of entries) {
    if (entry.offset === null || entry.of === null) {
      await entry.log?.handle.close();
      entry.log = null;
    } else {
      const log = await opened(entry);
      if (log !== null) files.push({ log, offset: entry.offset, of: entry.of });
    }
  }
  const own = ({ log, of }: Resumed) => (log.path === of ? 1 : 0);
  files.sort((one, other) => own(one) - own(other) || compareAge(basename(one.of), one.log, other.log));
  waiting.push(...positions.filter(({ path }) => unreadable.has(dirname(path))));
  const kept = new Set(files.map(({ log }) => log.key));
  const gone = positions.filter((one) => !waiting.includes(one) && !kept.has(fileKey(one.device, one.inode)));
  return { files, gone, waiting, warnings };
}

/** One file of a directory, opened only when its content matters. */
interface Entry {
  readonly path: string;
  readonly key: string;
  readonly size: number;
  readonly modified: Millis;
  log: OpenLog | null;
  problem: Error | null;
  /** Another file has the name by now. */
  moved: boolean;
  /** From where it is to be read; null as long as nobody claims it. */
  offset: number | null;
  of: string | null;
}

/** Answers whether the directory can be looked at. */
async function look(directory: string, followed: (key: string) => boolean, entries: Entry[]): Promise<boolean> {
  const names = await readdir(directory).catch(() => null);
  for (const name of names ?? []) {
    const path = join(directory, name);
    if (isCompressed(name)) continue;
    const blank = { path, log: null, problem: null, moved: false, offset: null, of: null };
    try {
      const stats = await stat(path);
      const key = fileKey(stats.dev, stats.ino);
      if (!stats.isFile() || followed(key) || entries.some((entry) => entry.key === key)) continue;
      entries.push({ ...blank, key, size: stats.size, modified: stats.mtimeMs });
    } catch (error) {
      if (error instanceof Error && !isMissing(error))
        entries.push({ ...blank, key: path, size: 0, modified: 0, problem: error });
    }
  }
  return names !== null;
}

/** The file itself, under whatever name. */
async function sameFile(position: FilePosition, entries: readonly Entry[]): Promise<Entry | null> {
  const entry = entries.find(({ key }) => key === fileKey(position.device, position.inode));
  if (entry === undefined || entry.size < position.offset) return null;
  return (await begins(entry, position.fingerprint)) ? entry : null;
}

/** A file with the same beginning: a copy from before it was emptied, or the file on a device of another number. */
async function copied(position: FilePosition, entries: readonly Entry[]): Promise<Entry | null> {
  const { path, fingerprint, offset } = position;
  if (fingerprint.length === 0) return null;
  const candidates = entries
    .filter((entry) => entry.size >= offset && isRelative(basename(entry.path), basename(path)))
    .filter((entry) => dirname(entry.path) === dirname(path))
    .sort((one, other) => Number(other.path === path) - Number(one.path === path) || other.size - one.size);
  for (const entry of candidates) {
    if (!(await begins(entry, fingerprint))) continue;
    if (entry.log !== null && (await isLineStart(entry.log.handle, offset))) return entry;
  }
  return null;
}

/** The file itself with its end missing, as a power failure leaves it. */
async function cutShort(position: FilePosition, entries: readonly Entry[]): Promise<Entry | null> {
  const entry = entries.find(({ key }) => key === fileKey(position.device, position.inode));
  if (entry === undefined || position.fingerprint.length < HEAD_BYTES) return null;
  return (await begins(entry, position.fingerprint)) ? entry : null;
}

/** Of two positions in the same content the later one counts. */
function claim(entry: Entry, of: string, offset: number): void {
  entry.of ??= of;
  entry.offset = Math.max(entry.offset ?? 0, offset);
}

/** Where the file of the log's own name is a new one: that from its beginning, and before it what was rotated since. */
function claimSuccessors(path: string, entries: readonly Entry[]): void {
  const current = entries.find((entry) => entry.path === path);
  if (current !== undefined && current.offset !== null) return;
  const log = basename(path);
  const newest = entries
    .filter((entry) => entry.of === path)
    .sort((one, other) => compareAge(log, one, other))
    .at(-1);
  for (const entry of newest === undefined ? [] : entries) {
    if (newest === undefined || entry.offset !== null || dirname(entry.path) !== dirname(path)) continue;
    if (isRotation(basename(entry.path), log) && compareAge(log, newest, entry) < 0) claim(entry, path, 0);
  }
  if (current !== undefined) claim(current, path, 0);
}

async function begins(entry: Entry, fingerprint: Fingerprint): Promise<boolean> {
  const log = await opened(entry);
  if (log === null) return false;
  return hasFingerprint(log.head, fingerprint);
}

async function opened(entry: Entry): Promise<OpenLog | null> {
  if (entry.problem !== null || entry.moved || entry.log !== null) return entry.log;
  try {
    const log = await openLog(entry.path);
    entry.moved = log.key !== entry.key;
    if (entry.moved) await log.handle.close();
    else entry.log = log;
  } catch (error) {
    entry.moved = isMissing(error);
    entry.problem = error instanceof Error ? error : new Error(String(error));
  }
  return entry.log;
}

function lost(path: string): string {
  return `What was still unread of ${path} is gone, it was rotated or emptied and is not beside it any more`;
}
