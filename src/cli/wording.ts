/** What the words of all commands share: how a command is run, and the examples below its help. */
import type { ExitCode } from './exit.ts';
import type { Invocation } from './invocation.ts';

/** Runs a command and keeps its exit code. */
export type Run = (command: (invocation: Invocation) => Promise<ExitCode>) => Promise<void>;

export function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}
