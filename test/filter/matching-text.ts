/** Makes texts that a pattern matches, with a given address, and with hostile text wherever the pattern lets it in. */
import fc from 'fast-check';
import { treeOf } from '../../src/filter/regex.ts';
import { hasByte, type Tree } from '../../src/filter/safety/tree.ts';

export interface Parts {
  readonly ip: string;
  /** Of this, free text keeps what the pattern allows there. */
  readonly hostile: fc.Arbitrary<string>;
}

/** @param expression with its tokens expanded. */
export function matchingText(expression: string, parts: Parts): fc.Arbitrary<string> {
  return textOf(treeOf(expression), parts);
}

/** Repetitions that may be so long can hold a forgery. */
const LONG = 16;
const MOST_ROUNDS = 3;

function textOf(tree: Tree, parts: Parts): fc.Arbitrary<string> {
  switch (tree.type) {
    case 'bytes': {
      const bytes = bytesOf(tree);
      return fc.constantFrom(...bytes.map((byte) => String.fromCharCode(byte)));
    }
    case 'sequence':
      return joined(tree.parts.map((part) => textOf(part, parts)));
    case 'choice':
      return fc.oneof(...tree.options.map((option) => textOf(option, parts)));
    case 'capture':
      if (tree.name === 'ip') return fc.constant(parts.ip);
      return tree.name === 'session'
        ? textOf(tree.tree, { ...parts, hostile: fc.constant('s1') })
        : textOf(tree.tree, parts);
    case 'repeat':
      return repeated(tree, parts);
  }
}

function repeated({ tree, min, max }: Tree & { type: 'repeat' }, parts: Parts): fc.Arbitrary<string> {
  const rounds = fc
    .integer({ min, max: Math.max(min, Math.min(max, MOST_ROUNDS)) })
    .chain((count) => joined(Array.from({ length: count }, () => textOf(tree, parts))));
  if (tree.type !== 'bytes' || max < LONG) return rounds;
  const filler = String.fromCharCode(bytesOf(tree)[0] ?? 0);
  const allowed = parts.hostile.map((text) => {
    const kept = [...text].filter((char) => hasByte(tree.bytes, char.charCodeAt(0))).join('');
    return kept.slice(0, max).padEnd(min, filler);
  });
  return fc.oneof({ weight: 3, arbitrary: allowed }, { weight: 1, arbitrary: rounds });
}

function joined(texts: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string> {
  return fc.tuple(...texts).map((all) => all.join(''));
}

/** Printable ones where there are any; never a line break. */
function bytesOf({ bytes }: Tree & { type: 'bytes' }): number[] {
  const all = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => byte !== 10 && hasByte(bytes, byte));
  const printable = all.filter((byte) => byte >= 32 && byte < 127);
  return printable.length > 0 ? printable : all;
}
