/**
 * What can be read off a regular expression without running it: the literal text that every match must contain (so that
 * lines without it are skipped unread), how every match begins, and constructs that V8's linear engine cannot run. The only
 * user of regexpp.
 */
import { type AST, RegExpParser } from '@eslint-community/regexpp';
import type { Piece } from './beginnings.ts';
import { type ByteSet, bytesWhere, oneByte, type Tree } from './safety/tree.ts';

/** What is read off an expression for the fast path. */
export interface Reading {
  /** The longest text that is part of every match; empty where there is none. */
  readonly literal: string;
  /**
   * How every match begins, up to the first part that may be long once some text has told it from others; an expression,
   * empty where that is all.
   */
  readonly beginning: string;
  /** The same piece by piece, as bytes of latin1. */
  readonly pieces: readonly Piece[];
  /** The first look-around or back-reference; null where there is none. */
  readonly nonLinear: Place | null;
}

/** @throws SyntaxError */
export function readExpression(source: string): Reading {
  const pattern = parse(source);
  const [alternative, second] = pattern.alternatives;
  const only = alternative !== undefined && second === undefined ? alternative : null;
  const begins = only === null ? [] : firstElements(only);
  return {
    literal: only === null ? '' : longest(runs(only)),
    beginning: begins.map(({ raw }) => raw).join(''),
    pieces: begins.map(pieceOf),
    nonLinear: find(
      pattern.alternatives,
      (part) =>
        part.type === 'Backreference' ||
        (part.type === 'Assertion' && (part.kind === 'lookahead' || part.kind === 'lookbehind')),
    ),
  };
}

function parse(source: string): AST.Pattern {
  return new RegExpParser({ ecmaVersion: 2025 }).parsePattern(source);
}

function firstElements(alternative: AST.Alternative): AST.Element[] {
  let fixed = 0;
  const end = alternative.elements.findIndex((element) => {
    if (element.type === 'Character') fixed++;
    return !isShort(element) || (fixed >= TELLING && isLong(element));
  });
  return alternative.elements.slice(0, end < 0 ? undefined : end);
}

/** A short expression piece by piece. */
export function piecesOf(source: string): Piece[] {
  return [{ type: 'choice', options: parse(source).alternatives.map(({ elements }) => elements.map(pieceOf)) }];
}

/**
 * The expression as a tree, for proofs. Word boundaries and anchors are left out of it, so it stands for every text that
 * the expression matches, and for some more.
 */
export function treeOf(source: string): Tree {
  const pattern = parse(source);
  return choiceOf(pattern.alternatives, { ignoreCase: false, sets: new Map() });
}

interface Place {
  readonly offset: number;
  readonly raw: string;
}

/** The first anchor, or modifier of what anchors and dots mean: a pattern is anchored at both ends, and a dot is any byte. */
export function anchorPart(source: string): Place | null {
  const pattern = parse(source);
  return find(
    pattern.alternatives,
    (part) =>
      (part.type === 'Assertion' && (part.kind === 'start' || part.kind === 'end')) ||
      (part.type === 'Group' &&
        [part.modifiers?.add, part.modifiers?.remove].some((set) => set?.multiline || set?.dotAll)),
  );
}

/** A part of an expression, for who wants to know how far a text follows it. */
export interface Part {
  readonly raw: string;
  /** The same, matching as little as possible. */
  readonly lazy: string;
  /** The character that it stands for; null where it is more than one. */
  readonly text: string | null;
  /** The name of a capturing group. */
  readonly name: string | null;
  /** What a group that does not capture chooses from; null where it is none. */
  readonly options: readonly (readonly Part[])[] | null;
  readonly optional: boolean;
  /** How often it is repeated, such as `?` or `{0,3}`; empty where once. */
  readonly repeated: string;
}

