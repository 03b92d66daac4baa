/** What the words of all commands share: how a command is run, and the examples below its help. */
import type { ExitCode } from './exit.ts';
import type { Invocation } from './invocation.ts';

/** Runs a command and keeps its exit code. */
export type Run = (command: (invocation: Invocation) => Promise<ExitCode>) => Promise<void>;

export function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

/** How lists of one line each are written, below the help of who writes and who reads them. */
export const PLAIN_FORM = `A plain list has an address, a network or login:NAME on each line. A login with
blanks, quotes or control characters is quoted as in JSON: login:"two words"`;
