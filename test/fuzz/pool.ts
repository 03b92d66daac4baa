/** Inputs to begin with: every sample line of the shipped filters, and every line of the corpus of real logs. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { filters } from '../filter/reading.ts';
import type { Random } from '../support/random.ts';

const CORPUS = join(import.meta.dirname, '../corpus');

/** Lines of text logs, as latin1. */
export function logLines(): string[] {
  const samples = filters.flatMap(({ definition }) => [
    ...definition.patterns.flatMap((pattern) => pattern.samples.map(({ line }) => line)),
    ...definition.negatives,
    ...definition.stories.flatMap(({ lines }) => lines),
  ]);
  const corpus = corpusFiles((name) => /(?:\.log|log)$/.test(name)).flatMap(linesOf);
  return [...samples.map((line) => Buffer.from(line).toString('latin1')), ...corpus];
}

/** Entries of journals, as latin1. */
export function journalLines(): string[] {
  return corpusFiles((name) => name.endsWith('.json.gz')).flatMap((data) => linesOf(gunzipSync(data)));
}

function corpusFiles(wanted: (name: string) => boolean): Buffer[] {
  const entries = readdirSync(CORPUS, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && wanted(entry.name))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
}

function linesOf(data: Buffer): string[] {
  return data
    .toString('latin1')
    .split('\n')
    .filter((line) => line !== '');
}

/** Inputs that reached something are worth going on from. */
export class Pool {
  readonly #inputs: string[];
  readonly #most: number;
  readonly #reached = new Map<string, number>();

  constructor(inputs: readonly string[], more = 5_000) {
    this.#inputs = [...inputs];
    this.#most = inputs.length + more;
  }

  pick(random: Random): string {
    return random.pick(this.#inputs);
  }

  /** Keeps an input that reached something that few others have reached. */
  reached(what: string, input: string): void {
    const times = (this.#reached.get(what) ?? 0) + 1;
    this.#reached.set(what, times);
    if (times <= FEW && this.#inputs.length < this.#most && input.length < LONGEST_KEPT) this.#inputs.push(input);
  }

  get size(): number {
    return this.#inputs.length;
  }

  /** How many different things have been reached. */
  get places(): number {
    return this.#reached.size;
  }
}

const FEW = 10;
const LONGEST_KEPT = 2_000;
