/** The samples of one metric, and a counter that nobody else keeps. Pure. */
import type { Status } from '../api/contract.ts';

/** The values of the labels, in their order, and what was measured. */
export type Sample = readonly [labels: readonly string[], value: number];

export interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  /** Their values are names of the configuration or words of ours, never text out of a log. */
  readonly labels: readonly string[];
  samples(status: Status): Iterable<Sample>;
}

export class Tally implements Family {
  readonly type = 'counter';
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly #samples = new Map<string, Sample>();

  /** @param known begin at zero, so that the first of each is seen as a rise */
  constructor(name: string, help: string, labels: readonly string[], known: readonly (readonly string[])[] = []) {
    this.name = name;
    this.help = help;
    this.labels = labels;
    for (const values of known) this.add(values, 0);
  }

  add(values: readonly string[], count = 1): void {
    const key = values.join('\n');
    this.#samples.set(key, [values, (this.#samples.get(key)?.[1] ?? 0) + count]);
  }

  samples(): Iterable<Sample> {
    return this.#samples.values();
  }
}
