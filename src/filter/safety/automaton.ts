/**
 * The automaton of a pattern (Thompson, 1968), for proofs and not for matching: long repetitions are taken as endless
 * ones, so it reads every line that the pattern reads, and some more.
 */
import type { ByteSet, Tree } from './tree.ts';

/** Reads one byte, or is the end, or only leads on. */
export interface Step {
  /** Null where nothing is read. */
  readonly bytes: ByteSet | null;
  readonly next: number[];
  /** The bits of a capture that opens or closes here. */
  readonly mark: number;
  /** The offset of the part in the expression. */
  readonly at: number;
}

/** A way on without reading: the step that reads next (or the end), and the captures that open and close before it. */
export interface Way {
  readonly step: number;
  readonly marks: number;
}

/** A repetition that the automaton takes as endless: the steps inside it, and the most bytes that it may read. */
export interface Loop {
  readonly steps: readonly number[];
  readonly longest: number;
  /** A round may read nothing. */
  readonly mayBeEmpty: boolean;
  readonly at: number;
}

export const OPEN = 1;
export const CLOSE = 2;
export const END = 0;

/** A repetition that would need more steps than this is taken as endless. */
const MOST_COPIES = 6;

export class Automaton {
  readonly steps: Step[] = [{ bytes: null, next: [], mark: 0, at: 0 }];
  readonly loops: Loop[] = [];
  readonly first: number;
  readonly #capture: string;
  readonly longestLine: number;
  readonly #ways: (readonly Way[] | undefined)[] = [];

  /**
   * @param capture the name of the capture whose ends are marked
   * @param longestLine no repetition reads more bytes than this
   */
  constructor(tree: Tree, capture: string, longestLine: number) {
    this.#capture = capture;
    this.longestLine = longestLine;
    this.first = this.#build(tree, END);
  }

  /** All ways on from a step without reading. One that can be gone twice stands there twice. */
  waysFrom(step: number): readonly Way[] {
    const known = this.#ways[step];
    if (known !== undefined) return known;
    const ways: Way[] = [];
    this.#follow(step, 0, new Set(), ways);
    this.#ways[step] = ways;
    return ways;
  }

  /** The ways on after the byte of a step was read. */
  waysAfter(step: number): readonly Way[] {
    const next = this.steps[step]?.next[0];
    return next === undefined ? [] : this.waysFrom(next);
  }

  #follow(step: number, marks: number, passed: Set<number>, ways: Way[]): void {
    const { bytes, next, mark } = this.steps[step] ?? { bytes: null, next: [], mark: 0 };
    if (bytes !== null || step === END) {
      ways.push({ step, marks });
      return;
    }
    // No engine goes round without reading; patterns in which one could try are refused.
    if (passed.has(step)) return;
    passed.add(step);
    for (const other of next) this.#follow(other, marks | mark, passed, ways);
    passed.delete(step);
  }

  /** Adds the steps of a part, which lead to the step `then`; returns the first. */
  #build(tree: Tree, then: number): number {
    switch (tree.type) {
      case 'bytes':
        return this.#add(tree.bytes, [then], 0, tree.at);
      case 'sequence':
        return tree.parts.reduceRight((next, one) => this.#build(one, next), then);
      case 'choice':
        return this.#add(
          null,
          tree.options.map((option) => this.#build(option, then)),
        );
      case 'capture': {
        if (tree.name !== this.#capture) return this.#build(tree.tree, then);
        return this.#add(null, [this.#build(tree.tree, this.#add(null, [then], CLOSE))], OPEN);
      }
      case 'repeat':
        return this.#repeat(tree, then);
    }
  }

  #repeat({ tree, min, max, at }: Tree & { type: 'repeat' }, then: number): number {
    const copies = Math.max(1, Math.floor(MOST_COPIES / sizeOf(tree)));
    let next = then;
    if (max <= copies) {
      for (let i = max; i > min; i--) next = this.#add(null, [this.#build(tree, next), then]);
    } else {
      const loop = this.#add(null, []);
      const from = this.steps.length;
      this.steps[loop]?.next.push(this.#build(tree, loop), then);
      const steps = Array.from({ length: this.steps.length - from }, (_, index) => from + index);
      const longest = Math.min(Math.min(max, this.longestLine) * longestOf(tree), this.longestLine);
      this.loops.push({
        steps: steps.filter((step) => this.steps[step]?.bytes),
        longest,
        mayBeEmpty: shortestOf(tree) === 0,
        at,
      });
      next = loop;
    }
    for (let i = Math.min(min, copies); i > 0; i--) next = this.#build(tree, next);
    return next;
  }

  #add(bytes: ByteSet | null, next: number[], mark = 0, at = 0): number {
    return this.steps.push({ bytes, next, mark, at }) - 1;
  }
}

function sizeOf(tree: Tree): number {
  switch (tree.type) {
    case 'bytes':
      return 1;
    case 'sequence':
      return tree.parts.reduce((sum, one) => sum + sizeOf(one), 0);
    case 'choice':
      return tree.options.reduce((sum, one) => sum + sizeOf(one), 0);
    case 'repeat':
      return sizeOf(tree.tree) * Math.max(1, Math.min(tree.max, MOST_COPIES));
    case 'capture':
      return sizeOf(tree.tree);
  }
}

/** The least bytes that a part reads. */
function shortestOf(tree: Tree): number {
  switch (tree.type) {
    case 'bytes':
      return 1;
    case 'sequence':
      return tree.parts.reduce((sum, one) => sum + shortestOf(one), 0);
    case 'choice':
      return Math.min(...tree.options.map(shortestOf));
    case 'repeat':
      return shortestOf(tree.tree) * tree.min;
    case 'capture':
      return shortestOf(tree.tree);
  }
}

/** The most bytes that a part reads. */
function longestOf(tree: Tree): number {
  switch (tree.type) {
    case 'bytes':
      return 1;
    case 'sequence':
      return tree.parts.reduce((sum, one) => sum + longestOf(one), 0);
    case 'choice':
      return Math.max(...tree.options.map(longestOf));
    case 'repeat':
      return longestOf(tree.tree) * tree.max;
    case 'capture':
      return longestOf(tree.tree);
  }
}
