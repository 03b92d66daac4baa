/** `tailban allow`: puts a network on the allow-list, or without one shows that list. */
import { oneLine } from '../../core/one-line.ts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import { connect, type Invocation } from '../invocation.ts';
import { requireNetwork } from '../subject-argument.ts';
import { renderTable } from '../table.ts';
import { counted, wallClock } from '../times.ts';

export interface AllowOptions {
  readonly note: string;
  readonly list?: boolean;
  readonly json?: boolean;
}

export async function allow(
  invocation: Invocation,
  argument: string | undefined,
  options: AllowOptions,
): Promise<ExitCode> {
  if (argument === undefined) return showAllowed(invocation, options.json === true);
  if (options.list)
    throw new CliError(
      EXIT.usage,
      'Both --list and a network are given, one is expected',
      'Leave out --list to allow the network, or the network to see the list',
    );
  const network = requireNetwork(argument);
  const lifted = await (await connect(invocation)).allow({ network, note: options.note });
  const freed = lifted.length === 0 ? '' : `; unbanned ${oneLine(lifted.join(', '))}`;
  invocation.terminal.print(`Allowed ${network}: it is never banned${freed}`);
  return EXIT.ok;
}

async function showAllowed(invocation: Invocation, json: boolean): Promise<ExitCode> {
  const { terminal } = invocation;
  const allowed = await (await connect(invocation)).allowed();
  if (json) {
    await terminal.write(`${JSON.stringify(allowed, null, 2)}\n`);
    return EXIT.ok;
  }
  if (allowed.length === 0) {
    terminal.print('No network is allowed');
    return EXIT.ok;
  }
  const rows = allowed.map(({ network, why, since }) => [network, why, since === null ? '' : wallClock(since)]);
  const style = (head: string): string => terminal.style('bold', head);
  const layout = { head: ['network', 'why', 'added'], flexible: 1, width: terminal.width, style };
  terminal.print(`${renderTable(rows, layout)}\n\n${counted(allowed.length, 'network')}`);
  return EXIT.ok;
}
