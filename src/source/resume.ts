/**
 * Where reading goes on after a restart. Meanwhile logs may have been renamed, copied and emptied, several times: this
 * looks for the file of each stored position under every name in its directory, and for what came after it.
 */
import { basename, dirname } from 'node:path';
import { type Beside, type Look, steadily } from './beside.ts';
import { compareAge, hasOwnLines, isRelative, isRotation } from './copies.ts';
import { HEAD_BYTES, hasFingerprint } from './fingerprint.ts';
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
  /** What some of those wait for, by path: their files are there under other names and cannot be read. */
  readonly unreadable: ReadonlyMap<string, Error>;
  /** Those that are gone with something unread behind them, as far as is known; it may have been compressed. */
  readonly lost: readonly FilePosition[];
  readonly warnings: readonly string[];
}

/** Opens what has to be read; the files become the caller's. `followed` tells what is being read already. */
export function planResume(
  positions: readonly FilePosition[],
  followed: (key: string) => boolean,
): Promise<ResumePlan> {
  const isRelated = (path: string): boolean =>
    positions.some((one) => dirname(one.path) === dirname(path) && isRelative(basename(path), basename(one.path)));
  return steadily(
    positions.map(({ path }) => dirname(path)),
    isRelated,
    (look) => makePlan(positions, followed, look),
    ({ files }) => Promise.all(files.map(({ log }) => log.handle.close())),
  );
}

async function makePlan(
  positions: readonly FilePosition[],
  followed: (key: string) => boolean,
  look: Look,
): Promise<ResumePlan> {
  const closed = new Set([...look].filter(([, files]) => files === null).map(([directory]) => directory));
  const entries = entriesOf(look, followed);
  const claims = new Map<FilePosition, Entry>();
  const waiting: FilePosition[] = [];
  const unreadable = new Map<string, Error>();
  const lost: FilePosition[] = [];
  const warnings: string[] = [];
  const visible = positions.filter(({ path }) => !closed.has(dirname(path)));
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
    const own = unreadableOf(position, entries);
    if (own !== null) waiting.push(position);
    else if (position.offset > 0) lost.push(position);
    if (own?.problem && own.path !== position.path) unreadable.set(own.path, own.problem);
  }
  const judged = visible.filter((one) => !waiting.includes(one));
  for (const path of new Set(judged.map((one) => one.path))) {
    await claimSuccessors(
      path,
      judged.filter((one) => one.path === path),
      claims,
      entries,
    );
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
  waiting.push(...positions.filter(({ path }) => closed.has(dirname(path))));
  const kept = new Set(files.map(({ log }) => log.key));
  const gone = positions.filter((one) => !waiting.includes(one) && !kept.has(fileKey(one.device, one.inode)));
  return { files, gone, waiting, unreadable, lost, warnings };
}

/** One file of a directory, opened only when its content matters. */
interface Entry extends Beside {
  log: OpenLog | null;
  problem: Error | null;
  /** From where it is to be read; null as long as nobody claims it. */
  offset: number | null;
  of: string | null;
}

/** Each file once, however many names it has. */
function entriesOf(look: Look, followed: (key: string) => boolean): Entry[] {
  const entries = new Map<string, Entry>();
  for (const file of [...look.values()].flatMap((files) => files ?? [])) {
    if (!followed(file.key) && !entries.has(file.key))
      entries.set(file.key, { ...file, log: null, offset: null, of: null });
  }
  return [...entries.values()];
}

/** The file itself, under whatever name. */
async function sameFile(position: FilePosition, entries: readonly Entry[]): Promise<Entry | null> {
  const entry = entries.find(({ key }) => key === fileKey(position.device, position.inode));
  if (entry === undefined || entry.size < position.offset) return null;
  return (await begins(entry, position.fingerprint)) ? entry : null;
}

/** What may be the file itself, under its name or another, and cannot be looked into. */
function unreadableOf({ path, device, inode }: FilePosition, entries: readonly Entry[]): Entry | null {
  const key = fileKey(device, inode);
  const isOwn = (entry: Entry): boolean =>
    entry.path === path || (entry.key === key && isRelative(basename(entry.path), basename(path)));
  return entries.find((entry) => entry.problem !== null && isOwn(entry)) ?? null;
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

/**
 * Where the file of the log's own name is a new one: that from its beginning, and before it what was rotated since. What
 * a file held that was seen empty cannot be told by its content, nor what came after one that is gone: there those count
 * that were made after the log was last read.
 */
async function claimSuccessors(
  path: string,
  positions: readonly FilePosition[],
  claims: ReadonlyMap<FilePosition, Entry>,
  entries: readonly Entry[],
): Promise<void> {
  const log = basename(path);
  const current = entries.find((entry) => entry.path === path);
  const known = positions
    .flatMap((one) => (one.fingerprint.length === 0 ? [] : (claims.get(one) ?? [])))
    .sort((one, other) => compareAge(log, one, other));
  if (current !== undefined && known.includes(current)) return;
  const newest = known.at(-1);
  const lastRead = Math.max(...positions.map(({ modified }) => modified ?? Number.POSITIVE_INFINITY));
  for (const entry of entries) {
    if (entry.offset !== null || dirname(entry.path) !== dirname(path) || !isRotation(basename(entry.path), log))
      continue;
    const isLater = newest === undefined ? entry.born > lastRead : compareAge(log, newest, entry) < 0;
    if (!isLater || (newest === undefined && (await isAnyOf(entry, positions)))) continue;
    const file = await opened(entry);
    const own = current === undefined ? null : await opened(current);
    if (file !== null && (await hasOwnLines(file, own))) claim(entry, path, 0);
  }
  if (current !== undefined) claim(current, path, 0);
}

/** Whether it begins as one of the files did that have been read, even if it has changed behind that. */
async function isAnyOf(entry: Entry, positions: readonly FilePosition[]): Promise<boolean> {
  const begun = positions.filter(({ fingerprint }) => fingerprint.length > 0);
  for (const { fingerprint } of begun) if (await begins(entry, fingerprint)) return true;
  return false;
}

async function begins(entry: Entry, fingerprint: Fingerprint): Promise<boolean> {
  const log = await opened(entry);
  if (log === null) return false;
  return hasFingerprint(log.head, fingerprint);
}

/** Null where it cannot be opened, or another file has the name by now. */
async function opened(entry: Entry): Promise<OpenLog | null> {
  if (entry.problem !== null || entry.log !== null) return entry.log;
  try {
    const log = await openLog(entry.path);
    if (log.key === entry.key) entry.log = log;
    else await log.handle.close();
  } catch (error) {
    entry.problem = error instanceof Error ? error : new Error(String(error));
  }
  return entry.log;
}
