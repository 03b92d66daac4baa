/**
 * Counts lines by shape in bounded memory: when there are too many shapes, the rarest are put together as "others". A
 * shape that is frequent throughout is always among those that are kept.
 */

export interface Shape {
  readonly shape: string;
  readonly lines: number;
  /** The first line of this shape. */
  readonly example: string;
}

interface Counted {
  lines: number;
  readonly example: string;
}

const MOST_SHAPES = 4_000;
const LONGEST_EXAMPLE = 1_000;

export class Shapes {
  #shapes = new Map<string, Counted>();
  #others = 0;
  #total = 0;

  /** How many lines were counted. */
  get total(): number {
    return this.#total;
  }

  /** How many of them are of shapes that were too rare to be kept. */
  get others(): number {
    return this.#others;
  }

  add(shape: string, example: string): void {
    this.#total++;
    const known = this.#shapes.get(shape);
    if (known !== undefined) {
      known.lines++;
      return;
    }
    this.#shapes.set(shape, { lines: 1, example: example.slice(0, LONGEST_EXAMPLE) });
    if (this.#shapes.size > 2 * MOST_SHAPES) this.#forgetRare();
  }

  /** The most frequent first. */
  list(): Shape[] {
    return this.#sorted().map(([shape, { lines, example }]) => ({ shape, lines, example }));
  }

  #sorted(): [string, Counted][] {
    return [...this.#shapes].sort(([, one], [, other]) => other.lines - one.lines);
  }

  #forgetRare(): void {
    const sorted = this.#sorted();
    this.#shapes = new Map(sorted.slice(0, MOST_SHAPES));
    for (const [, { lines }] of sorted.slice(MOST_SHAPES)) this.#others += lines;
  }
}
