/**
 * `tailban export`: what moves to another host (`--all`), what Stalwart blocks (`--blocked-ip`), or our limits as another
 * program's own settings (`tailban export nginx`).
 */
import { blockedIps } from '../blocked-ip.ts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import { exportNative, type NativeOptions } from '../export/native-settings.ts';
import { connect, type Invocation } from '../invocation.ts';

export interface ExportOptions extends NativeOptions {
  readonly all?: boolean;
  readonly blockedIp?: boolean;
}

export async function exportAs(
  invocation: Invocation,
  what: string | undefined,
  options: ExportOptions,
): Promise<ExitCode> {
  const asked = [what, options.all && '--all', options.blockedIp && '--blocked-ip'].filter(Boolean);
  if (asked.length !== 1)
    throw new CliError(
      EXIT.usage,
      asked.length === 0
        ? 'It is not said what to export'
        : `One thing is exported at a time, not ${asked.join(' and ')}`,
      'tailban export --help shows how',
    );
  if (what === undefined && (options.part ?? options.output) !== undefined)
    throw new CliError(
      EXIT.usage,
      '--part and --output are for the settings of other programs',
      'Write tailban export nginx, or redirect what is printed with >',
    );
  if (options.blockedIp) return exportBlocked(invocation);
  if (options.all) {
    await (await import('../export/backup.ts')).writeBackup(invocation);
    return EXIT.ok;
  }
  if (what !== undefined) await exportNative(invocation, what, options);
  return EXIT.ok;
}

/** The keys under which Stalwart keeps blocked addresses; `tailban import` reads them back. */
async function exportBlocked(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const { bans } = await (await connect(invocation)).bans(false);
  await terminal.write(
    blockedIps(bans, terminal)
      .map((subject) => `server.blocked-ip.${subject}\n`)
      .join(''),
  );
  return EXIT.ok;
}
