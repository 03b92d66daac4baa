/** Showing a configuration error to people: where it is, the line, a caret under the place, and what to write. */
import type { ConfigError } from '../errors.ts';

/** Longer lines are cut, so that the caret stays on the screen. */
const WIDEST = 120;

/**
 * `file:line:column: message`, the line with a caret under the column, and the hint. `text` is the file's text; the
 * line is left out where the error has no place in it.
 */
export function formatProblem(error: ConfigError, text: string): string {
  const hint = error.hint === '' ? [] : [`  hint: ${error.hint}`];
  const line = error.line > 0 ? text.split(/\r?\n/)[error.line - 1] : undefined;
  if (line === undefined) return [`${error.file === '' ? '' : `${error.file}: `}${error.message}`, ...hint].join('\n');
  const { shown, caret } = excerpt(line, error.column);
  const margin = String(error.line);
  return [
    `${error.file}:${error.line}:${error.column}: ${error.message}`,
    `  ${margin} | ${shown}`,
    `  ${' '.repeat(margin.length)} | ${' '.repeat(caret)}^`,
    ...hint,
  ].join('\n');
}

/** The part of a line around a column, as one terminal cell a character, and how far in the column is. */
function excerpt(line: string, column: number): { shown: string; caret: number } {
  const start = column > WIDEST - 20 ? column - Math.floor(WIDEST / 2) : 0;
  const before = printable(line.slice(start, column - 1));
  const after = printable(line.slice(column - 1, start + WIDEST));
  const prefix = start > 0 ? '…' : '';
  const suffix = line.length > start + WIDEST ? '…' : '';
  return { shown: `${prefix}${before}${after}${suffix}`, caret: [...prefix, ...before].length };
}

/** Control characters could move the cursor or recolour the terminal. */
function printable(text: string): string {
  return text.replaceAll('\t', ' ').replace(/[\p{Cc}\p{Cf}]/gu, '·');
}
