/** The manual page `tailban(8)`, made of the same words as `tailban --help`. */
import type { Command, Help } from 'commander';
import { EXIT } from '../../src/cli/exit.ts';
import { argument, display, head, list, prose, section, subsection } from './mdoc.ts';

const DESCRIPTION = `
tailban follows the logs of a mail host, counts failed logins and other attacks, and bans who makes too many: addresses in
the firewall, logins at the mail server. The daemon is \`tailban run\`, which systemd starts; every other command is for an
admin. Without any configuration it finds the logs by itself.`;

const EXITS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'It is done.',
  refused: 'The daemon says no, or there is no such thing.',
  warnings: '`tailban doctor` has found something to look at.',
  problems: '`tailban doctor` has found something that does not work.',
  usage: 'The command line is wrong.',
  badData: 'The input cannot be used.',
  noInput: 'A file is not there.',
  unavailable: 'No daemon answers.',
  internal: 'A fault of tailban itself.',
  cannotCreate: 'A file cannot be written.',
  ioError: 'The disk fails.',
  permission: 'This user may not do that.',
  config: 'The configuration or a filter is wrong.',
};

const FILES: readonly (readonly [string, string])[] = [
  ['/etc/tailban/tailban.toml', 'The configuration, see'],
  ['/etc/tailban/tailban.d/*.toml', 'Drop-ins, read behind it in the order of their names.'],
  ['/etc/tailban/filters/*.toml', 'Filters of your own, which extend or replace the shipped ones.'],
  ['/run/tailban/tailban.sock', 'Where the daemon is asked; for root and the group tailban.'],
  ['/var/lib/tailban/tailban.db', 'Bans, counters and how far the logs have been read.'],
];

export function renderProgramPage(program: Command, version: string): string {
  const help = program.createHelp();
  const commands = commandsOf(program, help);
  return [
    head('TAILBAN 8', version),
    section('NAME', '.Nm tailban\n.Nd keeps attackers off mail servers\n'),
    section('SYNOPSIS', `.Nm\n.Op Ar options\n.Ar command\n.Op Ar arguments\n`),
    section('DESCRIPTION', prose(DESCRIPTION)),
    section('COMMANDS', commands.map((command) => describe(command, help)).join('')),
    section('OPTIONS', `These may be given with every command.\n${options(program, help)}`),
    section('ENVIRONMENT', list([['Ev NO_COLOR', 'If it is set, nothing is coloured.\n']])),
    section('FILES', list(FILES.map(([path, about]) => [`Pa ${path}`, fileAbout(about)]))),
    section('EXIT STATUS', list(exits())),
    section('SEE ALSO', '.Xr tailban.toml 5 ,\n.Xr nft 8\n'),
  ].join('');
}

/** All that do something themselves, in the order of the help. */
function commandsOf(command: Command, help: Help): readonly Command[] {
  const inner = help.visibleCommands(command).filter((child) => child.name() !== 'help');
  return inner.length === 0 ? [command] : inner.flatMap((child) => commandsOf(child, help));
}

function describe(command: Command, help: Help): string {
  const terms = command.registeredArguments.map((one): [string, string] => [
    `Ar ${argument(one.name())}`,
    prose(sentence(help.argumentDescription(one))),
  ]);
  const examples = examplesOf(command);
  return [
    subsection(['tailban', ...pathOf(command), ...usage(command)].join(' '), prose(sentence(command.description()))),
    list(terms),
    options(command, help),
    examples.length === 0 ? '' : display(examples),
  ].join('');
}

function usage(command: Command): readonly string[] {
  return command.registeredArguments.map((one) => {
    const name = `${one.name()}${one.variadic ? ' ...' : ''}`;
    return one.required ? name : `[${name}]`;
  });
}

function options(command: Command, help: Help): string {
  const own = help.visibleOptions(command).filter(({ long }) => long !== '--help' || command.parent === null);
  return list(
    own.map((option) => {
      const [flags = '', value = ''] = option.flags.split(/ (?=[<[])/);
      const names = flags.split(', ').map((flag) => `Fl ${argument(flag.slice(1))}`);
      const shown = value === '' ? '' : option.optional ? ` Op Ar ${bare(value)}` : ` Ar ${bare(value)}`;
      return [`${names.join(' , ')}${shown}`, prose(sentence(help.optionDescription(option)))];
    }),
  );
}

function bare(placeholder: string): string {
  return argument(placeholder.replace(/[<>[\]]/g, ''));
}

/** The lines below "Examples:" in the help, which commander does not give away in another way. */
function examplesOf(command: Command): readonly string[] {
  let text = '';
  command.configureOutput({
    writeOut: (piece) => {
      text += piece;
    },
  });
  command.outputHelp();
  const [lines = ''] = (text.split('\nExamples:\n')[1] ?? '').split('\n\n');
  return lines
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function pathOf(command: Command): readonly string[] {
  return command.parent === null ? [] : [...pathOf(command.parent), command.name()];
}

function fileAbout(about: string): string {
  return about.endsWith('see') ? `${about}\n.Xr tailban.toml 5 .\n` : prose(about);
}

/** Codes that stand for two things are told once, with both. */
function exits(): readonly (readonly [string, string])[] {
  const codes = new Map<number, string[]>();
  for (const [name, code] of Object.entries(EXIT) as [keyof typeof EXIT, number][])
    codes.set(code, [...(codes.get(code) ?? []), EXITS[name]]);
  return [...codes].map(([code, meanings]) => [String(code), prose(meanings.join(' '))]);
}

function sentence(text: string): string {
  const full = text.charAt(0).toUpperCase() + text.slice(1);
  return full.endsWith('.') ? full : `${full}.`;
}
