/**
 * What was still unread of a log when it was rotated and compressed while nobody looked: is read out of the .gz beside it,
 * as a stream. Its position stays that of the file that it was, so an interrupted reading goes on there.
 */
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Millis } from '../core/types.ts';
import { compareAge, isRelative, isRotation, logOf } from './copies.ts';
import { fingerprintOf, HEAD_BYTES, hasFingerprint } from './fingerprint.ts';
import { errorCode, isCompressed } from './glob.ts';
import { type Lines, LONGEST_LINE, takeLines } from './lines.ts';
import type { FilePosition, Fingerprint, Sink } from './types.ts';

const EMPTY: Buffer = Buffer.alloc(0);
const CHUNK = 256 * 1024;
const NEWLINE = 10;
const GZIP = /\.gz$/i;

/**
 * Delivers what is unread behind positions whose files are gone, as far as compressed files hold it, and warns of what
 * none holds. Answers with the positions that are done with, to be forgotten once the next files have theirs.
 */
export async function readPacked(
  gone: readonly FilePosition[],
  sink: Sink,
  isStopped: () => boolean,
): Promise<readonly FilePosition[]> {
  const done: FilePosition[] = [];
  for (const log of new Set(gone.map(({ path }) => logOf(path)))) {
    const own = gone.filter(({ path }) => logOf(path) === log);
    const parts = await partsOf(log, own, await packedBeside(log), sink);
    for (const { file, position } of parts) {
      if (isStopped()) return done;
      sink.info(`Reading what was still unread of ${position.path} out of ${file.path}`);
      done.push(await deliver(file.path, position, sink, isStopped));
    }
  }
  return done;
}

/** A compressed file beside a log. */
interface Packed {
  readonly path: string;
  readonly device: number;
  readonly inode: number;
  readonly modified: Millis;
}

/** A compressed file, and from where on it is to be read. */
interface Part {
  readonly file: Packed;
  readonly position: FilePosition;
}

/** The rests of known files, and what was rotated after them, the oldest first. */
async function partsOf(
  log: string,
  gone: readonly FilePosition[],
  packed: readonly Packed[],
  sink: Sink,
): Promise<Part[]> {
  const parts: Part[] = [];
  const gzip = packed.filter(({ path }) => GZIP.test(path));
  // Of two positions in the same content the later one counts.
  for (const position of gone.toSorted((one, other) => other.offset - one.offset)) {
    // What is no gzip, or cannot be read, may hold it.
    const suspects = new Set(packed);
    let found: Packed | null = null;
    for (const file of gzip) {
      const answer = await holds(file.path, position);
      if (answer !== null) suspects.delete(file);
      if (answer === true) found ??= file;
    }
    if (parts.some(({ file }) => file === found)) continue;
    if (found !== null) parts.push({ file: found, position });
    else sink.warn(lost(position, [...suspects]));
  }
  parts.sort((one, other) => compareAge(basename(log), unpackedName(one.file), unpackedName(other.file)));
  const newest = parts.at(-1);
  if (newest === undefined) return [];
  const later = gzip
    .filter((one) => isRotation(basename(unpackedName(one).path), basename(log)))
    .filter((one) => compareAge(basename(log), unpackedName(newest.file), unpackedName(one)) < 0)
    .sort((one, other) => compareAge(basename(log), unpackedName(one), unpackedName(other)));
  for (const file of later) {
    const fingerprint = await fingerprintIn(file.path).catch(() => null);
    if (fingerprint === null) continue;
    const { device, inode, modified } = file;
    parts.push({ file, position: { ...newest.position, device, inode, modified, fingerprint, offset: 0 } });
  }
  return parts;
}

/** The compressed files whose names are the log's own with something added. */
async function packedBeside(log: string): Promise<Packed[]> {
  const packed: Packed[] = [];
  for (const name of await readdir(dirname(log)).catch(() => [])) {
    if (!isCompressed(name) || !isRelative(name.replace(/\.\w+$/, ''), basename(log))) continue;
    const path = join(dirname(log), name);
    const stats = await stat(path).catch(() => null);
    if (stats?.isFile()) packed.push({ path, device: stats.dev, inode: stats.ino, modified: stats.mtimeMs });
  }
  return packed;
}

