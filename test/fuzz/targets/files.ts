/**
 * A log that is written, cut in the middle of lines, rotated in every way, emptied, deleted and made again, while a source
 * follows it and is restarted now and then. Whatever had been read, or is still to be found, is delivered once; nothing
 * is ever delivered twice, nor half.
 */
import assert from 'node:assert/strict';
import { existsSync, rmSync, truncateSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileSource } from '../../../src/source/file.ts';
import type { Source } from '../../../src/source/types.ts';
import { Recorder } from '../../source/recorder.ts';
import type { Random } from '../../support/random.ts';
import { RotatingLog } from '../../support/rotating-log.ts';
import type { Target } from '../target.ts';

/** After so many operations everything is checked and begins anew. */
const ROUND = 40;
const PATIENCE = 10_000;
const RESCAN = 40;

export const files: Target = {
  inputs: 'operations on log files',
  open: (random) => {
    let told: readonly string[] = [];
    return {
      step: async () => {
        const folder = await mkdtemp(join(tmpdir(), 'tailban-fuzz-'));
        const story = new Story(folder, random);
        told = story.told;
        try {
          await story.run();
        } finally {
          await story.end();
          await rm(folder, { recursive: true, force: true });
        }
        return ROUND;
      },
      last: () => told.join('\n'),
    };
  },
};

class Story {
  readonly told: string[] = [];
  readonly #path: string;
  readonly #folder: string;
  readonly #random: Random;
  readonly #recorder = new Recorder();
  readonly #log: RotatingLog;
  #source: Source | null = null;
  #written = 0;
  /** Lines that may have been lost with their file, before anybody could read them. */
  readonly #maybe = new Set<number>();

  constructor(folder: string, random: Random) {
    this.#folder = folder;
    this.#path = join(folder, 'mail.log');
    this.#random = random;
    this.#log = new RotatingLog(this.#path);
  }

  async run(): Promise<void> {
    this.#write(1, 0);
    await this.#start();
    for (let n = 0; n < ROUND; n++) await this.#operate();
    await this.#settle();
    this.#check();
  }

  async end(): Promise<void> {
    this.#log.close();
    await this.#source?.stop();
  }

  async #operate(): Promise<void> {
    const random = this.#random;
    const choice = random.next();
    if (choice < 0.5) this.#write(1 + random.below(20), random.chance(0.3) ? random.below(30) : 0);
    else if (choice < 0.6) await this.#pause();
    else if (choice < 0.7) await this.#rename();
    else if (choice < 0.8) await this.#copyTruncate();
    else if (choice < 0.86) await this.#lose('empties it', () => truncateSync(this.#path));
    else if (choice < 0.92) await this.#lose('deletes it', () => rmSync(this.#path));
    else await this.#restart();
  }

  #write(count: number, cut: number): void {
    const from = this.#written;
    this.#written += count;
    let text = '';
    for (let n = from; n < this.#written; n++) text += lineOf(n);
    this.told.push(`writes lines ${from} to ${this.#written - 1}, without the last ${cut} bytes`);
    this.#log.write(text, cut);
  }

  async #pause(): Promise<void> {
    const duration = this.#random.below(RESCAN * 2);
    this.told.push(`waits ${duration} ms`);
    await sleep(duration);
  }

  async #rename(): Promise<void> {
    // Who never saw a file under its name does not know it under another.
    await this.#settle();
    this.told.push('renames it');
    this.#log.rotate('rename', { stay: this.#random.below(3) });
    this.#write(1, 0);
  }

  async #copyTruncate(): Promise<void> {
    await this.#settle();
    if (!existsSync(this.#path)) return;
    this.told.push('copies and empties it');
    const first = this.#written++;
    this.#log.rotate('copytruncate', { first: lineOf(first) });
  }

  /** What has not been read by then is gone. */
  async #lose(what: string, lose: () => void): Promise<void> {
    if (this.#random.chance(0.7)) await this.#settle();
    // So that no line is half in the file that goes and half in the next one.
    else this.#write(1, 0);
    if (!existsSync(this.#path)) return;
    this.told.push(what);
    const had = new Set(this.#delivered());
    for (let n = 0; n < this.#written; n++) if (!had.has(n)) this.#maybe.add(n);
    lose();
    this.#write(1, 0);
  }

  async #restart(): Promise<void> {
    this.told.push('the source starts anew');
    await this.#source?.stop();
    await this.#start();
  }

  async #start(): Promise<void> {
    this.#source = fileSource({
      name: 'mail',
      globs: [this.#path],
      timeOfLine: () => 0,
      now: Date.now,
      rescan: RESCAN,
    });
    await this.#source.start(this.#recorder.positions(), 0, this.#recorder);
  }

  /** Waits until everything is there that has to come. */
  async #settle(): Promise<void> {
    this.#write(1, 0);
    const deadline = performance.now() + PATIENCE;
    while (this.#missing().length > 0) {
      if (performance.now() > deadline) {
        const names = await readdir(this.#folder);
        assert.fail(`the lines ${this.#missing().join(', ')} do not come; the folder has ${names.join(', ')}`);
      }
      await sleep(2);
    }
    this.#check();
  }

  #missing(): number[] {
    const had = new Set(this.#delivered());
    return Array.from({ length: this.#written }, (_, n) => n).filter((n) => !had.has(n) && !this.#maybe.has(n));
  }

  #check(): void {
    const lines = this.#delivered();
    for (const [index, line] of this.#recorder.lines.entries())
      assert.equal(`${line}\n`, lineOf(lines[index] ?? -1), 'every line is whole');
    const seen = new Set<number>();
    for (const n of lines) {
      assert.ok(!seen.has(n), `line ${n} comes twice`);
      seen.add(n);
    }
  }

  #delivered(): number[] {
    return this.#recorder.lines.map((line) => Number(line.split(' ')[0]));
  }
}

/** Of different lengths, and no two alike. */
function lineOf(n: number): string {
  return `${n} line number ${n} ${'x'.repeat((n * 37) % 90)}\n`;
}
