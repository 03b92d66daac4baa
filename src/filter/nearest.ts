/**
 * For a message that no pattern matches: the pattern that comes nearest, and where it stops matching. For people who ask;
 * the daemon never does. A pattern is as near as the message has characters of its own text, which no wildcard took: up
 * to where it stops matching, and words of it behind.
 */
import type { CompiledPattern } from './compile.ts';
import { type Part, partsOf } from './regex.ts';
import { expandTokens, TOKEN_NAMES } from './tokens.ts';

export interface Nearest {
  readonly pattern: CompiledPattern;
  /** The message follows the pattern up to this index. */
  readonly end: number;
  /** What the pattern expects there, written with tokens; empty for the end of the message. */
  readonly expected: string;
}

/** How far a message follows a pattern. */
interface Progress {
  readonly end: number;
  readonly rest: readonly Part[];
  /** How many characters of the pattern's own text it has. */
  readonly score: number;
}

/** A pattern is near if so much of its own text is in the message. */
const LEAST_SHARE = 1 / 3;
const SHORTEST_WORD = 4;
/** What stands in its place tells more than words further on. */
const IN_ORDER = 3;
const LONGEST_EXPECTED = 60;
/** What stands within so many optional parts of each other, or behind so many, is not looked at more closely. */
const DEEPEST = 4;

/** Null where no pattern is near. */
export function nearestPattern(message: string, patterns: Iterable<CompiledPattern>): Nearest | null {
  let best: Nearest | null = null;
  let bestNearness = 0;
  let bestText = 0;
  for (const pattern of patterns) {
    const parts = partsOf(pattern.regex.source);
    const { score, rest, end } = follow(message, '', 0, parts);
    const words = wordsIn(message.slice(end), rest);
    const nearness = score * IN_ORDER + words;
    const text = scoreOf(parts);
    if (score === 0 || score + words < text * LEAST_SHARE) continue;
    // Of two that are equally near, the shorter one lacks less.
    if (nearness < bestNearness || (nearness === bestNearness && text >= bestText)) continue;
    best = { pattern, end, expected: describe(rest) };
    bestNearness = nearness;
    bestText = text;
  }
  return best;
}

/** How many characters the words have that stand in the message as they do in the rest of a pattern. */
function wordsIn(message: string, parts: readonly Part[]): number {
  const words = parts
    .map(({ text }) => text ?? '\0')
    .join('')
    .split('\0');
  const found = words.filter((word) => word.length >= SHORTEST_WORD && message.includes(word));
  return found.join('').length;
}

/**
 * @param before what has matched already, as an expression, and its score.
 * @param depth how many choices have been made on the way.
 */
function follow(message: string, before: string, scoreBefore: number, parts: readonly Part[], depth = 0): Progress {
  const failing = firstFailing(message, before, parts);
  const matched = parts.slice(0, failing);
  const end = endOf(message, before, matched);
  let first = failing;
  // What is optional and not there could have come here too.
  while (first > 0 && parts[first - 1]?.optional && endOf(message, before, parts.slice(0, first - 1)) === end) first--;
  let best: Progress = { end, rest: parts.slice(first), score: scoreBefore + scoreOf(matched) };
  // The message may follow one of several choices, or something optional, for a part of the way.
  for (const [at, { options, optional }] of parts.slice(0, failing + 1).entries()) {
    if (options === null || (at < failing && !optional) || depth === DEEPEST) continue;
    const prefix = before + lazily(matched.slice(0, at));
    const score = scoreBefore + scoreOf(matched.slice(0, at));
    for (const option of options) {
      let inner = follow(message, prefix, score, option, depth + 1);
      if (inner.rest.length === 0) {
        const rest = parts.slice(at + 1);
        inner = follow(message, prefix + lazily(option), score + scoreOf(option), rest, depth + 1);
      }
      if (inner.score > best.score) best = inner;
    }
  }
  return best;
}

/** The index of the first part that the message does not follow; the number of parts where it follows all. */
function firstFailing(message: string, before: string, parts: readonly Part[]): number {
  let follows = 0;
  let fails = parts.length + 1;
  while (fails - follows > 1) {
    const middle = (follows + fails) >> 1;
    const source = before + lazily(parts.slice(0, middle));
    if (new RegExp(source, 's').test(message)) follows = middle;
    else fails = middle;
  }
  return follows;
}

/** Of all ways to match, that in which the last part takes as much as it can and those before it as little. */
function endOf(message: string, before: string, parts: readonly Part[]): number {
  const last = Math.max(
    0,
    parts.findLastIndex(({ optional }) => !optional),
  );
  const source = before + lazily(parts.slice(0, last)) + rawOf(parts.slice(last));
  return new RegExp(source, 's').exec(message)?.[0].length ?? 0;
}

function lazily(parts: readonly Part[]): string {
  return parts.map(({ lazy }) => lazy).join('');
}

function rawOf(parts: readonly Part[]): string {
  return parts.map(({ raw }) => raw).join('');
}

function scoreOf(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + ownText(part), 0);
}

/** How many characters of the pattern's own text every match of a part has. */
function ownText({ text, options, optional }: Part): number {
  if (text !== null) return 1;
  return options === null || optional ? 0 : Math.min(...options.map(scoreOf));
}

/** The next parts as the author of a filter would write them. */
function describe(parts: readonly Part[]): string {
  const texts: string[] = [];
  let length = 0;
  for (const part of parts) {
    if (part.raw === '$' || length >= LONGEST_EXPECTED) break;
    const text = nameOf(part);
    texts.push(text);
    length += text.length;
  }
  const whole = texts.join('');
  return whole.length > LONGEST_EXPECTED ? `${whole.slice(0, LONGEST_EXPECTED)}…` : whole;
}

function nameOf({ text, name, raw, options, repeated }: Part): string {
  if (text !== null) return text;
  if (name !== null) return `<${name}>`;
  if (options !== null) return `(?:${options.map((option) => option.map(nameOf).join('')).join('|')})${repeated}`;
  const token = TOKEN_NAMES.find((known) => expandTokens(`<${known}>`) === raw);
  return token === undefined ? raw : `<${token}>`;
}