/** The parts of an expression one after the other; a group that everything goes through is taken apart. */
export function partsOf(source: string): Part[] {
  const pattern = parse(source);
  const [alternative, second] = pattern.alternatives;
  return alternative === undefined || second !== undefined ? [] : alternative.elements.flatMap(partOf);
}

function partOf(element: AST.Element): Part[] {
  const { raw } = element;
  const part: Part = { raw, lazy: raw, text: null, name: null, options: null, optional: false, repeated: '' };
  switch (element.type) {
    case 'Character':
      return [{ ...part, text: String.fromCodePoint(element.value) }];
    case 'CapturingGroup':
      return [{ ...part, lazy: lazyGroup(element), name: element.name }];
    case 'Group': {
      if (element.modifiers !== null) return [part];
      const options = element.alternatives.map(({ elements }) => elements.flatMap(partOf));
      return options.length === 1 && options[0] ? options[0] : [{ ...part, options }];
    }
    case 'Quantifier': {
      const { element: repeated, min, greedy } = element;
      const plain = repeated.type === 'Group' && repeated.modifiers === null;
      const options = plain ? repeated.alternatives.map(({ elements }) => elements.flatMap(partOf)) : null;
      const times = raw.slice(repeated.raw.length);
      return [{ ...part, lazy: greedy ? `${raw}?` : raw, options, optional: min === 0, repeated: times }];
    }
    default:
      return [part];
  }
}

/** A capturing group around one repetition, as tokens are. */
function lazyGroup({ raw, alternatives }: AST.CapturingGroup): string {
  const [element, second] = alternatives.length === 1 ? (alternatives[0]?.elements ?? []) : [];
  return element?.type === 'Quantifier' && element.greedy && second === undefined ? `${raw.slice(0, -1)}?)` : raw;
}

interface TreeContext {
  readonly ignoreCase: boolean;
  /** The bytes of each class, which occur often. */
  readonly sets: Map<string, ByteSet>;
}

function choiceOf(alternatives: readonly AST.Alternative[], context: TreeContext): Tree {
  const options = alternatives.map(({ elements }): Tree => {
    const parts = elements.flatMap((element) => treeOfElement(element, context));
    return parts.length === 1 && parts[0] ? parts[0] : { type: 'sequence', parts };
  });
  return options.length === 1 && options[0] ? options[0] : { type: 'choice', options };
}

function treeOfElement(element: AST.Element, context: TreeContext): Tree[] {
  switch (element.type) {
    case 'Quantifier': {
      const [tree] = treeOfElement(element.element, context);
      const { min, max, start } = element;
      return tree === undefined ? [] : [{ type: 'repeat', tree, min, max, at: start }];
    }
    case 'Group': {
      const ignoreCase = context.ignoreCase || element.modifiers?.add?.ignoreCase === true;
      return [choiceOf(element.alternatives, { ...context, ignoreCase })];
    }
    case 'CapturingGroup':
      return [{ type: 'capture', name: element.name ?? '', tree: choiceOf(element.alternatives, context) }];
    case 'Character':
    case 'CharacterSet':
    case 'CharacterClass':
      return [{ type: 'bytes', bytes: bytesOf(element, context), at: element.start }];
    default:
      return [];
  }
}

function bytesOf(element: AST.Element, { ignoreCase, sets }: TreeContext): ByteSet {
  if (element.type === 'Character' && !ignoreCase) return oneByte(element.value);
  const key = `${ignoreCase} ${element.raw}`;
  let bytes = sets.get(key);
  if (bytes === undefined) {
    const one = new RegExp(`^${element.raw}$`, ignoreCase ? 'is' : 's');
    bytes = bytesWhere((byte) => one.test(String.fromCharCode(byte)));
    sets.set(key, bytes);
  }
  return bytes;
}

