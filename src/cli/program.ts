/**
 * The program as a whole: reads the arguments, runs one command, prints what went wrong, and says with which code to
 * exit. The only user of commander.
 */
import { Command, CommanderError } from 'commander';
import type { ProcessControl } from './commands/run.ts';
import { configProblems, printProblems } from './config-problems.ts';
import { CliError, EXIT, type ExitCode, endingOf } from './exit.ts';
import type { GlobalOptions } from './invocation.ts';
import { addCommands } from './syntax.ts';
import type { Terminal } from './terminal.ts';
import { counted } from './times.ts';

export interface ProgramOptions {
  /** Without the names of runtime and program. */
  readonly args: readonly string[];
  readonly terminal: Terminal;
  readonly control: ProcessControl;
  readonly version: string;
}

/** Never throws: whatever happens becomes a message and an exit code. */
export async function runProgram({ args, terminal, control, version }: ProgramOptions): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok;
  const program = withoutCommands(version)
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.note(text.trimEnd()),
      outputError: () => {},
    })
    .exitOverride();
  program.on('option:no-color', () => terminal.noColour());
  addCommands(
    program,
    async (command) => {
      const globals = program.opts<GlobalOptions>();
      exitCode = await command({ terminal, globals, version });
    },
    control,
  );
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    const named = args.find((arg) => program.commands.some((command) => command.name() === arg));
    return report(terminal, error, named ?? '');
  }
}

/** All words of the command line, for who writes about them; nothing can be run. */
export function describeProgram(version: string): Command {
  const program = withoutCommands(version);
  const control: ProcessControl = { on: () => {}, off: () => {}, exit: () => {}, outliveReader: () => {} };
  addCommands(program, async () => {}, control);
  return program;
}

/** What is set here holds for all commands that are added. */
function withoutCommands(version: string): Command {
  return new Command('tailban')
    .description('Keeps attackers off mail servers: tails the logs, counts failures, bans addresses and logins')
    .version(version, '--version', 'print the version')
    .option('--socket <path>', 'the socket of the daemon')
    .option('--config <file>', 'the configuration, instead of /etc/tailban/tailban.toml')
    .option('--filters <folder>', 'your own filters, instead of /etc/tailban/filters')
    .option('--no-color', 'no colours; NO_COLOR in the environment does the same')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', EXAMPLES);
}

const EXAMPLES = `
Examples:
  tailban status
  tailban list
  tailban ban 192.0.2.1 --for 1h
  tailban unban 192.0.2.1
  tailban match /var/log/mail.log`;

/** @param command the command that ran, for the hint; empty where there is none. */
function report(terminal: Terminal, error: unknown, command: string): ExitCode {
  if (error instanceof CommanderError) return reportUsage(terminal, error, command);
  const problems = configProblems(error);
  if (problems.length > 0) {
    printProblems(terminal, problems);
    terminal.fail(`The configuration cannot be used, ${counted(problems.length, 'problem')} found`, '');
    return EXIT.config;
  }
  const { exitCode, message, hint } = endingOf(error);
  // What is wrong with a configuration is shown with its lines; in all else a line break is somebody's trick.
  const [first = '', ...more] = exitCode === EXIT.config ? message.split('\n') : [message];
  terminal.fail(first, hint, more);
  if (
    exitCode === EXIT.internal &&
    !(error instanceof CliError) &&
    error instanceof Error &&
    terminal.env['TAILBAN_DEBUG']
  )
    terminal.note(error.stack ?? '');
  return exitCode;
}

/** Help and version are no errors; a bare `tailban` has shown its help. */
function reportUsage(terminal: Terminal, error: CommanderError, command: string): ExitCode {
  if (error.exitCode === 0) return EXIT.ok;
  if (error.code === 'commander.help') return EXIT.usage;
  const [message = '', suggestion = ''] = error.message.replace(/^error: /, '').split('\n', 2);
  const sentence = message.charAt(0).toUpperCase() + message.slice(1).replace(/\.$/, '');
  const help = command === '' ? 'tailban --help shows the commands' : `tailban ${command} --help shows how`;
  terminal.fail(sentence, suggestion === '' ? help : suggestion.replace(/^\(|\)$/g, ''));
  return EXIT.usage;
}
