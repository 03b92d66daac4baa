/** Problems of configuration and filter files, printed with the place and the line that they are in. */
import { readFileSync } from 'node:fs';
import { formatProblem } from '../config/problem.ts';
import { ConfigError, ConfigErrors } from '../errors.ts';
import type { Terminal } from './terminal.ts';

/** The problems that an error stands for; none where it is about something else. */
export function configProblems(error: unknown): readonly ConfigError[] {
  if (error instanceof ConfigErrors) return error.errors;
  return error instanceof ConfigError ? [error] : [];
}

export function printProblems(terminal: Terminal, problems: readonly ConfigError[]): void {
  const texts = new Map<string, string>();
  for (const problem of problems) {
    const text = texts.get(problem.file) ?? textOf(problem.file);
    texts.set(problem.file, text);
    terminal.note(formatProblem(problem, text));
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').toWellFormed();
  } catch {
    return '';
  }
}