function unpackedName({ path, modified }: Packed): { path: string; modified: Millis } {
  return { path: path.replace(/\.\w+$/, ''), modified };
}

/** Whether this is the file of the position, and goes at least as far; null where it cannot be read. */
async function holds(path: string, { offset, fingerprint }: FilePosition): Promise<boolean | null> {
  if (fingerprint.length === 0) return false;
  let head = EMPTY;
  let at = 0;
  let isLineStart = false;
  try {
    for await (const block of unpack(path)) {
      head = Buffer.concat([head, block.subarray(0, HEAD_BYTES - head.length)]);
      if (head.length >= fingerprint.length && !hasFingerprint(head, fingerprint)) return false;
      if (at < offset && offset <= at + block.length) isLineStart = block[offset - at - 1] === NEWLINE;
      at += block.length;
      if (at >= offset && head.length >= fingerprint.length) return isLineStart;
    }
  } catch (error) {
    if (errorCode(error) === null) throw error;
    return null;
  }
  return false;
}

async function fingerprintIn(path: string): Promise<Fingerprint> {
  let head = EMPTY;
  for await (const block of unpack(path)) {
    head = Buffer.concat([head, block.subarray(0, HEAD_BYTES - head.length)]);
    if (head.length === HEAD_BYTES) break;
  }
  return fingerprintOf(head);
}

/** Answers with the position that was reached. */
async function deliver(path: string, start: FilePosition, sink: Sink, isStopped: () => boolean): Promise<FilePosition> {
  let position = start;
  try {
    for await (const { data, offset, cut } of linesFrom(path, start.offset)) {
      if (isStopped()) break;
      position = { ...start, offset };
      sink.chunk({ source: start.source, origin: start.path, format: 'text', data, position, cut });
    }
  } catch (error) {
    const code = errorCode(error);
    if (code === null) throw error;
    sink.warn(`Cannot read ${path} to its end (${code}), what is unread in it behind that is not counted`);
  }
  return position;
}

interface UnpackedLines extends Pick<Lines, 'cut'> {
  readonly data: Buffer;
  /** Where they end, in the unpacked file. */
  readonly offset: number;
}

/** Holds one block and the start of one line. A last line without an end is left out, as in a log that is followed. */
async function* linesFrom(path: string, from: number): AsyncGenerator<UnpackedLines> {
  let skip = from;
  let offset = from;
  let rest = EMPTY;
  let dropped = 0;
  for await (const block of unpack(path)) {
    const wanted = block.subarray(skip);
    skip -= block.length - wanted.length;
    const buffer = Buffer.concat([rest, wanted]);
    const { length, consumed, cut } = takeLines(buffer, buffer.length);
    const left = buffer.subarray(length, buffer.length - (consumed - length));
    // One byte more than a line may have is enough to know that it is to be cut.
    rest = Buffer.from(left.subarray(0, LONGEST_LINE + 1));
    if (consumed > 0) {
      offset += dropped + consumed;
      dropped = 0;
      yield { data: buffer.subarray(0, length), offset, cut };
    }
    dropped += left.length - rest.length;
  }
}

/** RFC 1952. */
async function* unpack(path: string): AsyncGenerator<Buffer> {
  // An error of the file ends the stream with that error, and so the loop of whoever reads it.
  yield* pipeline(createReadStream(path), createGunzip({ chunkSize: CHUNK }), () => {}) as AsyncIterable<Buffer>;
}

function lost({ path, modified }: FilePosition, suspects: readonly Packed[]): string {
  const gone = `What was still unread of ${path} is gone, it was rotated or emptied and is not beside it any more`;
  const [suspect] = suspects
    .filter((one) => modified === undefined || one.modified >= modified - 1_000)
    .sort((one, other) => one.modified - other.modified);
  const place = suspect === undefined ? 'in another directory (olddir of logrotate)' : `in ${suspect.path}`;
  return `${gone}; if it is ${place}, tailban match shows what was not counted`;
}
