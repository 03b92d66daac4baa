/**
 * The first look at a line: how its message begins tells which patterns can match at all, mostly after a few bytes. All
 * beginnings run at once, as one automaton whose states are made when they are first needed (Thompson, 1968). A line
 * that no pattern begins like is never decoded. It may name a pattern that does not match, but never leave out one that
 * does. The cost does not depend on the number of patterns.
 */
import { type ByteSet, hasByte } from './safety/tree.ts';

/** One byte, or a set of them. */
type Bytes = number | ByteSet;

/** A piece of an expression: one byte out of a set, a choice, or a repetition. */
export type Piece =
  | { readonly type: 'byte'; readonly bytes: Bytes }
  | { readonly type: 'choice'; readonly options: readonly (readonly Piece[])[] }
  /** `max` may be Infinity. */
  | { readonly type: 'repeat'; readonly piece: Piece; readonly min: number; readonly max: number };

/** Some pieces one after the other, and then one of several continuations; without those, a whole beginning. */
export interface Beginning {
  readonly pieces: readonly Piece[];
  readonly next?: readonly Beginning[];
}

/** A step of the non-deterministic automaton: either one byte on, or any of several steps at once, or the end. */
interface Step {
  readonly bytes: Bytes | null;
  readonly next: number[];
  /** The beginning that is complete here, or -1. */
  readonly complete: number;
}

const UNKNOWN = 0;
/** Numbers of states from here on: nothing can be learnt from further bytes. */
const OVER = 0x8000;
/** When there are so many states, all are made anew. Real filters need a few hundred. */
const MOST_STATES = 4_000;

/** A state that has been needed: the steps that it stands for, and the beginnings that are complete. */
interface State<Result> {
  readonly steps: readonly number[];
  readonly complete: readonly number[];
  readonly result: Result;
}

export class Beginnings<Result> {
  readonly #resultOf: (complete: readonly number[]) => Result;
  readonly #nothing: Result;
  readonly #steps: Step[] = [];
  /** What `#reach` has found, by step. */
  readonly #reached: (readonly number[] | undefined)[] = [];
  readonly #first: readonly number[];
  /** Bytes that no beginning tells apart are one class, so that the table is small enough for the processor's cache. */
  readonly #classes: Uint8Array;
  /** A row of the table has 2 to the power of this many columns. */
  readonly #shift: number;
  /** The next state by row of the state and class of the byte. */
  #table = new Uint16Array();
  /** By the number of the state, without `OVER`. */
  #states: State<Result>[] = [];
  #numbers = new Map<string, number>();
  #start = UNKNOWN;

  /**
   * Whole beginnings are numbered in the order in which they stand. `resultOf` makes the answer out of these numbers, once
   * for each combination of them that occurs.
   */
  constructor(beginnings: readonly Beginning[], resultOf: (complete: readonly number[]) => Result) {
    this.#resultOf = resultOf;
    this.#nothing = resultOf([]);
    let count = 0;
    const add = ({ pieces, next }: Beginning): number => {
      const end = next === undefined ? this.#add(null, [], count++) : this.#add(null, next.map(add));
      return this.#sequence(pieces, end);
    };
    this.#first = beginnings.map(add);
    const { classes, number } = classify(this.#steps.flatMap(({ bytes }) => bytes ?? []));
    this.#classes = classes;
    this.#shift = Math.ceil(Math.log2(number));
    this.#reset();
  }

  /** What is to be said of the beginnings that the bytes begin with. */
  of(data: Uint8Array, start: number, end: number): Result {
    const table = this.#table;
    const classes = this.#classes;
    const shift = this.#shift;
    let state = this.#start;
    for (let i = start; i < end && state < OVER; i++) {
      const next = table[(state << shift) | (classes[data[i] as number] as number)] as number;
      if (next === UNKNOWN) return this.#learn(data, i, end, state);
      state = next;
    }
    return this.#states[state & ~OVER]?.result ?? this.#nothing;
  }

  /** Makes the state that is missing there, and goes on. */
  #learn(data: Uint8Array, at: number, end: number, from: number): Result {
    let state = from;
    for (let i = at; i < end && state < OVER; i++) {
      if (this.#states.length >= MOST_STATES) {
        const { steps = [], complete = [] } = this.#states[state] ?? {};
        this.#reset();
        state = this.#number(steps, complete);
      }
      const index = (state << this.#shift) | (this.#classes[data[i] ?? 0] ?? 0);
      const next = this.#table[index] ?? UNKNOWN;
      state = next === UNKNOWN ? this.#successor(state, data[i] ?? 0) : next;
      this.#table[index] = state;
    }
    return this.#states[state & ~OVER]?.result ?? this.#nothing;
  }

  #successor(state: number, byte: number): number {
    const { steps = [], complete = [] } = this.#states[state] ?? {};
    const reached = steps.flatMap((step) => {
      const { bytes, next } = this.#steps[step] ?? { bytes: null, next: [] };
      return bytes !== null && holds(bytes, byte) ? next : [];
    });
    return this.#number(reached, complete);
  }

