/** The files of a replay: what they begin with, which log each is part of, and their lines. */
import type { Millis } from '../../core/types.ts';
import type { Copies } from '../../filter/copies.ts';
import { timeInLine } from '../../filter/line-time.ts';
import type { Sighting } from '../../filter/match.ts';
import { LogReader } from '../../filter/reader.ts';
import { StampReader } from '../../filter/stamp.ts';
import type { LogFile, RotatedLog } from '../../replay/rotation.ts';
import { openInput, referenceOf } from '../match/input.ts';
import { completeLines } from '../match/lines.ts';
import type { Terminal } from '../terminal.ts';
import type { LineRules } from './rules.ts';

export interface ReplayFile extends LogFile {
  readonly modified: Millis | null;
  /** In bytes on the disk; null for a pipe. */
  readonly size: number | null;
}

/** What is told of the reading while it goes on. */
export interface ReadingWatch {
  bytes(count: number): void;
  lines(count: number): void;
  /** The time of the last line of a file. */
  end(time: Millis): void;
  /** A file, or the rest of it, could not be read. */
  problem(name: string, error: unknown): void;
}

export interface ReadOptions {
  readonly terminal: Terminal;
  readonly rules: LineRules;
  readonly since: Millis;
  readonly until: Millis;
  readonly watch: ReadingWatch;
  /** Shared by all logs: what a program writes to two of them counts once. */
  readonly copies: Copies;
}

/** So much of the beginning of a file tells it from another. */
const BEGINNING = 4096;
/** Some line of so many must have a time. */
const LINES_TO_TRY = 200;
const NEWLINE = 10;
const PIECE = 32 * 1024;

/** Looks at the beginning of a file. Of standard input nothing is known before it is read. */
export async function inspectFile(name: string, terminal: Terminal, rules: LineRules): Promise<ReplayFile> {
  if (name === '-') return { name, start: null, beginning: '', modified: null, size: null };
  const input = await openInput(name, terminal.stdin);
  const { modified, size } = input;
  for await (const block of completeLines(input.blocks)) {
    const stamps = new StampReader(rules.of(name).localTime, referenceOf(input, terminal.now()));
    const lines = block.toString('latin1').split('\n', LINES_TO_TRY);
    const times = lines.values().map((line) => timeInLine(line, stamps));
    const start = times.find((time) => time !== null) ?? null;
    return { name, start, beginning: block.toString('latin1', 0, BEGINNING), modified, size };
  }
  return { name, start: null, beginning: '', modified, size };
}

/** The sightings of all files of one log, a piece at a time. */
export async function* readLog(log: RotatedLog<ReplayFile>, options: ReadOptions): AsyncGenerator<readonly Sighting[]> {
  const { since, until, watch } = options;
  for (const [index, file] of log.files.entries()) {
    const next = log.files[index + 1]?.start ?? null;
    // What is wholly outside of the time that is asked for need not be read.
    if ((next !== null && next < since) || (file.start !== null && file.start >= until)) {
      watch.bytes(file.size ?? 0);
      continue;
    }
    try {
      yield* readFile(file, options);
    } catch (error) {
      watch.problem(file.name, error);
    }
  }
}

async function* readFile(
  { name }: ReplayFile,
  { terminal, rules, watch, copies }: ReadOptions,
): AsyncGenerator<readonly Sighting[]> {
  const input = await openInput(name, terminal.stdin, (bytes) => watch.bytes(bytes));
  const reference = referenceOf(input, terminal.now());
  const { filters, localTime, units } = rules.of(name);
  const reader = new LogReader({ filters, localTime, reference, trust: { units }, copies });
  let last: Buffer | null = null;
  for await (const block of completeLines(input.blocks)) {
    for (const piece of pieces(block)) {
      const sightings: Sighting[] = [];
      const before = reader.lines;
      reader.match(piece, (sighting) => void sightings.push(sighting));
      watch.lines(reader.lines - before);
      yield sightings;
    }
    last = block;
  }
  const end = last === null ? null : timeInLine(lastLine(last), new StampReader(localTime, reference));
  if (end !== null) watch.end(end);
}

/** Small enough that what was read out of one is still among the youngest of the heap when it has been judged. */
function* pieces(lines: Buffer): Generator<Buffer> {
  for (let start = 0; start < lines.length; ) {
    const end = lines.indexOf(NEWLINE, Math.min(start + PIECE, lines.length - 1)) + 1;
    yield lines.subarray(start, end);
    start = end;
  }
}

function lastLine(lines: Buffer): string {
  const end = lines.length - 1;
  return lines.toString('latin1', lines.lastIndexOf(NEWLINE, end - 1) + 1, end);
}
