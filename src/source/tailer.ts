/**
 * Follows one open file, whatever it is called by now: delivers its complete lines from an offset on, notices when it
 * has been emptied or replaced in place, and never holds more than one block in memory. It reads when it is woken.
 */
import type { Millis } from '../core/types.ts';
import type { Blocks } from './blocks.ts';
import { agree, fingerprintOf, HEAD_BYTES, readHead } from './fingerprint.ts';
import { errorCode } from './glob.ts';
import { LONGEST_LINE, leadingNuls, newlineIn, takeLines } from './lines.ts';
import { type OpenLog, readAt } from './open-log.ts';
import type { FilePosition, Fingerprint, Sink } from './types.ts';

const EMPTY = Buffer.alloc(0);

/**
 * What a file held before it was emptied in place: its first bytes, and how far they had been read. Without any bytes the
 * file was empty, and what it may have held since then cannot be seen in it.
 */
export interface Past {
  readonly head: Buffer;
  readonly offset: number;
  /** When it had last been changed, by the file system. */
  readonly modified: Millis;
  /** What reads on from there, once it has been found. */
  copy: Tailer | null;
}

/** What a tailer needs of the source that it belongs to. */
export interface TailerContext {
  readonly source: string;
  readonly sink: Sink;
  readonly now: () => Millis;
  readonly blocks: Blocks;
  /** Where a file that may be a copy of another begins; null while that cannot be told. */
  readonly origin: (tailer: Tailer) => Promise<number | null>;
  /** The file was emptied; it is read on when this settles. */
  readonly emptied: (tailer: Tailer, past: Past) => Promise<void>;
  /** Reading failed, or works again (null). It is tried again at the next wake. */
  readonly problem: (tailer: Tailer, error: Error | null) => void;
}

export interface TailerStart {
  readonly path: string;
  readonly offset: number;
  /** The file may turn out to be a copy of another, so nothing is delivered before `origin` has said no. */
  readonly mayBeCopy: boolean;
  /** What has to be read before the first read of this. */
  readonly after: readonly Tailer[];
}

export class Tailer {
  readonly log: OpenLog;
  /** The name that it goes by. A file that was renamed out of the globs keeps the name that it was followed by. */
  path: string;
  /** The name before the last rename within the globs. */
  formerPath: string | null = null;
  /** Since when no name of the globs leads to this file any more. */
  strayedAt: Millis | null = null;
  /** Everything before this byte has been delivered. */
  offset: number;
  size: number;
  lastGrowth: Millis;
  head: Buffer;
  /** When the file had last been changed as it was looked at. */
  #modified: Millis;
  past: Past | null = null;
  mayBeCopy: boolean;

  readonly #context: TailerContext;
  #after: readonly Tailer[];
  /** It was emptied, and what it held before is being looked for. */
  #emptied = false;
  #running: Promise<void> | null = null;
  #again = false;
  #closed = false;
  /** No newline lies between `offset` and this byte, which is more than a line's length behind. */
  #searched = 0;
  /** A hole reaches up to `offset`, and may go on behind it. */
  #inHole = false;
  #waiting: (() => void)[] = [];
  #fingerprint: Fingerprint | null = null;
  #fingerprinted: Buffer | null = null;

  constructor(log: OpenLog, start: TailerStart, context: TailerContext) {
    this.log = log;
    this.path = start.path;
    this.offset = start.offset;
    this.size = log.size;
    this.head = log.head;
    this.#modified = log.modified;
    this.lastGrowth = context.now();
    this.mayBeCopy = start.mayBeCopy;
    this.#after = start.after;
    this.#context = context;
  }

