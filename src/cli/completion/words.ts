/** The words of the command line as completions and manual pages need them, read out of commander's own tree. */
import type { Argument, Command, Option } from 'commander';
import type { NameKind } from './names.ts';

/** What may follow: one of some words, a file, a folder, a name that the daemon knows, or anything. */
export type Value =
  | { readonly type: 'choices'; readonly choices: readonly string[] }
  | { readonly type: 'names'; readonly names: NameKind }
  | { readonly type: 'file' | 'folder' | 'any' };

export interface OptionWords {
  /** `-h`, `--help`. */
  readonly names: readonly string[];
  readonly about: string;
  /** Null where it takes none. */
  readonly value: (Value & { readonly mayBeMissing: boolean }) | null;
  /** Whether it may be given several times. */
  readonly repeats: boolean;
}

export interface CommandWords {
  /** Behind `tailban`: nothing, `['list']`, `['filter', 'show']`. */
  readonly path: readonly string[];
  readonly about: string;
  /** Its own and, of those that contain it, theirs. */
  readonly options: readonly OptionWords[];
  readonly arguments: readonly { readonly about: string; readonly value: Value; readonly repeats: boolean }[];
  readonly commands: readonly CommandWords[];
}

export function wordsOf(command: Command, path: readonly string[] = []): CommandWords {
  const help = command.createHelp();
  const inner = help.visibleCommands(command).filter((child) => child.name() !== 'help');
  return {
    path,
    about: command.description(),
    options: [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)].map((option) =>
      optionWords(option, command),
    ),
    arguments: command.registeredArguments.map((argument) => ({
      about: argument.description,
      value: valueNamed(argument.name(), argument.argChoices, path),
      repeats: argument.variadic,
    })),
    commands: inner.map((child) => wordsOf(child, [...path, child.name()])),
  };
}

/** The command itself and all that it contains. */
export function allCommands(words: CommandWords): readonly CommandWords[] {
  return [words, ...words.commands.flatMap(allCommands)];
}

function optionWords(option: Option, command: Command): OptionWords {
  const name = /[<[]([^.>\]]+)/.exec(option.flags)?.[1];
  const places = [command.name(), option.attributeName()];
  return {
    names: [option.short, option.long].flatMap((flag) => (flag ? [flag] : [])),
    about: option.description,
    value:
      name === undefined ? null : { ...valueNamed(name, option.argChoices, places), mayBeMissing: option.optional },
    // What collects its values has a function to do so.
    repeats: option.parseArg !== undefined && !option.argChoices,
  };
}

/** Arguments are called by what they are; what that means for a shell is said here once. */
function valueNamed(name: string, choices: Argument['argChoices'], within: readonly string[]): Value {
  if (choices !== undefined) return { type: 'choices', choices };
  const key = [...within, name].join(' ');
  const names = KNOWN[key] ?? KNOWN[name];
  if (names !== undefined) return { type: 'names', names };
  if (name === 'FILE' || name === 'file' || name === 'path') return { type: 'file' };
  return { type: name === 'folder' ? 'folder' : 'any' };
}

const KNOWN: Readonly<Record<string, NameKind>> = {
  'unban SUBJECT': 'banned',
  'explain WHAT': 'banned',
  'unban login name': 'logins',
  'explain login name': 'logins',
  'disallow NETWORK': 'allowed',
  'filter show NAME': 'filters',
  'match filter name': 'filters',
  'explain filter name': 'filters',
  'replay filter name': 'filters',
  'test filter name': 'filters',
};
