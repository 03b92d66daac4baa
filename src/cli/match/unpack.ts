/**
 * Unpacks what logrotate and admins pack logs with: gzip and zstd by Node's own zlib, xz and bzip2 by the programs of that
 * name. These are on every host that has such files, run beside us on another core, and took half as long as the libraries
 * that were tried (xz-decompress, unbzip2-stream).
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Duplex, pipeline, Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';

/** How the data was packed, and what reads it. */
interface Packing {
  /** What the packed data begins with, in hexadecimal. */
  readonly starts: readonly string[];
  unpack(blocks: AsyncIterable<Buffer>): AsyncIterable<Buffer>;
}

/** A program that is needed and not there. */
export class MissingProgram extends Error {
  override readonly name = 'MissingProgram';
}

const CHUNK = 256 * 1024;
const LONGEST_COMPLAINT = 500;

const PACKINGS: readonly Packing[] = [
  // RFC 1952 section 2.3.1
  { starts: ['1f8b'], unpack: (blocks) => through(createGunzip({ chunkSize: CHUNK }), blocks) },
  // RFC 8878 section 3.1.1
  { starts: ['28b52ffd'], unpack: (blocks) => through(createZstdDecompress({ chunkSize: CHUNK }), blocks) },
  // The .xz file format 1.2.1, section 2.1.1.1
  { starts: ['fd377a585a00'], unpack: (blocks) => program('xz', 'xz-utils', blocks) },
  // bzip2 has no written format: BZh, the size of blocks, and the start of a block or of the end of the stream.
  {
    starts: [...'123456789'].flatMap((size) => ['314159265359', '177245385090'].map((next) => `425a683${size}${next}`)),
    unpack: (blocks) => program('bzip2', 'bzip2', blocks),
  },
];
const LONGEST_START = Math.max(...PACKINGS.flatMap(({ starts }) => starts.map((start) => start.length / 2)));

/** Packed data is known by its first bytes, whatever the file is called; what is not packed comes as it is. */
export async function* unpacked(blocks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  let start: Buffer = Buffer.alloc(0);
  while (start.length < LONGEST_START && mayBePacked(start)) {
    const next = await blocks.next();
    if (next.done) break;
    start = start.length === 0 ? next.value : Buffer.concat([start, next.value]);
  }
  const head = start.toString('hex', 0, LONGEST_START);
  const packing = PACKINGS.find(({ starts }) => starts.some((one) => head.startsWith(one)));
  const whole = startingWith(start, blocks);
  yield* packing === undefined ? whole : packing.unpack(whole);
}

/** So that the first lines of a pipe need not wait for more bytes than it takes to tell. */
function mayBePacked(start: Buffer): boolean {
  const head = start.toString('hex');
  return PACKINGS.some(({ starts }) => starts.some((one) => one.startsWith(head)));
}

async function* startingWith(start: Buffer, blocks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  try {
    if (start.length > 0) yield start;
    yield* blocks;
  } finally {
    await blocks.return(undefined);
  }
}

function through(stream: Duplex, blocks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  // An error of the file ends the stream with that error, and so the loop of whoever reads it.
  return pipeline(Readable.from(blocks), stream, () => {}) as AsyncIterable<Buffer>;
}

/** Runs `NAME -dc`. What it unpacked before an error comes first. @throws MissingProgram, Error with the code of zlib */
async function* program(name: string, packageName: string, blocks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const child = spawn(name, ['-dc'], { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, LC_ALL: 'C' } });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const failed = ended.catch((error: NodeJS.ErrnoException) => error);
  let complaint = '';
  child.stderr.on('data', (piece: Buffer) => {
    complaint = (complaint + piece.toString('utf8')).slice(0, LONGEST_COMPLAINT);
  });
  let unreadable: unknown = null;
  // A program that has given up reads no more: what it says at its end is the reason, not the pipe.
  pipeline(Readable.from(blocks), child.stdin, (error) => {
    if (error && error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_PREMATURE_CLOSE') {
      unreadable = error;
      child.kill();
    }
  });
  try {
    yield* child.stdout as AsyncIterable<Buffer>;
    const end = await failed;
    if (unreadable !== null) throw unreadable;
    if (end instanceof Error) throw unpackError(name, packageName, end);
    if (end !== 0) throw damaged(complaint);
  } finally {
    child.kill();
  }
}

function unpackError(name: string, packageName: string, error: NodeJS.ErrnoException): Error {
  if (error.code !== 'ENOENT') return error;
  const message = `it is packed with ${name}, which is not installed (apt-get install ${packageName})`;
  return new MissingProgram(message, { cause: error });
}

/** As zlib would say it: there the code tells whether the data just ends too early. */
function damaged(complaint: string): Error {
  const isCut = /unexpected end of input|ends unexpectedly/i.test(complaint);
  return Object.assign(new Error(complaint.trim()), { code: isCut ? 'Z_BUF_ERROR' : 'Z_DATA_ERROR' });
}