  /** The number of the state that stands for these steps, and for what is complete already. */
  #number(reached: readonly number[], before: readonly number[]): number {
    const all = new Set<number>();
    for (const step of reached) for (const other of this.#reach(step)) all.add(other);
    const sorted = [...all].sort((a, b) => a - b);
    const steps = sorted.filter((step) => (this.#steps[step]?.bytes ?? null) !== null);
    const now = sorted.map((step) => this.#steps[step]?.complete ?? -1).filter((index) => index >= 0);
    const complete = now.length === 0 ? before : [...new Set([...before, ...now])].sort((a, b) => a - b);
    const key = `${steps.join()} ${complete.join()}`;
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#states.push({ steps, complete, result: this.#resultOf(complete) }) - 1;
      if (steps.length === 0) number |= OVER;
      this.#numbers.set(key, number);
      if (this.#states.length << this.#shift > this.#table.length) this.#grow();
    }
    return number;
  }

  /** The steps that wait for a byte, and the ends, that a step leads to without one. */
  #reach(step: number): readonly number[] {
    const known = this.#reached[step];
    if (known !== undefined) return known;
    const seen = new Set<number>();
    const found: number[] = [];
    const follow = (other: number): void => {
      if (seen.has(other)) return;
      seen.add(other);
      const { bytes, next, complete } = this.#steps[other] ?? { bytes: null, next: [], complete: -1 };
      if (bytes !== null || complete >= 0) found.push(other);
      if (bytes === null) for (const one of next) follow(one);
    };
    follow(step);
    this.#reached[step] = found;
    return found;
  }

  #grow(): void {
    const larger = new Uint16Array(Math.max(this.#table.length * 2, 64 << this.#shift));
    larger.set(this.#table);
    this.#table = larger;
  }

  #reset(): void {
    // State 0 is not used, so that 0 can stand for what is unknown.
    this.#states = [{ steps: [], complete: [], result: this.#nothing }];
    this.#numbers = new Map();
    this.#table = new Uint16Array();
    this.#start = this.#number(this.#first, []);
  }

  #add(bytes: Bytes | null, next: number[], complete = -1): number {
    return this.#steps.push({ bytes, next, complete }) - 1;
  }

  /** Adds the steps for some pieces, which lead to the step `then`; returns the first. */
  #sequence(pieces: readonly Piece[], then: number): number {
    return pieces.reduceRight((next, piece) => this.#piece(piece, next), then);
  }

  /** The piece, any number of times. */
  #loop(piece: Piece, then: number): number {
    const next = [then];
    const hub = this.#add(null, next);
    next.push(this.#piece(piece, hub));
    return hub;
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
        const isEndless = piece.max === Number.POSITIVE_INFINITY;
        let next = isEndless ? this.#loop(piece.piece, then) : then;
        for (let i = isEndless ? 0 : piece.max; i > piece.min; i--)
          next = this.#add(null, [this.#piece(piece.piece, next), then]);
        for (let i = piece.min; i > 0; i--) next = this.#piece(piece.piece, next);
        return next;
      }
    }
  }
}

function holds(bytes: Bytes, byte: number): boolean {
  return typeof bytes === 'number' ? bytes === byte : hasByte(bytes, byte);
}

/** A number for each byte; equal where all sets hold both bytes or neither. */
function classify(sets: readonly Bytes[]): { classes: Uint8Array; number: number } {
  let classes: Uint8Array = new Uint8Array(256);
  let number = 1;
  for (const set of new Set(sets)) ({ classes, number } = split(classes, (byte) => holds(set, byte)));
  return { classes, number };
}

function split(classes: Uint8Array, isIn: (byte: number) => boolean): { classes: Uint8Array; number: number } {
  const numbers = new Map<number, number>();
  const finer = classes.map((before, byte) => {
    const key = before * 2 + Number(isIn(byte));
    const known = numbers.get(key) ?? numbers.size;
    numbers.set(key, known);
    return known;
  });
  return { classes: finer, number: numbers.size };
}
