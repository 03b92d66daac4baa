/**
 * The words of the command line: every command with its arguments, options and examples. What a command does is in a
 * file of its own, which is loaded only when that command runs.
 */
import type { Command } from 'commander';
import type { AllowOptions } from './commands/allow.ts';
import type { BanOptions } from './commands/ban.ts';
import type { DistrustOptions } from './commands/distrust.ts';
import type { DoctorOptions } from './commands/doctor.ts';
import type { ExplainOptions } from './commands/explain.ts';
import type { FilterListOptions } from './commands/filter-list.ts';
import type { FilterShowOptions } from './commands/filter-show.ts';
import type { FilterTestOptions } from './commands/filter-test.ts';
import type { ListOptions } from './commands/list.ts';
import type { MatchOptions } from './commands/match.ts';
import type { ReplayOptions } from './commands/replay.ts';
import type { ProcessControl, RunOptions } from './commands/run.ts';
import type { StatusOptions } from './commands/status.ts';
import type { UnbanOptions } from './commands/unban.ts';
import { addMovingCommands } from './moving-syntax.ts';
import { examples, PLAIN_FORM, type Run } from './wording.ts';

export function addCommands(program: Command, run: Run, control: ProcessControl): void {
  addDaemonCommands(program, run, control);
  addBanCommands(program, run);
  addAllowCommands(program, run);
  addDistrustCommand(program, run);
  addListCommand(program, run);
  addMovingCommands(program, run);
  addExplainCommand(program, run);
  addFileCommands(program, run);
  addFilterCommands(program, run);
  addReplayCommand(program, run);
}

function addDaemonCommands(program: Command, run: Run, control: ProcessControl): void {
  const daemon = program.command('run').description('watch the logs and ban attackers, in the foreground');
  daemon
    .option('--dry-run', 'block nothing and keep nothing, only tell what would happen')
    .addOption(
      daemon
        .createOption('--log-level <level>', 'what to log, instead of log.level')
        .choices(['debug', 'info', 'warn', 'error']),
    )
    .addHelpText('after', examples('tailban run', 'tailban run --dry-run', 'tailban run --config ./tailban.toml'))
    .action((options: RunOptions) =>
      run(async (invocation) => (await import('./commands/run.ts')).run(invocation, options, control)),
    );
  program
    .command('status')
    .description('show what the running tailban does, and what is wrong')
    .option('--json', 'as JSON')
    .addHelpText('after', examples('tailban status', 'tailban status --json'))
    .action((options: StatusOptions) =>
      run(async (invocation) => (await import('./commands/status.ts')).status(invocation, options)),
    );
  program
    .command('doctor')
    .description('look this host over and say what to fix')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `${examples('sudo tailban doctor', 'tailban doctor --json')}\n\nExit code: 0 all is well, 1 warnings, 2 problems`,
    )
    .action((options: DoctorOptions) =>
      run(async (invocation) => (await import('./commands/doctor.ts')).doctor(invocation, options)),
    );
  program
    .command('reload')
    .description('read configuration and filters again; bans stay')
    .addHelpText('after', examples('tailban check && tailban reload'))
    .action(() => run(async (invocation) => (await import('./commands/reload.ts')).reload(invocation)));
  program
    .command('flush')
    .description('let everybody in while tailban is stopped: empty the firewall and the files of locked logins')
    .addHelpText('after', examples('systemctl stop tailban && tailban flush'))
    .action(() => run(async (invocation) => (await import('./commands/flush.ts')).flush(invocation)));
}

function addBanCommands(program: Command, run: Run): void {
  const ban = program.command('ban').description('ban an address, a network or a login');
  ban
    .argument('[SUBJECT]', 'an address, a network such as 192.0.2.0/24, or with --login a login name')
    .option('--login [name]', 'ban a login')
    .addOption(
      ban.createOption('--for <duration>', 'how long, such as 1h or 1d12h; the configured ban time where left out'),
    )
    .addOption(ban.createOption('--permanent', 'for good').conflicts('for'))
    .option('--reason <text>', 'why, for the list')
    .option('--force', 'even if it is allowed, until the next start; or you are logged in from there')
    .addHelpText(
      'after',
      examples(
        'tailban ban 192.0.2.1',
        'tailban ban 2001:db8::/64 --for 1d --reason "guesses passwords"',
        'tailban ban --login alice@example.org --permanent',
      ),
    )
    .action((subject: string | undefined, options: BanOptions) =>
      run(async (invocation) => (await import('./commands/ban.ts')).ban(invocation, subject, options)),
    );
  program
    .command('unban')
    .description('lift a ban and forget the failures')
    .argument('[SUBJECT]', 'an address, a network (with all in it), or with --login a login name')
    .option('--login [name]', 'unban a login')
    .option('--all', 'lift every ban')
    .addHelpText(
      'after',
      examples('tailban unban 192.0.2.1', 'tailban unban --login alice@example.org', 'tailban unban --all'),
    )
    .action((subject: string | undefined, options: UnbanOptions) =>
      run(async (invocation) => (await import('./commands/unban.ts')).unban(invocation, subject, options)),
    );
}