  /** Reads to the end of the file, soon; a call while it is reading makes it look once more. */
  wake(): void {
    if (this.#closed) return;
    this.#again = true;
    this.#running ??= this.#run();
  }

  /** Settles when everything that is in the file now has been delivered, or cannot be. */
  drained(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.wake();
    });
  }

  /** Whether this, or what has to be read before it, was emptied: that may be waiting for copies, and so for this in turn. */
  waitsForEmptied(): boolean {
    return this.#emptied || this.#after.some((one) => one.waitsForEmptied());
  }

  /** Whether this was the file of that name before it was renamed. */
  wasAt(path: string): boolean {
    return (this.strayedAt === null ? this.formerPath : this.path) === path;
  }

  position(): FilePosition {
    if (this.#fingerprint === null || this.#fingerprinted !== this.head) {
      this.#fingerprint = fingerprintOf(this.head);
      this.#fingerprinted = this.head;
    }
    const { device, inode } = this.log;
    const { source } = this.#context;
    return {
      type: 'file',
      source,
      path: this.path,
      device,
      inode,
      offset: this.offset,
      fingerprint: this.#fingerprint,
      modified: this.#modified,
    };
  }

  /** Has the position kept before there is a line: a chunk without lines. */
  register(): void {
    this.#emit(EMPTY, 0);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    await this.log.handle.close();
  }

  async #run(): Promise<void> {
    try {
      await Promise.all(this.#after.map((one) => one.drained()));
      this.#after = [];
      while (this.#again && !this.#closed) {
        this.#again = false;
        while (!this.#closed && (await this.#step()));
      }
      if (!this.#closed) this.#context.problem(this, null);
    } catch (error) {
      // Only what the system says of the file is this file's problem.
      if (!(error instanceof Error) || errorCode(error) === null) throw error;
      this.#again = false;
      this.#context.problem(this, error);
    } finally {
      this.#running = null;
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const resolve of waiting) resolve();
    }
  }

  /** One block. Answers whether there may be more. */
  async #step(): Promise<boolean> {
    const { handle } = this.log;
    const from = Math.max(this.offset, this.#searched);
    const { size, mtimeMs } = await handle.stat();
    const block = this.#context.blocks.take(Math.max(0, size - from));
    try {
      const { bytesRead } = await handle.read(block, 0, block.length, from);
      const newline = this.#searched > 0 ? newlineIn(block, bytesRead) : -1;
      const long = newline < 0 ? EMPTY : await readAt(handle, this.offset, LONGEST_LINE);
      // The first bytes are looked at last: where they are unchanged, so was the file when the block was read.
      const head = await readHead(handle);
      if (this.#closed) return false;
      if (!agree(head, this.head) || head.length < this.head.length) return await this.#restart();
      if (size < from) return await this.#shrunk(size);
      if (this.head.length === 0 && mtimeMs !== this.#modified) return await this.#filled(mtimeMs);
      this.#modified = mtimeMs;
      this.#grow(head, from + bytesRead);
      if (bytesRead === 0) return false;
      if (this.mayBeCopy && !(await this.#settle())) return !this.mayBeCopy;
      const jumped = this.#searched > 0 ? this.#deliverLong(long, newline, bytesRead) : this.#deliver(block, bytesRead);
      // A block that only holds the beginning of a line has to wait for the rest.
      return jumped || (bytesRead === block.length && Math.max(this.offset, this.#searched) > from);
    } finally {
      this.#context.blocks.give(block);
    }
  }

  #grow(head: Buffer, size: number): void {
    if (head.length > this.head.length) this.head = head;
    if (size > this.size) this.lastGrowth = this.#context.now();
    this.size = size;
  }

  /** The same beginning and a lost end is what a power failure leaves: all that is left has been delivered. */
  async #shrunk(size: number): Promise<boolean> {
    if (this.head.length < HEAD_BYTES) return this.#restart();
    const { sink } = this.#context;
    if (size < this.offset) sink.warn(`${this.path} has lost its end, reading goes on behind the ${size} bytes left`);
    this.offset = Math.min(this.offset, size);
    this.size = size;
    this.#searched = 0;
    return false;
  }

  async #restart(): Promise<boolean> {
    // Looked at first: from one moment to the next a copy finds either what was read or what had been.
    const { mtimeMs } = await this.log.handle.stat();
    const head = await readHead(this.log.handle);
    const past: Past = { head: this.head, offset: this.offset, modified: this.#modified, copy: null };
    this.offset = 0;
    this.#searched = 0;
    this.#modified = mtimeMs;
    this.head = head;
    this.size = 0;
    this.lastGrowth = this.#context.now();
    if (!this.mayBeCopy) this.past = past;
    await this.#onEmptied(past);
    return true;
  }

  /** What was empty has been written to: perhaps more than once, with a copy and another emptying in between. */
  async #filled(modified: Millis): Promise<boolean> {
    const past: Past = { head: EMPTY, offset: 0, modified: this.#modified, copy: null };
    this.#modified = modified;
    if (!this.mayBeCopy) await this.#onEmptied(past);
    return true;
  }

  async #onEmptied(past: Past): Promise<void> {
    this.#emptied = true;
    try {
      await this.#context.emptied(this, past);
    } finally {
      this.#emptied = false;
    }
  }

  /** Whether this is a file of its own that is being read from the right place; else it is read again or later. */
  async #settle(): Promise<boolean> {
    const origin = await this.#context.origin(this);
    if (origin === null) return false;
    this.mayBeCopy = false;
    const here = origin === this.offset;
    this.offset = origin;
    this.register();
    return here;
  }

  /** Answers whether bytes were jumped over that are no part of a line. */
  #deliver(block: Buffer, length: number): boolean {
    const hole = this.#inHole ? leadingNuls(block.subarray(0, length)) : 0;
    if (hole > 0) {
      this.offset += hole;
      this.#inHole = hole === length;
      return true;
    }
    const endsInNul = block[length - 1] === 0;
    const lines = takeLines(block, length);
    this.#inHole = endsInNul && lines.consumed === length;
    if (lines.consumed > 0) {
      this.offset += lines.consumed;
      this.#emit(block.subarray(0, lines.length), lines.cut);
    } else if (length > LONGEST_LINE) this.#searched = this.offset + length;
    return false;
  }

  /** The line that began blocks ago goes on, or ends at `newline` and is delivered as far as lines go. */
  #deliverLong(long: Buffer, newline: number, length: number): boolean {
    if (newline < 0) {
      this.#searched += length;
      return false;
    }
    this.offset = this.#searched + newline + 1;
    this.#searched = 0;
    this.#emit(Buffer.concat([long, Buffer.from('\n')]), 1);
    return true;
  }

  #emit(data: Buffer, cut: number): void {
    const { source, sink } = this.#context;
    sink.chunk({ source, origin: this.path, format: 'text', data, position: this.position(), cut });
  }
}
