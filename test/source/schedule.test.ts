/**
 * A writer with random rotations, a reader that is stopped and killed at random: at the end every line has been
 * delivered exactly once. A kill takes everything back to the last checkpoint, lines and positions alike.
 */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  renameSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileSource } from '../../src/source/file.ts';
import type { Position, Source } from '../../src/source/types.ts';
import { directory, Recorder, until } from './recorder.ts';

const SEEDS = Number(process.env['SEEDS'] ?? 12);
const FIRST_SEED = Number(process.env['FIRST_SEED'] ?? 1);

for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
  test(`every line is delivered exactly once whatever happens (seed ${seed})`, (t) => run(t, seed));
}

async function run(t: TestContext, seed: number): Promise<void> {
  const random = randomFrom(seed);
  const writer = new Writer(join(await directory(t), 'mail.log'), random);
  const reader = new Reader(writer.log + (random() < 0.5 ? '*' : ''), writer.lazy ? 10_000 : 40);
  t.after(() => reader.stop());
  writer.write();
  await reader.start();
  reader.checkpoint();
  for (let step = 0; step < 120; step++) {
    const dice = random();
    if (dice < 0.5) writer.write();
    else if (dice < 0.6) writer.writePiece();
    else if (dice < 0.7) {
      // A rotation in the same milliseconds as the one before is the matter of a test of its own.
      await reader.hasRead(writer.lines[writer.firstSinceRotation]);
      if (dice < 0.65) writer.rename();
      else writer.copyAndTruncate();
    } else if (dice < 0.8) reader.checkpoint();
    else if (dice < 0.84) await reader.kill();
    else if (dice < 0.86) await reader.stop();
    else if (dice < 0.93) await reader.start();
    if (random() < 0.3) await sleep(random() * 15);
  }
  writer.write();
  await reader.start();
  await until(() => reader.recorder.lines.length >= writer.lines.length).catch(() => undefined);
  await sleep(30);
  assert.deepEqual(difference(writer.lines, reader.recorder.lines), { missing: [], unexpected: [] });
}

class Writer {
  readonly log: string;
  /** Goes on with the old file for a while after it was renamed, as a daemon does that is told late. */
  readonly lazy: boolean;
  readonly lines: string[] = [];
  firstSinceRotation = 0;
  readonly #random: () => number;
  #file: number;
  #piece = '';
  #renamed = false;

  constructor(log: string, random: () => number) {
    this.log = log;
    this.#random = random;
    this.lazy = random() < 0.3;
    this.#file = openSync(log, 'a');
  }

  write(): void {
    if (this.#renamed && this.#random() < 0.5) this.#reopen();
    const count = 1 + Math.floor(this.#random() * 40);
    let text = this.#rest();
    for (let i = 0; i < count; i++) text += `${this.#line()}\n`;
    writeSync(this.#file, text);
  }

  writePiece(): void {
    if (this.#piece !== '') return;
    const line = this.#line();
    const length = 1 + Math.floor(this.#random() * (line.length - 1));
    this.#piece = line.slice(length);
    writeSync(this.#file, line.slice(0, length));
  }

  rename(): void {
    this.#shift();
    writeSync(this.#file, this.#rest());
    renameSync(this.log, `${this.log}.1`);
    if (this.lazy) {
      if (this.#renamed) this.#reopen();
      else appendFileSync(this.log, '');
      this.#renamed = true;
    } else this.#reopen();
    this.firstSinceRotation = this.lines.length;
    this.write();
  }

  copyAndTruncate(): void {
    if (this.#renamed) return;
    this.#shift();
    writeSync(this.#file, this.#rest());
    copyFileSync(this.log, `${this.log}.1`);
    truncateSync(this.log);
    this.firstSinceRotation = this.lines.length;
    this.write();
  }

  #reopen(): void {
    writeSync(this.#file, this.#rest());
    closeSync(this.#file);
    this.#file = openSync(this.log, 'a');
    this.#renamed = false;
  }

  #shift(): void {
    let last = 1;
    while (existsSync(`${this.log}.${last}`)) last++;
    for (let i = last; i > 1; i--) renameSync(`${this.log}.${i - 1}`, `${this.log}.${i}`);
  }

  #line(): string {
    const line = `${this.lines.length} ${'x'.repeat(Math.floor(this.#random() * 120))}`;
    this.lines.push(line);
    return line;
  }

  #rest(): string {
    const rest = this.#piece === '' ? '' : `${this.#piece}\n`;
    this.#piece = '';
    return rest;
  }
}

class Reader {
  recorder = new Recorder();
  readonly #glob: string;
  readonly #quiet: number;
  #source: Source | null = null;
  #kept: { lines: string[]; positions: Position[] } = { lines: [], positions: [] };

  constructor(glob: string, quiet: number) {
    this.#glob = glob;
    this.#quiet = quiet;
  }

  async start(): Promise<void> {
    if (this.#source !== null) return;
    const { recorder } = this;
    const timeOfLine = () => 0;
    this.#source = fileSource({
      name: 'mail',
      globs: [this.#glob],
      timeOfLine,
      now: Date.now,
      quiet: this.#quiet,
      rescan: 20,
    });
    await this.#source.start(recorder.positions(), 0, recorder);
  }

  /** Waits, unless it is stopped. */
  async hasRead(line: string | undefined): Promise<void> {
    const { lines } = this.recorder;
    if (this.#source !== null && line !== undefined) await until(() => lines.includes(line));
  }

  checkpoint(): void {
    // The position of a file that was empty tells it from no other; what happens to such a one is no part of this.
    const positions = this.recorder.positions();
    if (positions.some((one) => one.type === 'file' && one.fingerprint.length === 0)) return;
    this.#kept = { lines: [...this.recorder.lines], positions };
  }

  async kill(): Promise<void> {
    await this.#source?.stop();
    this.#source = null;
    this.recorder = new Recorder();
    this.recorder.lines.push(...this.#kept.lines);
    this.recorder.keep(this.#kept.positions);
  }

  async stop(): Promise<void> {
    this.checkpoint();
    await this.kill();
  }
}

function difference(expected: readonly string[], actual: readonly string[]) {
  const counts = new Map<string, number>();
  for (const line of expected) counts.set(line, (counts.get(line) ?? 0) - 1);
  for (const line of actual) counts.set(line, (counts.get(line) ?? 0) + 1);
  const wrong = (sign: number) =>
    [...counts].filter(([, count]) => Math.sign(count) === sign).map(([line]) => line.split(' ')[0]);
  return { missing: wrong(-1), unexpected: wrong(1) };
}

/** mulberry32: small, seeded, good enough to choose by. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
