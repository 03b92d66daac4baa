/** `tailban completion`: the script that a shell reads to complete our commands. */
import type { Command } from 'commander';
import { bashCompletion } from '../completion/bash.ts';
import { fishCompletion } from '../completion/fish.ts';
import type { Shell } from '../completion/names.ts';
import { type CommandWords, wordsOf } from '../completion/words.ts';
import { zshCompletion } from '../completion/zsh.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import type { Invocation } from '../invocation.ts';

const SCRIPTS: Readonly<Record<Shell, (words: CommandWords) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

export async function completion({ terminal }: Invocation, shell: Shell, program: Command): Promise<ExitCode> {
  await terminal.write(completionScript(shell, program));
  return EXIT.ok;
}

export function completionScript(shell: Shell, program: Command): string {
  return SCRIPTS[shell](wordsOf(program));
}