function addAllowCommands(program: Command, run: Run): void {
  program
    .command('allow')
    .description('never ban a network, or show what is never banned')
    .argument('[NETWORK]', 'an address or a network; shows the list where left out')
    .addOption(program.createOption('--note <text>', 'why, for the list').default('', 'none'))
    .option('--list', 'show the list')
    .option('--json', 'show the list as JSON')
    .addHelpText('after', examples('tailban allow 192.0.2.0/24 --note office', 'tailban allow', 'tailban allow --json'))
    .action((network: string | undefined, options: AllowOptions) =>
      run(async (invocation) => (await import('./commands/allow.ts')).allow(invocation, network, options)),
    );
  program
    .command('disallow')
    .description('take back what "allow" did')
    .argument('<NETWORK>', 'as it stands in the list of "tailban allow"')
    .addHelpText('after', examples('tailban disallow 192.0.2.0/24'))
    .action((network: string) =>
      run(async (invocation) => (await import('./commands/disallow.ts')).disallow(invocation, network)),
    );
}

function addDistrustCommand(program: Command, run: Run): void {
  program
    .command('distrust')
    .description('forget from where a login worked, such as after its password was stolen')
    .argument('[NETWORK]', 'only this address or network; all of them where left out')
    .requiredOption('--login <name>', 'the login')
    .addHelpText(
      'after',
      examples('tailban distrust --login alice@example.org', 'tailban distrust --login alice@example.org 192.0.2.0/24'),
    )
    .action((network: string | undefined, options: DistrustOptions) =>
      run(async (invocation) => (await import('./commands/distrust.ts')).distrust(invocation, network, options)),
    );
}

function addListCommand(program: Command, run: Run): void {
  const list = program.command('list').description('show who is banned, the newest first');
  list
    .option('--json', 'as JSON, with the log lines that led to each ban')
    .addOption(
      list
        .createOption('--format <format>', 'the form of the list')
        .choices(['table', 'json', 'stalwart', 'plain'])
        .default('table'),
    )
    .addOption(list.createOption('--type <type>', 'only these').choices(['address', 'network', 'login']))
    .option('--limit <count>', 'only the newest so many')
    .option('--wide', 'cut nothing')
    .addHelpText(
      'after',
      `${examples(
        'tailban list',
        'tailban list --type network --limit 10',
        'tailban list --json | jq -r ".[].subject"',
        'tailban list --format stalwart > blocked.txt',
      )}\n\n${PLAIN_FORM}`,
    )
    .action((options: ListOptions) =>
      run(async (invocation) => (await import('./commands/list.ts')).list(invocation, options)),
    );
}

function addExplainCommand(program: Command, run: Run): void {
  program
    .command('explain')
    .description('tell what is made of a log line, or why somebody is banned')
    .argument('[WHAT]', 'a log line, an address, or a network; lines from standard input where left out')
    .option('--login [name]', 'explain a login')
    .option('--source <name>', 'read the lines as this source of the configuration is read')
    .option('--last <count>', 'with --source: the last so many lines of its newest file')
    .option('--timezone <zone>', 'the zone of stamps that carry none, such as Europe/Berlin')
    .option('--filter <name>', 'only this filter; may be given several times', collect)
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      examples(
        'tailban explain 192.0.2.1',
        'tailban explain --login alice@example.org',
        'tailban explain "$(tail -n 1 /var/log/mail.log)"',
        'grep 192.0.2.1 /var/log/mail.log | tailban explain',
        'tailban explain --source mail --last 5',
      ),
    )
    .action((argument: string | undefined, options: ExplainOptions) =>
      run(async (invocation) => (await import('./commands/explain.ts')).explain(invocation, argument, options)),
    );
}

