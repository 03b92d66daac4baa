/**
 * What can be read off a regular expression without running it: the literal text that every match must contain (so that
 * lines without it are skipped unread), and constructs that V8's linear engine cannot run. The only user of regexpp.
 */
import { type AST, RegExpParser } from '@eslint-community/regexpp';

/** The longest text that is part of every match; empty where there is none. */
export function requiredLiteral(source: string): string {
  const pattern = new RegExpParser({ ecmaVersion: 2025 }).parsePattern(source);
  return pattern.alternatives.length === 1 && pattern.alternatives[0] ? longest(runs(pattern.alternatives[0])) : '';
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
    } else if ((element.type === 'Group' || element.type === 'CapturingGroup') && element.alternatives.length === 1) {
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
