/** What the tests of sources share: a sink that keeps everything as the daemon would, directories, waiting. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FileSourceOptions, fileSource } from '../../src/source/file.ts';
import { type Chunk, type Position, positionKey, type Sink, type Source } from '../../src/source/types.ts';

/** Keeps lines and positions; give the same one to the next source to play a restart. */
export class Recorder implements Sink {
  readonly lines: string[] = [];
  readonly origins: string[] = [];
  readonly warnings: string[] = [];
  readonly infos: string[] = [];
  readonly forgotten: string[] = [];
  readonly stored = new Map<string, Position>();
  cut = 0;
  largest = 0;

  chunk(chunk: Chunk): void {
    const text = chunk.data.toString('latin1');
    if (text !== '' && !text.endsWith('\n')) throw new Error(`A chunk ends inside a line: ${text.slice(-40)}`);
    const lines = text.split('\n').slice(0, -1);
    for (const line of lines) {
      this.lines.push(line);
      this.origins.push(chunk.origin);
    }
    this.cut += chunk.cut;
    this.largest = Math.max(this.largest, chunk.data.length);
    this.stored.set(positionKey(chunk.position), chunk.position);
  }

  begin(position: Position): void {
    this.stored.set(positionKey(position), position);
  }

  forget(position: Position): void {
    this.forgotten.push(positionKey(position));
    this.stored.delete(positionKey(position));
  }

  warn(message: string): void {
    this.warnings.push(message);
  }

  info(message: string): void {
    this.infos.push(message);
  }

  /** Begins with these positions, as after a restart. */
  keep(positions: readonly Position[]): void {
    for (const position of positions) this.stored.set(positionKey(position), position);
  }

  positions(): Position[] {
    return structuredClone([...this.stored.values()]);
  }
}

/** A directory that is gone after the test. */
export async function directory(test: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'tailban-source-'));
  test.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** The time of lines such as `<milliseconds> text`; others have none. */
export function timeOfLine(line: string): number | null {
  const digits = /^(\d+) /.exec(line)?.[1];
  return digits === undefined ? null : Number(digits);
}

/** Lines of those numbers, different from each other in their first bytes, as real log lines are. */
export function numbered(from: number, to: number): string {
  let text = '';
  for (let i = from; i < to; i++) text += `${i} line number ${i} of a log that is being rotated\n`;
  return text;
}

/** The numbers of the lines that were read. */
export function numbers(recorder: Recorder): number[] {
  return recorder.lines.map((line) => Number(line.split(' ')[0]));
}

export function upTo(end: number): number[] {
  return Array.from({ length: end }, (_, i) => i);
}

type Changed = Partial<FileSourceOptions> & { readonly globs: readonly string[]; readonly since?: number };

/** Starts a file source that is stopped after the test; all lines are young enough where nothing else is said. */
export async function follow(test: TestContext, recorder: Recorder, options: Changed): Promise<Source> {
  const source = fileSource({ name: 'mail', timeOfLine: () => 0, now: Date.now, rescan: 200, ...options });
  test.after(() => source.stop());
  await source.start(recorder.positions(), options.since ?? 0, recorder);
  return source;
}

/** Waits until something is so, at most a few seconds. */
export async function until(what: () => boolean, longest = 20_000): Promise<void> {
  const end = performance.now() + longest;
  while (!what()) {
    if (performance.now() > end) throw new Error(`Waited ${longest} ms in vain for ${what}`);
    await sleep(2);
  }
}

/** Root may read everything, so root has to be somebody else for a while. */
export function asNobody(yes: boolean): void {
  if (process.getuid?.() === 0) process.seteuid?.(yes ? 65_534 : 0);
}
