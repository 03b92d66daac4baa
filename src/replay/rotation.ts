/**
 * Which files are parts of one log that was rotated, and in which order: `mail.log`, `mail.log.1` and `mail.log.2.gz`, or
 * `maillog-20261115.xz`, or `mail.1.log`, as logrotate(8) names them. The order is that of their first lines.
 */
import type { Millis } from '../core/types.ts';

/** A file, and what has been seen of its beginning. */
export interface LogFile {
  /** As it was named. */
  readonly name: string;
  /** The time of its first line; null where none is understood. */
  readonly start: Millis | null;
  /** What it begins with, to know it again under another name; empty where there is nothing. */
  readonly beginning: string;
}

export interface RotatedLog<File extends LogFile> {
  /** The name without anything that rotation put to it. */
  readonly name: string;
  /** The oldest first; at least one. */
  readonly files: readonly File[];
}

export interface Sorted<File extends LogFile> {
  /** In the order of their first lines. */
  readonly logs: readonly RotatedLog<File>[];
  /** Files that are there twice, such as packed and not yet removed, each with the one that is read. */
  readonly copies: readonly (readonly [File, File])[];
}

const PACKED = /\.(?:gz|xz|zst|bz2)$/;
/** A number, a date with or without a time, seconds since 1970, or a word. */
const TURN = String.raw`[.-](?:\d{4}-\d\d-\d\d|\d{8}(?:[-T_.]?\d{2,6})?|\d{10}|old)|\.\d{1,4}`;
const ROTATED = new RegExp(`^(.+?)(?:${TURN})(\\.[a-z]{1,8})?$`);

/** Puts files together that are one log, and sorts them. */
export function sortLogs<File extends LogFile>(files: readonly File[]): Sorted<File> {
  const sets = Map.groupBy(files, ({ name }) => logName(name));
  const copies: (readonly [File, File])[] = [];
  const logs = [...sets].map(([name, parts]): RotatedLog<File> => {
    const distinct: File[] = [];
    for (const file of parts.toSorted(byStart)) {
      const same = distinct.find(({ beginning }) => beginning !== '' && beginning === file.beginning);
      if (same === undefined) distinct.push(file);
      else copies.push([file, same]);
    }
    return { name, files: distinct };
  });
  const byFirst = (one: RotatedLog<File>, other: RotatedLog<File>): number =>
    compare(startOf(one.files[0]), startOf(other.files[0])) || compare(one.name, other.name);
  return { logs: logs.sort(byFirst), copies };
}

/** The name that the log has while it is written to. */
export function logName(name: string): string {
  const plain = name.replace(PACKED, '');
  const [, base, extension = ''] = ROTATED.exec(plain) ?? [];
  return base === undefined || base.endsWith('/') ? plain : base + extension;
}

/** What begins at the same time is in the order of rotation: `mail.log.2`, `mail.log.1`, `mail.log`; else of names. */
function byStart(one: LogFile, other: LogFile): number {
  return (
    compare(startOf(one), startOf(other)) ||
    compare(turnOf(other), turnOf(one)) ||
    compare(isCurrent(one), isCurrent(other)) ||
    compare(one.name, other.name)
  );
}

function startOf(file: LogFile | undefined): Millis {
  return file?.start ?? Number.NEGATIVE_INFINITY;
}

function turnOf({ name }: LogFile): number {
  const number = /\.(\d{1,4})(?:\.[a-z0-9]{1,8})?$/.exec(name.replace(PACKED, ''))?.[1];
  return number === undefined ? 0 : Number(number);
}

/** 1 for the file that is still written to. */
function isCurrent({ name }: LogFile): number {
  return logName(name) === name ? 1 : 0;
}

/** Infinities included. */
function compare<Value extends number | string>(one: Value, other: Value): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
