/** `tailban list`: what is banned, newest first, as a table for people or in a form for other programs. */
import type { BanList, BanView } from '../../api/contract.ts';
import { blockedIps } from '../blocked-ip.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { connect, type Invocation } from '../invocation.ts';
import { readLimit } from '../limit-option.ts';
import { plainSubject } from '../plain.ts';
import { renderTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { ago, counted, expiry, grouped } from '../times.ts';

export interface ListOptions {
  readonly json?: boolean;
  readonly format: 'table' | 'json' | 'stalwart' | 'plain';
  readonly type?: BanView['type'];
  readonly limit?: string;
  readonly wide?: boolean;
}

export async function list(invocation: Invocation, options: ListOptions): Promise<ExitCode> {
  const { terminal } = invocation;
  const limit = options.limit === undefined ? undefined : readLimit(options.limit);
  const format = options.json ? 'json' : options.format;
  const answer = await (await connect(invocation)).bans(format === 'json');
  const matching = answer.bans.filter((ban) => options.type === undefined || ban.type === options.type);
  const bans = matching.toSorted((one, other) => other.since - one.since).slice(0, limit);
  switch (format) {
    case 'json':
      await terminal.write(`${JSON.stringify(bans, null, 2)}\n`);
      break;
    case 'stalwart':
      await printStalwart(terminal, bans);
      break;
    case 'plain':
      await terminal.write(bans.map((ban) => `${plainSubject(ban)}\n`).join(''));
      break;
    case 'table':
      printTable(terminal, { now: answer.now, bans }, matching.length, options.wide === true);
  }
  return EXIT.ok;
}

/** One key a line as Stalwart stores them, `server.blocked-ip.192.0.2.1 = ""`; `tailban import` reads them back. */
async function printStalwart(terminal: Terminal, bans: readonly BanView[]): Promise<void> {
  await terminal.write(
    blockedIps(bans, terminal)
      .map((subject) => `server.blocked-ip.${subject} = ""\n`)
      .join(''),
  );
}

function printTable(terminal: Terminal, { now, bans }: BanList, matching: number, wide: boolean): void {
  if (bans.length === 0) {
    terminal.print('Nobody is banned');
    return;
  }
  const rows = bans.map((ban) => [
    ban.type === 'login' ? `login ${ban.subject}` : ban.subject,
    reasonOf(ban),
    ago(ban.since, now),
    expiry(ban.until, now),
  ]);
  const width = wide ? null : terminal.width;
  const style = (head: string): string => terminal.style('bold', head);
  terminal.print(renderTable(rows, { head: ['subject', 'reason', 'banned', 'expires'], flexible: 1, width, style }));
  const all = counted(matching, 'ban');
  terminal.print(`\n${bans.length < matching ? `The newest ${grouped(bans.length)} of ${all}` : all}`);
}

/** Limits name the number of a repeated ban in their reason; others do not. */
function reasonOf({ reason, offence, type, behindProxy }: BanView): string {
  const noun = type === 'login' ? 'lock' : 'ban';
  const isNumbered = offence === 1 || reason.includes(`number ${offence}`);
  // The firewall does not have it.
  return `${reason}${isNumbered ? '' : ` (${noun} number ${offence})`}${behindProxy ? ', behind a proxy' : ''}`;
}
