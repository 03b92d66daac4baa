/**
 * What can be read off a regular expression without running it: the literal text that every match must contain (so that
 * lines without it are skipped unread), how every match begins, and constructs that V8's linear engine cannot run. The only
 * user of regexpp.
 */
import { type AST, RegExpParser } from '@eslint-community/regexpp';
import type { Piece } from './beginnings.ts';

/** The longest text that is part of every match; empty where there is none. */
export function requiredLiteral(source: string): string {
  const pattern = new RegExpParser({ ecmaVersion: 2025 }).parsePattern(source);
  return pattern.alternatives.length === 1 && pattern.alternatives[0] ? longest(runs(pattern.alternatives[0])) : '';
}

/** How every match begins, up to the first part that may be long: expressions, one after the other. Empty where that is all. */
export function beginning(source: string): string[] {
  const pattern = new RegExpParser({ ecmaVersion: 2025 }).parsePattern(source);
  const [alternative, second] = pattern.alternatives;
  if (alternative === undefined || second !== undefined) return [];
  const end = alternative.elements.findIndex((element) => !isShort(element));
  return alternative.elements.slice(0, end < 0 ? undefined : end).map((element) => element.raw);
}

/** Such a beginning piece by piece, as bytes of latin1. */
export function piecesOf(source: string): Piece[] {
  const pattern = new RegExpParser({ ecmaVersion: 2025 }).parsePattern(source);
  return [{ type: 'choice', options: pattern.alternatives.map(({ elements }) => elements.map(pieceOf)) }];
}

/** The first look-around or back-reference in the expression, with its offset; null where there is none. */
export function nonLinearPart(source: string): { readonly offset: number; readonly raw: string } | null {
  const pattern = new RegExpParser({ ecmaVersion: 2025 }).parsePattern(source);
  return find(pattern.alternatives);
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
      const inner = element.alternatives[0];
      cut();
      if (inner) found.push(...runs(inner));
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

/** The most repetitions that still are short: of a queue id, or of the characters of an address. */
const SHORT = 45;

const BYTES = Array.from({ length: 256 }, (_, byte) => byte);

function pieceOf(element: AST.Element): Piece {
  switch (element.type) {
    case 'Quantifier':
      return { type: 'repeat', piece: pieceOf(element.element), min: element.min, max: element.max };
    case 'Group':
    case 'CapturingGroup':
      return { type: 'choice', options: element.alternatives.map(({ elements }) => elements.map(pieceOf)) };
    default: {
      const one = new RegExp(`^${element.raw}$`);
      return { type: 'byte', bytes: new Set(BYTES.filter((byte) => one.test(String.fromCharCode(byte)))) };
    }
  }
}

function isShort(element: AST.Element): boolean {
  switch (element.type) {
    case 'Quantifier':
      return element.max <= SHORT && isShort(element.element);
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

function longest(texts: readonly string[]): string {
  return texts.reduce((best, text) => (text.length > best.length ? text : best), '');
}

function find(alternatives: readonly AST.Alternative[]): { offset: number; raw: string } | null {
  for (const alternative of alternatives) {
    for (const element of alternative.elements) {
      const inner = element.type === 'Quantifier' ? element.element : element;
      if (inner.type === 'Backreference') return { offset: inner.start, raw: inner.raw };
      if (inner.type === 'Assertion' && (inner.kind === 'lookahead' || inner.kind === 'lookbehind')) {
        return { offset: inner.start, raw: inner.raw };
      }
      if (inner.type === 'Group' || inner.type === 'CapturingGroup') {
        const nested = find(inner.alternatives);
        if (nested) return nested;
      }
    }
  }
  return null;
}
