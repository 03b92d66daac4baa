/** The proofs for patterns as they stand in filter files, with tokens and with the prefix of their file. */
import { anchorPart, treeOf } from './regex.ts';
import { disputedLine, type Unsafe, unsafePart } from './safety/proof.ts';
import { expandTokens, offsetInPattern } from './tokens.ts';

interface Written {
  readonly prefix: string;
  readonly pattern: string;
}

/** What is unsafe in a pattern that compiles, with its offset in the pattern (0 where it is the prefix); or null. */
export function unsafePattern({ prefix, pattern }: Written): Unsafe | null {
  const start = expandTokens(prefix).length;
  const expression = expandTokens(prefix) + expandTokens(pattern);
  const anchor = anchorPart(expression);
  const found: Unsafe | null =
    anchor === null
      ? unsafePart(treeOf(expression))
      : {
          offset: anchor.offset,
          problem: `"${anchor.raw}" is a part that no pattern needs: all are anchored at both ends, and a dot stands for every character`,
          hint: 'Leave it out',
        };
  return found === null ? null : { ...found, offset: offsetInPattern(pattern, Math.max(0, found.offset - start)) };
}

/** A line in which two patterns find different addresses, so that their order decides; null where there is none. */
export function disputedBy(one: Written, other: Written): string | null {
  const tree = ({ prefix, pattern }: Written) => treeOf(expandTokens(prefix) + expandTokens(pattern));
  return disputedLine(tree(one), tree(other));
}
