/** The words of the commands that carry things in and out: `import`, `export`, and what shells need, `completion`. */
import type { Command } from 'commander';
import type { ExportOptions } from './commands/export.ts';
import type { ImportOptions } from './commands/import.ts';
import { NAME_KINDS, type NameKind, SHELLS, type Shell } from './completion/names.ts';
import { NATIVE } from './export/native.ts';
import { examples, PLAIN_FORM, type Run } from './wording.ts';

export function addMovingCommands(program: Command, run: Run): void {
  addImportCommand(program, run);
  addExportCommand(program, run);
  addCompletionCommands(program, run);
}

function addImportCommand(program: Command, run: Run): void {
  const importing = program
    .command('import')
    .description('ban what a list holds, or take over what "tailban export --all" wrote');
  importing
    .argument('[FILE]', 'the list; standard input where left out')
    .addOption(
      importing
        .createOption('--format <format>', 'how the list is written')
        .choices(['auto', 'backup', 'stalwart', 'plain', 'json'])
        .default('auto'),
    )
    .option('--for <duration>', 'how long, where the list does not say; for good where left out')
    .option('--force', 'even what holds the address that you are logged in from')
    .addHelpText(
      'after',
      `${examples(
        'tailban import backup.json',
        'tailban import blocked.txt',
        'tailban import --for 30d < addresses.txt',
        'tailban list --json > bans.json; tailban import bans.json',
      )}\n\n${PLAIN_FORM}`,
    )
    .action((file: string | undefined, options: ImportOptions) =>
      run(async (invocation) => (await import('./commands/import.ts')).importBans(invocation, file, options)),
    );
}

function addExportCommand(program: Command, run: Run): void {
  const exporting = program.command('export').description('write out what another host or program can use');
  exporting
    .addArgument(
      exporting.createArgument('[WHAT]', 'the limits, as settings of this program').choices(Object.keys(NATIVE)),
    )
    .option('--all', 'bans, allow-list, history and known networks of logins, for "tailban import" on another host')
    .option('--blocked-ip', "addresses and networks that are banned, as keys of Stalwart's settings")
    .option(
      '--part <part>',
      'what goes to another place: of nginx http, server, gate-http, gate-server or gate-location, of haproxy tables or frontend',
    )
    .option('--output <file>', 'write the settings to this file, which no other program may have written')
    .addHelpText(
      'after',
      examples(
        'tailban export --all > backup.json',
        'tailban export --blocked-ip > blocked.txt',
        'tailban export nginx --part http --output /etc/nginx/conf.d/tailban.conf',
      ),
    )
    .action((what: string | undefined, options: ExportOptions) =>
      run(async (invocation) => (await import('./commands/export.ts')).exportAs(invocation, what, options)),
    );
}

function addCompletionCommands(program: Command, run: Run): void {
  const printing = program
    .command('completion')
    .description('print what a shell needs to complete commands and options');
  printing
    .addArgument(printing.createArgument('<SHELL>', 'your shell').choices(SHELLS))
    .addHelpText('after', examples('. <(tailban completion bash)', 'tailban completion fish | source'))
    .action((shell: Shell) =>
      run(async (invocation) => (await import('./commands/completion.ts')).completion(invocation, shell, program)),
    );
  // What the shells call for names that only the running daemon knows.
  const naming = program.command('complete', { hidden: true });
  naming
    .addArgument(naming.createArgument('<WHAT>').choices(NAME_KINDS))
    .action((what: NameKind) =>
      run(async (invocation) => (await import('./commands/complete.ts')).complete(invocation, what)),
    );
}
