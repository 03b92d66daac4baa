/** Where to begin in a log that has never been read: the first line of a time, found by halving and not by scanning. */
import type { FileHandle } from 'node:fs/promises';
import type { Millis } from '../core/types.ts';
import { LONGEST_LINE, newlineIn } from './lines.ts';
import type { TimeOfLine } from './types.ts';

const BLOCK = 2 * LONGEST_LINE;
const NEWLINE = 10;

/** An open file, as long as it was when the search began. */
interface Searched {
  readonly handle: FileHandle;
  readonly size: number;
  readonly block: Buffer;
  readonly timeOfLine: TimeOfLine;
}

/**
 * The byte where the first line with a time of `since` or later begins; the last line start where all are older; null
 * where no line has a time. Lines without a time are stepped over. Takes the lines to be in order of time.
 */
export async function findStart(
  handle: FileHandle,
  size: number,
  since: Millis,
  timeOfLine: TimeOfLine,
): Promise<number | null> {
  const file: Searched = { handle, size, block: Buffer.allocUnsafe(BLOCK), timeOfLine };
  let low = 0;
  let high = size;
  let answer: number | null = null;
  let seen = false;
  // Every line with a time that begins before `low` is too old; none that begins in [high, answer) has a time.
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const line = await timedLine(file, middle, high);
    if (line === null) high = middle;
    else if (line.time < since) low = line.next;
    else {
      answer = line.start;
      high = middle;
    }
    seen ||= line !== null;
  }
  if (answer !== null) return answer;
  return seen ? lastLineStart(handle, size) : null;
}

/** The byte behind the last newline. */
export async function lastLineStart(handle: FileHandle, size: number): Promise<number> {
  const block = Buffer.allocUnsafe(BLOCK);
  for (let end = size; end > 0; ) {
    const from = Math.max(0, end - BLOCK);
    const { bytesRead } = await handle.read(block, 0, end - from, from);
    const newline = block.subarray(0, bytesRead).lastIndexOf(NEWLINE);
    if (newline >= 0) return from + newline + 1;
    end = from;
  }
  return 0;
}

interface TimedLine {
  readonly start: number;
  readonly next: number;
  readonly time: Millis;
}

/** The first complete line that begins in [from, to) and has a time. */
async function timedLine(file: Searched, from: number, to: number): Promise<TimedLine | null> {
  let at = from === 0 ? 0 : await afterNewline(file, from - 1);
  while (at !== null && at < to) {
    const { bytesRead } = await file.handle.read(file.block, 0, BLOCK, at);
    let line = 0;
    let newline = newlineIn(file.block, bytesRead);
    for (; newline >= 0; newline = newlineIn(file.block, bytesRead, line)) {
      if (at + line >= to) return null;
      const time = timeIn(file, line, newline);
      if (time !== null) return { start: at + line, next: at + newline + 1, time };
      line = newline + 1;
    }
    if (line > 0) {
      at += line;
      continue;
    }
    // A line of more than a block: its time stands in front, its end is somewhere else.
    const next = bytesRead < BLOCK ? null : await afterNewline(file, at + bytesRead);
    if (next === null) return null;
    const time = timeIn(file, 0, LONGEST_LINE);
    if (time !== null) return { start: at, next, time };
    at = next;
  }
  return null;
}

function timeIn(file: Searched, start: number, end: number): Millis | null {
  return file.timeOfLine(file.block.toString('latin1', start, Math.min(end, start + LONGEST_LINE)));
}

/** The byte behind the first newline at or after `from`; null where there is none. */
async function afterNewline(file: Searched, from: number): Promise<number | null> {
  const block = Buffer.allocUnsafe(BLOCK);
  for (let at = from; at < file.size; at += BLOCK) {
    const { bytesRead } = await file.handle.read(block, 0, BLOCK, at);
    const newline = newlineIn(block, bytesRead);
    if (newline >= 0) return at + newline + 1;
  }
  return null;
}