function addFileCommands(program: Command, run: Run): void {
  program
    .command('check')
    .description('check the configuration and all filters')
    .argument('[FILE]', 'the configuration; the usual one where left out')
    .addHelpText('after', examples('tailban check', 'tailban check ./tailban.toml'))
    .action((file: string | undefined) =>
      run(async (invocation) => (await import('./commands/check.ts')).check(invocation, file)),
    );
  program
    .command('config')
    .description('print the configuration in force, defaults included')
    .addHelpText('after', examples('tailban config', 'tailban config --config ./tailban.toml'))
    .action(() => run(async (invocation) => (await import('./commands/config.ts')).config(invocation)));
  program
    .command('match')
    .description('show what the filters read out of a log')
    .argument(
      '[FILE...]',
      'log files, also packed ones, or the journal as JSON; standard input where left out or -; each is read by itself, so an attempt that stands in two of them is shown for each: tailban replay takes them together, as the daemon does',
    )
    .option('--filter <name>', 'only this filter; may be given several times', collect)
    .option('--timezone <zone>', 'the zone of stamps that carry none, such as Europe/Berlin')
    .option('--json', 'one JSON object an event, as is done anyway where the output is no terminal')
    .option('--all', 'also the lines that make no event')
    .addHelpText(
      'after',
      examples(
        'tailban match /var/log/mail.log',
        'tailban match --filter postfix --json /var/log/mail.log.2.gz',
        'journalctl -a -o json -u dovecot | tailban match',
      ),
    )
    .action((files: string[], options: MatchOptions) =>
      run(async (invocation) => (await import('./commands/match.ts')).match(invocation, files, options)),
    );
}

function addFilterCommands(program: Command, run: Run): void {
  const filter = program.command('filter').description('show and try out the filters, which tell what lines say');
  filter
    .command('list')
    .description('show all filters')
    .option('--json', 'as JSON')
    .addHelpText('after', examples('tailban filter list', 'tailban filter list --json'))
    .action((options: FilterListOptions) =>
      run(async (invocation) => (await import('./commands/filter-list.ts')).filterList(invocation, options)),
    );
  filter
    .command('show')
    .description('show the patterns of a filter, each with one of its sample lines')
    .argument('<NAME>', 'as "tailban filter list" shows it')
    .option('--regex', 'also the regular expressions that the patterns stand for')
    .option('--samples', 'all sample lines')
    .option('--json', 'as JSON, with everything')
    .addHelpText('after', examples('tailban filter show dovecot', 'tailban filter show dovecot --regex --samples'))
    .action((name: string, options: FilterShowOptions) =>
      run(async (invocation) => (await import('./commands/filter-show.ts')).filterShow(invocation, name, options)),
    );
  filter
    .command('test')
    .description('try the filters on their own sample lines, and on logs: what do they match, what do they miss?')
    .argument('[FILE...]', 'log files, also packed ones; standard input where -')
    .option('--filter <name>', 'only this filter; may be given several times', collect)
    .option('--timezone <zone>', 'the zone of stamps that carry none, such as Europe/Berlin')
    .option('--limit <count>', 'show so many of the most frequent shapes of missed lines', '20')
    .option('--json', 'as JSON, with an example of each shape')
    .addHelpText(
      'after',
      examples(
        'tailban filter test',
        'tailban filter test /var/log/mail.log',
        'zcat /var/log/mail.log.*.gz | tailban filter test --filter postfix --limit 50 -',
      ),
    )
    .action((files: string[], options: FilterTestOptions) =>
      run(async (invocation) => (await import('./commands/filter-test.ts')).filterTest(invocation, files, options)),
    );
}

function addReplayCommand(program: Command, run: Run): void {
  program
    .command('replay')
    .description('show whom the limits would have banned, going by old logs')
    .argument('[FILE...]', 'log files, rotated and packed ones too, in any order; standard input where left out or -')
    .option('--since <time>', 'leave out what is older, such as 2026-11-22 or 7d')
    .option('--until <time>', 'leave out what is newer')
    .option('--filter <name>', 'only this filter; may be given several times', collect)
    .option('--timezone <zone>', 'the zone of stamps that carry none, such as Europe/Berlin')
    .option('--compare <file>', 'tell what this configuration would change')
    .option('--limit <count>', 'so many rows of each list, instead of 50')
    .option('--verbose', 'also the lines that led to each ban')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      examples(
        'tailban replay /var/log/mail.log*',
        'tailban replay --since 7d --verbose /var/log/mail.log',
        'tailban replay --config ./strict.toml --compare ./lax.toml /var/log/mail.log*',
      ),
    )
    .action((files: string[], options: ReplayOptions) =>
      run(async (invocation) => (await import('./commands/replay.ts')).replay(invocation, files, options)),
    );
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
