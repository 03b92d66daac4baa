/**
 * The first look at a line: how its message begins tells which patterns can match at all, mostly after a few bytes. All
 * beginnings run at once, as one automaton whose states are made when they are first needed (Thompson, 1968). A line
 * that no pattern begins like is never decoded. It may name a pattern that does not match, but never leave out one that
 * does. The cost does not depend on the number of patterns.
 */

/** A piece of an expression: one byte out of a set, a choice, or a repetition. */
export type Piece =
  | { readonly type: 'byte'; readonly bytes: ReadonlySet<number> }
  | { readonly type: 'choice'; readonly options: readonly (readonly Piece[])[] }
  | { readonly type: 'repeat'; readonly piece: Piece; readonly min: number; readonly max: number };

/** A step of the non-deterministic automaton: either one byte on, or any of several steps at once, or the end. */
interface Step {
  readonly bytes: ReadonlySet<number> | null;
  readonly next: number[];
  /** The beginning that is complete here, or -1. */
  readonly complete: number;
}

const UNKNOWN = 0;
/** Numbers of states from here on: nothing can be learnt from further bytes. */
const OVER = 0x8000;
/** When there are so many states, all are made anew. Real filters need a few hundred. */
const MOST_STATES = 4_000;

export class Beginnings {
  readonly #steps: Step[] = [];
  readonly #first: readonly number[];
  /** The next state by `state * 256 + byte`. */
  #table = new Uint16Array();
  /** By the number of the state, without `OVER`: the steps that it stands for, and the beginnings that are complete. */
  #states: { readonly steps: readonly number[]; readonly complete: readonly number[] }[] = [];
  #numbers = new Map<string, number>();
  #start = UNKNOWN;

  constructor(beginnings: readonly (readonly Piece[])[]) {
    this.#first = beginnings.map((pieces, index) => this.#sequence(pieces, this.#add(null, [], index)));
    this.#reset();
  }

  /** Which of the beginnings the bytes begin with, by index, in ascending order. */
  of(data: Uint8Array, start: number, end: number): readonly number[] {
    const table = this.#table;
    let state = this.#start;
    for (let i = start; i < end && state < OVER; i++) {
      const byte = data[i] as number;
      const next = table[(state << 8) | byte] as number;
      if (next === UNKNOWN) return this.#learn(data, i, end, state);
      state = next;
    }
    return this.#states[state & ~OVER]?.complete ?? [];
  }

  /** Makes the state that is missing there, and goes on. */
  #learn(data: Uint8Array, at: number, end: number, from: number): readonly number[] {
    let state = from;
    for (let i = at; i < end && state < OVER; i++) {
      if (this.#states.length >= MOST_STATES) {
        const { steps = [], complete = [] } = this.#states[state] ?? {};
        this.#reset();
        state = this.#number(steps, complete);
      }
      const index = (state << 8) | (data[i] ?? 0);
      const next = this.#table[index] ?? UNKNOWN;
      state = next === UNKNOWN ? this.#successor(state, data[i] ?? 0) : next;
      this.#table[index] = state;
    }
    return this.#states[state & ~OVER]?.complete ?? [];
  }

  #successor(state: number, byte: number): number {
    const { steps = [], complete = [] } = this.#states[state] ?? {};
    const reached = steps.flatMap((step) =>
      this.#steps[step]?.bytes?.has(byte) ? (this.#steps[step]?.next ?? []) : [],
    );
    return this.#number(reached, complete);
  }

  /** The number of the state that stands for these steps, and for what is complete already. */
  #number(reached: readonly number[], before: readonly number[]): number {
    const all = new Set<number>();
    const follow = (step: number): void => {
      if (all.has(step)) return;
      all.add(step);
      const { bytes, next } = this.#steps[step] ?? { bytes: null, next: [] };
      if (bytes === null) for (const other of next) follow(other);
    };
    for (const step of reached) follow(step);
    const sorted = [...all].sort((a, b) => a - b);
    const steps = sorted.filter((step) => this.#steps[step]?.bytes);
    const now = sorted.map((step) => this.#steps[step]?.complete ?? -1).filter((index) => index >= 0);
    const complete = [...new Set([...before, ...now])].sort((a, b) => a - b);
    const key = `${steps.join()} ${complete.join()}`;
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#states.push({ steps, complete }) - 1;
      if (steps.length === 0) number |= OVER;
      this.#numbers.set(key, number);
      if (this.#states.length * 256 > this.#table.length) this.#grow();
    }
    return number;
  }

  #grow(): void {
    const larger = new Uint16Array(Math.max(this.#table.length * 2, 64 * 256));
    larger.set(this.#table);
    this.#table = larger;
  }

  #reset(): void {
    // State 0 is not used, so that 0 can stand for what is unknown.
    this.#states = [{ steps: [], complete: [] }];
    this.#numbers = new Map();
    this.#table = new Uint16Array();
    this.#start = this.#number(this.#first, []);
  }

  #add(bytes: ReadonlySet<number> | null, next: number[], complete = -1): number {
    return this.#steps.push({ bytes, next, complete }) - 1;
  }

  /** Adds the steps for some pieces, which lead to the step `then`; returns the first. */
  #sequence(pieces: readonly Piece[], then: number): number {
    return pieces.reduceRight((next, piece) => this.#piece(piece, next), then);
  }

  #piece(piece: Piece, then: number): number {
    switch (piece.type) {
      case 'byte':
        return this.#add(piece.bytes, [then]);
      case 'choice':
        return this.#add(
          null,
          piece.options.map((option) => this.#sequence(option, then)),
        );
      case 'repeat': {
        let next = then;
        for (let i = piece.max; i > piece.min; i--) next = this.#add(null, [this.#piece(piece.piece, next), then]);
        for (let i = piece.min; i > 0; i--) next = this.#piece(piece.piece, next);
        return next;
      }
    }
  }
}