/** The literal runs of one alternative, in order; null marks a break. */
function runs(alternative: AST.Alternative): string[] {
  const found: string[] = [];
  let run = '';
  const cut = (): void => {
    found.push(run);
    run = '';
  };
  for (const element of alternative.elements) {
    if (element.type === 'Character') {
      run += String.fromCodePoint(element.value);
    } else if (isPlainGroup(element)) {
      // A group is no break: what stands in it goes on where it begins and where it ends.
      const [first = '', ...rest] = element.alternatives.flatMap(runs);
      run += first;
      for (const next of rest) {
        cut();
        run = next;
      }
    } else if (element.type !== 'Assertion') {
      cut();
    }
  }
  cut();
  return found;
}

/** A group that every match goes through as it is written: without alternatives and not in any case. */
function isPlainGroup(element: AST.Element): element is AST.Group | AST.CapturingGroup {
  if (element.type === 'CapturingGroup') return element.alternatives.length === 1;
  return element.type === 'Group' && element.alternatives.length === 1 && !element.modifiers?.add?.ignoreCase;
}

/** So much fixed text tells a message from others. To look further makes too many states of what a client wrote. */
const TELLING = 6;
/** So many characters of a word may be there or not: more are any number. */
const FEW = 3;
/** The most repetitions that still are short: of a queue id, or of the characters of an address. */
const SHORT = 45;

function pieceOf(element: AST.Element): Piece {
  switch (element.type) {
    case 'Quantifier':
      // Exactly how often matters little, and one state for any number is cheaper than one for each.
      return {
        type: 'repeat',
        piece: pieceOf(element.element),
        min: element.min,
        max:
          element.max > SHORT || (element.max > FEW && isWord(element.element))
            ? Number.POSITIVE_INFINITY
            : element.max,
      };
    case 'Group':
    case 'CapturingGroup':
      return { type: 'choice', options: element.alternatives.map(({ elements }) => elements.map(pieceOf)) };
    case 'Character':
      return { type: 'byte', bytes: element.value };
    default: {
      const one = new RegExp(`^${element.raw}$`, 's');
      return { type: 'byte', bytes: bytesWhere((byte) => one.test(String.fromCharCode(byte))) };
    }
  }
}

function isShort(element: AST.Element): boolean {
  switch (element.type) {
    case 'Quantifier':
      return element.max <= SHORT ? isShort(element.element) : isWord(element.element);
    case 'Group':
    case 'CapturingGroup':
      if (element.type === 'Group' && element.modifiers !== null) return false;
      return element.alternatives.every(({ elements }) => elements.every(isShort));
    case 'Character':
    case 'CharacterSet':
    case 'CharacterClass':
      return true;
    default:
      return false;
  }
}

/** Whether it may be repeated more than a few times. */
function isLong(element: AST.Element): boolean {
  switch (element.type) {
    case 'Quantifier':
      return element.max > FEW;
    case 'Group':
    case 'CapturingGroup':
      return element.alternatives.some(({ elements }) => elements.some(isLong));
    default:
      return false;
  }
}

/** Characters that come to an end soon, however many there may be: no line goes long without one of these. */
function isWord(element: AST.Element): boolean {
  const one = new RegExp(`^${element.raw}$`, 's');
  return isCharacter(element) && [' ', ':', '['].some((end) => !one.test(end));
}

function isCharacter(element: AST.Element): boolean {
  return element.type === 'Character' || element.type === 'CharacterSet' || element.type === 'CharacterClass';
}

function longest(texts: readonly string[]): string {
  return texts.reduce((best, text) => (text.length > best.length ? text : best), '');
}

function find(alternatives: readonly AST.Alternative[], isWanted: (part: AST.Element) => boolean): Place | null {
  for (const { elements } of alternatives) {
    for (const element of elements) {
      const inner = element.type === 'Quantifier' ? element.element : element;
      if (isWanted(inner)) return { offset: inner.start, raw: inner.raw };
      if (inner.type === 'Group' || inner.type === 'CapturingGroup') {
        const nested = find(inner.alternatives, isWanted);
        if (nested) return nested;
      }
    }
  }
  return null;
}
