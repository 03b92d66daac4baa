/** Cuts a stream of bytes into buffers of complete lines. Holds no more than one block and the start of one line. */
import { LONGEST_LINE, takeLines } from '../../source/lines.ts';

const EMPTY: Buffer = Buffer.alloc(0);
const NEWLINE = Buffer.from('\n');

/**
 * Yields complete lines, none longer than 16 KiB; a last line without a newline gets one. The blocks must not be used by
 * anybody else, since lines that are too long are cut in place.
 */
export async function* completeLines(blocks: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncGenerator<Buffer> {
  let rest = EMPTY;
  for await (const block of blocks) {
    const buffer = rest.length === 0 ? block : Buffer.concat([rest, block]);
    const { length, consumed } = takeLines(buffer, buffer.length);
    const end = buffer.length - (consumed - length);
    if (length > 0) yield buffer.subarray(0, length);
    // One byte more than a line may have is enough to know that it is to be cut.
    rest = Buffer.from(buffer.subarray(length, Math.min(end, length + LONGEST_LINE + 1)));
  }
  if (rest.length > 0) yield Buffer.concat([rest.subarray(0, LONGEST_LINE), NEWLINE]);
}
