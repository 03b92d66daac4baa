/** Cuts the output of journalctl into complete lines. An entry that is too long is dropped and counted: half is no JSON. */
import { newlineIn } from './lines.ts';

const EMPTY = Buffer.alloc(0);

export interface JournalLines {
  readonly data: Buffer;
  readonly dropped: number;
}

export class JournalCutter {
  readonly #longest: number;
  #rest: Buffer = EMPTY;
  #skipping = false;

  /** No more than this many bytes of an unfinished line are kept. */
  constructor(longest: number) {
    this.#longest = longest;
  }

  /** The lines that are complete by now. */
  add(data: Buffer): JournalLines {
    let dropped = 0;
    let piece = data;
    if (this.#skipping) {
      const newline = newlineIn(piece, piece.length);
      if (newline < 0) return { data: EMPTY, dropped };
      this.#skipping = false;
      piece = piece.subarray(newline + 1);
    }
    const last = piece.lastIndexOf(10) + 1;
    const complete = last === 0 ? EMPTY : join(this.#rest, piece.subarray(0, last));
    this.#rest = last === 0 ? join(this.#rest, piece) : Buffer.from(piece.subarray(last));
    if (this.#rest.length > this.#longest) {
      this.#rest = EMPTY;
      this.#skipping = true;
      dropped++;
    }
    return { data: complete, dropped };
  }
}

function join(one: Buffer, other: Buffer): Buffer {
  return one.length === 0 ? Buffer.from(other) : Buffer.concat([one, other]);
}
