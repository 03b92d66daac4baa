/**
 * Tells a copy of a log from a log of its own. Rotation by "copytruncate" copies the file and empties it, so the copy
 * holds lines that have been delivered already, and perhaps some at its end that have not.
 */
import { basename, dirname, extname } from 'node:path';
import type { Millis } from '../core/types.ts';
import { filesBeside, steadily } from './beside.ts';
import { agree, readHead } from './fingerprint.ts';
import { isLineStart, type OpenLog, openLog, readAt } from './open-log.ts';
import type { Past, Tailer } from './tailer.ts';

/** So many bytes before a common end are compared: beginnings alone may agree by a common header. */
const COMPARED = 4096;

/**
 * Where a new file is to be read from: at its own offset where it is no copy, at the offset that the emptied original
 * had where it is one. Null while the original is whole and will be read itself, or too little can be seen.
 */
export async function originOf(file: Tailer, others: readonly Tailer[]): Promise<number | null> {
  for (const other of others) {
    if (other === file || other.mayBeCopy || other.head.length === 0 || !agree(file.head, other.head)) continue;
    const original = await other.log.handle.stat();
    // What was renamed away is not copied to its own old name.
    if (other.wasAt(file.path) && original.nlink > 0) continue;
    if (original.size < other.offset) return null;
    if (!(await sameBefore(file.log, other.log, Math.min(file.size, original.size)))) {
      // Emptied and written again, which its own reader has not seen yet: that will tell how far it had been read.
      if (!agree(await readHead(other.log.handle), other.head)) return null;
      continue;
    }
    const replaced = file.size > original.size || other.strayedAt !== null;
    return replaced && other.size === original.size ? other.offset : null;
  }
  for (const { past } of others) {
    if (past === null || past.head.length === 0 || !agree(file.head, past.head)) continue;
    if (past.copy !== null || file.head.length < past.head.length) return null;
    if (file.size < past.offset) return file.size;
    if (!(await isLineStart(file.log.handle, past.offset))) continue;
    if (past.copy !== null) return null;
    past.copy = file;
    return past.offset;
  }
  return file.offset;
}

/** Opens the longest copy that was made of a file before it was emptied, if it lies beside it. */
export async function findCopy(path: string, past: Past, followed: (key: string) => boolean): Promise<OpenLog | null> {
  const isCandidate = (one: string): boolean => isRelative(basename(one), basename(path));
  return steadily(
    [dirname(path)],
    isCandidate,
    async (look) => {
      let best: OpenLog | null = null;
      for (const file of filesBeside(look, path).filter((one) => isCandidate(one.path))) {
        const log = await openLog(file.path).catch(() => null);
        if (log === null) continue;
        const fits = !followed(log.key) && log.size > (best?.size ?? past.offset - 1);
        const better = fits && (await holds(log, past).catch(() => false));
        await (better ? best : log)?.handle.close();
        if (better) best = log;
      }
      return best;
    },
    async (copy) => copy?.handle.close(),
  );
}

/**
 * Whether a rotated file holds anything that the log of its name does not. A copy of what that holds now, perhaps still
 * in the making, does not: the log will be read itself.
 */
export async function hasOwnLines(file: OpenLog, log: OpenLog | null): Promise<boolean> {
  if (log === null || log.size === 0 || !agree(file.head, log.head)) return true;
  return file.size > 0 && !(await sameBefore(file, log, Math.min(file.size, log.size)));
}

/** Whether a name is the log's own with something added: `mail.log.1`, `mail.log-20261122`, `mail-20261122.log`. */
export function isRelative(name: string, log: string): boolean {
  return name.startsWith(log) || added(name, log) !== null;
}

/** The path before any rotation: a glob may lead to rotated files too, and those are renamed further. */
export function logOf(path: string): string {
  return path.replace(/[.\-_]\d[\d.\-_T]*$/, '');
}

/** The log among these paths that a file was rotated from; the file itself where there is none. */
export function rotatedFrom(path: string, paths: readonly string[]): string {
  const isLog = (one: string): boolean => dirname(one) === dirname(path) && isRotation(basename(path), basename(one));
  const logs = paths.filter(isLog).sort((one, other) => one.length - other.length);
  return logs[0] ?? path;
}

/** Whether what is added to the log's name is a number or a date, as rotation adds it. */
export function isRotation(name: string, log: string): boolean {
  return rotationDigits(name, log) !== null;
}

/**
 * Below zero where `one` of two rotated files of a log is the older one: by number (`.2` is older than `.1`) or date
 * where both have one, else by the time of the last change.
 */
export function compareAge(log: string, one: Aged, other: Aged): number {
  const digits = rotationDigits(basename(one.path), log);
  const others = rotationDigits(basename(other.path), log);
  const byTime = one.modified - other.modified;
  if (digits === null || others === null) return byTime;
  if (digits.length <= LONGEST_COUNT && others.length <= LONGEST_COUNT) return Number(others) - Number(digits);
  return digits.length === others.length ? Number(digits) - Number(others) || byTime : byTime;
}

interface Aged {
  readonly path: string;
  readonly modified: Millis;
}

/** More digits than this are a date. */
const LONGEST_COUNT = 5;

function rotationDigits(name: string, log: string): string | null {
  const between = name.startsWith(log) ? name.slice(log.length) : added(name, log);
  return between !== null && /^[.\-_]?\d[\d.\-_T]*$/.test(between) ? between.replace(/\D/g, '') : null;
}

/** What stands between the stem and the extension of the log's name. */
function added(name: string, log: string): string | null {
  const extension = extname(log);
  const stem = log.slice(0, log.length - extension.length);
  if (extension === '' || !name.startsWith(stem) || !name.endsWith(extension)) return null;
  return name.length <= log.length ? null : name.slice(stem.length, name.length - extension.length);
}

async function holds(log: OpenLog, past: Past): Promise<boolean> {
  return (
    past.head.length > 0 &&
    log.head.length >= past.head.length &&
    agree(log.head, past.head) &&
    (await isLineStart(log.handle, past.offset))
  );
}

async function sameBefore(one: OpenLog, other: OpenLog, end: number): Promise<boolean> {
  const from = Math.max(0, end - COMPARED);
  const blocks = await Promise.all([one, other].map((log) => readAt(log.handle, from, end - from)));
  return blocks[0]?.equals(blocks[1] ?? Buffer.alloc(0)) ?? false;
}
