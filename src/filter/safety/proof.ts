/**
 * Proves that a pattern is safe: no text of a client can move the address that it reads, and no line can keep it busy.
 * What it cannot prove it refuses, with the place, the reason and what to write instead.
 */
import { type Span, type TwoReadings, twoReadings } from './ambiguity.ts';
import { Automaton, type Loop } from './automaton.ts';
import { costliestLoops, endlessLoop } from './cost.ts';
import { type ByteSet, hasByte, type Tree } from './tree.ts';

export interface Unsafe {
  /** Where in the expression. */
  readonly offset: number;
  readonly problem: string;
  /** What to write instead. */
  readonly hint: string;
}

/** No line is longer when it comes to the patterns. */
const LONGEST_LINE = 16 * 1024;
/** A line that takes more steps takes more than some 50 ms. */
const MOST_STEPS = 20_000_000;
/** What must come before free text, so that the text of other lines is not taken for this one. */
const SHORTEST_HEAD = 4;

/** Captures that tell whose a line is. */
const OWNERS = { ip: 'address', session: 'session', pid: 'process' } as const;

/** The first thing that is unsafe in an expression; null where it is proven that there is none. */
export function unsafePart(tree: Tree): Unsafe | null {
  for (const capture of ['ip', 'session', 'pid'] as const) {
    const automaton = new Automaton(tree, capture, LONGEST_LINE);
    // A line with an address of its own takes none from its connection, so it may be in one or in none.
    const found = twoReadings(automaton, automaton, capture !== 'ip' && captures(tree, 'ip'));
    if (found !== null) return { offset: found.at[0], ...ambiguous(capture, found) };
  }
  return textBeforeHead(tree) ?? slowPart(new Automaton(tree, 'ip', LONGEST_LINE));
}

/** A line in which two patterns find two addresses; null where there is none. */
export function disputedLine(one: Tree, other: Tree): string | null {
  const found = twoReadings(new Automaton(one, 'ip', LONGEST_LINE), new Automaton(other, 'ip', LONGEST_LINE), true);
  if (found === null) return null;
  const [first, second] = placesOf(found);
  return first && second && second.start < first.end ? found.line : withAddresses(found);
}

function ambiguous(capture: keyof typeof OWNERS, found: TwoReadings): Pick<Unsafe, 'problem' | 'hint'> {
  const what = OWNERS[capture];
  const [first, second] = placesOf(found);
  if (first && second && second.start < first.end) {
    return {
      problem: `the ${what} of a line can begin or end in two places, because what stands beside it can hold the same characters: ${JSON.stringify(found.line)}`,
      hint: `Put a character between them that neither can hold, such as a blank or a bracket`,
    };
  }
  const where = second ? `its ${what} in two places` : `its ${what} in one place or nowhere`;
  return {
    problem: `a line can have ${where}, so a client could choose: ${JSON.stringify(capture === 'ip' ? withAddresses(found) : found.line)}`,
    hint: `Before the ${what}, or behind it, allow only text that cannot imitate what stands around it, such as [^\\[\\]]{0,255}\\[<ip>\\]`,
  };
}

function captures(tree: Tree, name: string): boolean {
  if (tree.type === 'capture') return tree.name === name || captures(tree.tree, name);
  if (tree.type === 'sequence') return tree.parts.some((part) => captures(part, name));
  if (tree.type === 'choice') return tree.options.some((option) => captures(option, name));
  return tree.type === 'repeat' && captures(tree.tree, name);
}

function placesOf({ spans }: TwoReadings): Span[] {
  return spans.filter((span) => span !== null).sort((a, b) => a.start - b.start);
}

const EXAMPLES = ['192.0.2.1', '203.0.113.77'];

/** The line with addresses that people recognise. */
function withAddresses(found: TwoReadings): string {
  let text = found.line;
  for (const [index, { start, end }] of [...placesOf(found).entries()].reverse())
    text = text.slice(0, start) + (EXAMPLES[index] ?? '') + text.slice(end);
  return text;
}

/** Free text before anything that says which line this is, with the address behind it. */
function textBeforeHead(tree: Tree): Unsafe | null {
  let head = 0;
  let run = 0;
  let text: number | null = null;
  let found: Unsafe | null = null;
  const walk = (part: Tree): void => {
    if (part.type === 'sequence') for (const one of part.parts) walk(one);
    else if (part.type === 'bytes') run = isOneByte(part.bytes) ? run + 1 : 0;
    else if (part.type === 'capture' && part.name === 'ip') {
      if (text !== null && found === null) {
        found = {
          offset: text,
          problem: `free text stands at the start, so that any line which ends like this one is taken for it`,
          hint: `Begin with ${SHORTEST_HEAD} or more characters that only this line begins with, and bound what stands before them, such as <name>`,
        };
      }
    } else if (part.type === 'capture') walk(part.tree);
    else if (part.type === 'repeat') {
      run = 0;
      if (isFreeText(part) && head < SHORTEST_HEAD) text ??= part.at;
      else if (part.tree.type !== 'bytes') walk(part.tree);
    } else {
      for (const option of part.options) walk(option);
      run = 0;
    }
    head = Math.max(head, run);
  };
  walk(tree);
  return found;
}

function isOneByte(set: ByteSet): boolean {
  return set.reduce((count, word) => count + (word.toString(2).match(/1/g)?.length ?? 0), 0) === 1;
}

/** A repetition that could hold a sentence: blanks, letters, digits and most of the rest. */
function isFreeText({ tree, max }: Tree & { type: 'repeat' }): boolean {
  if (tree.type !== 'bytes' || max < 16) return false;
  let printable = 0;
  for (let byte = 32; byte < 127; byte++) if (hasByte(tree.bytes, byte)) printable++;
  return hasByte(tree.bytes, 32) && printable > 80;
}

function slowPart(automaton: Automaton): Unsafe | null {
  const endless = endlessLoop(automaton);
  if (endless !== null) {
    return {
      offset: endless.at,
      problem: 'this repetition can go round in two ways over the same text, so that a line can keep it busy for ever',
      hint: 'Have each round begin or end with a character that stands nowhere else in it',
    };
  }
  const { loops, cost } = costliestLoops(automaton);
  const second: Loop | undefined = loops[1];
  if (second === undefined || cost <= MOST_STEPS) return null;
  return {
    offset: second.at,
    problem: `a text can be divided in ${Math.round(cost).toLocaleString('en')} ways between this repetition and the one before it, so that a line can keep it busy for long`,
    hint: `Take a delimiter out of one of them, such as [^,]{0,255} before a comma, or bound both: ${MOST_STEPS.toLocaleString('en')} ways are allowed`,
  };
}
