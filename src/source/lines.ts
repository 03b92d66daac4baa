/**
 * Complete lines out of a block of bytes, in place. Lines that are too long are cut, which costs nothing for others, and
 * holes are taken out.
 */

/** The most bytes of a line that are delivered, without its newline. */
export const LONGEST_LINE = 16 * 1024;

const NEWLINE = 10;

export interface Lines {
  /** So many bytes at the start of the buffer are now complete lines to deliver. */
  readonly length: number;
  /** So many bytes of the block as it was read have been used up: `length` and what was cut away or was a hole. */
  readonly consumed: number;
  readonly cut: number;
}

/**
 * Brings the complete lines among the first `length` bytes to the front of the buffer, none longer than `LONGEST_LINE`.
 * Steps from newline to newline in strides of 16 KiB, so that ordinary lines are not looked at one by one.
 */
export function takeLines(buffer: Buffer, length: number): Lines {
  let end = length;
  let line = 0;
  let cut = 0;
  while (end - line > LONGEST_LINE) {
    const last = buffer.subarray(line, line + LONGEST_LINE + 1).lastIndexOf(NEWLINE);
    if (last >= 0) {
      line += last + 1;
      continue;
    }
    // A writer that goes on at its old offset in an emptied file, or a crash, leaves a hole, and the next line behind it.
    const hole = leadingNuls(buffer.subarray(line, end));
    if (hole >= LONGEST_LINE) {
      buffer.copyWithin(line, line + hole, end);
      end -= hole;
      continue;
    }
    const tail = line + LONGEST_LINE;
    const newline = buffer.subarray(0, end).indexOf(NEWLINE, tail);
    if (newline < 0) break;
    buffer.copyWithin(tail, newline, end);
    end -= newline - tail;
    line = tail + 1;
    cut++;
  }
  const complete = line + buffer.subarray(line, end).lastIndexOf(NEWLINE) + 1;
  return { length: complete, consumed: complete + length - end, cut };
}

/** Where the newline is in the first `length` bytes; -1 without one. */
export function newlineIn(buffer: Buffer, length: number, from = 0): number {
  return buffer.subarray(0, length).indexOf(NEWLINE, from);
}

/** How many NUL bytes the buffer begins with. */
export function leadingNuls(buffer: Buffer): number {
  let at = 0;
  while (buffer[at] === 0) at++;
  return at;
}
