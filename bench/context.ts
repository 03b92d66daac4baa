/** What all parts of the bench share: where they may write, how much they are to do, and what ends with them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateLog, type LogFacts } from './generate.ts';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

export interface BenchOptions {
  readonly lines: number;
  readonly seed: number;
  readonly addresses: number;
  readonly say: (text: string) => void;
}

export class Context {
  readonly options: BenchOptions;
  /** A folder of our own, gone at the end. */
  readonly folder: string;
  #log: { readonly path: string; readonly facts: LogFacts } | null = null;

  static async open(options: BenchOptions): Promise<Context> {
    return new Context(options, await mkdtemp(join(tmpdir(), 'tailban-bench-')));
  }

  private constructor(options: BenchOptions, folder: string) {
    this.options = options;
    this.folder = folder;
  }

  /** The day's traffic, written once and ending now. */
  log(): { readonly path: string; readonly facts: LogFacts } {
    if (this.#log === null) {
      const { lines, seed, say } = this.options;
      say(`writing a log of ${lines.toLocaleString('en')} lines`);
      const path = join(this.folder, 'mail.log');
      this.#log = { path, facts: generateLog(path, { lines, seed, end: LOG_END }) };
    }
    return this.#log;
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The last line of the log is from then, whenever it is read: so it is the same log every time. */
export const LOG_END = Date.UTC(2026, 10, 23);
