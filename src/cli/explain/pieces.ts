/** A message whose parts stand out: in colours on a terminal, else by carets and names in lines below. */
import { oneLine } from '../../core/one-line.ts';
import type { Terminal } from '../terminal.ts';
import type { Piece } from './line.ts';

const COLOURS = { ip: 'red', login: 'yellow' } as const;

/** @param indent stands before the message, and so before the carets. */
export function shownPieces(pieces: readonly Piece[], indent: string, terminal: Terminal): string[] {
  const coloured = pieces.map(({ text, name }) => partStyle(name, oneLine(text), terminal)).join('');
  const plain = pieces.map(({ text }) => oneLine(text)).join('');
  const carets = coloured === plain ? caretLines(pieces).map((line) => ' '.repeat(indent.length) + line) : [];
  return [indent + coloured, ...carets];
}

/** The text in the colour of a part with that name. */
export function partStyle(name: string | null, text: string, terminal: Terminal): string {
  if (name === null) return text;
  return terminal.style([Object.hasOwn(COLOURS, name) ? COLOURS[name as keyof typeof COLOURS] : 'cyan', 'bold'], text);
}

/** `^^^^ ip` under each part; names that do not fit into one line go into the next. */
function caretLines(pieces: readonly Piece[]): string[] {
  const lines: string[] = [];
  let at = 0;
  for (const { text, name } of pieces) {
    const width = [...oneLine(text)].length;
    if (name !== null) {
      const index = lines.findIndex((line) => line.length < at);
      const line = index < 0 ? '' : (lines[index] ?? '');
      lines[index < 0 ? lines.length : index] = `${line.padEnd(at)}${'^'.repeat(width)} ${name}`;
    }
    at += width;
  }
  return lines;
}
