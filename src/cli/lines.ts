/** Reports for people, line by line, each in one colour or none. */
import { oneLine } from '../core/one-line.ts';
import type { Terminal } from './terminal.ts';

export type Line = string | { readonly text: string; readonly format: 'bold' | 'red' | 'yellow' | 'green' };

/** Log lines and names in it cannot steer the terminal. */
export function printLines(terminal: Terminal, lines: readonly Line[]): void {
  for (const line of lines)
    terminal.print(typeof line === 'string' ? oneLine(line) : terminal.style(line.format, oneLine(line.text)));
}

export function title(text: string): Line {
  return { text, format: 'bold' };
}
