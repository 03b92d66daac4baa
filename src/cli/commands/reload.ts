/** `tailban reload`: has the daemon read its configuration and filters again. */
import { oneLine } from '../../core/one-line.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { connect, type Invocation } from '../invocation.ts';

export async function reload(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const { changes, notes } = await (await connect(invocation)).reload();
  terminal.print(changes.length === 0 ? 'Reloaded, nothing has changed' : 'Reloaded');
  for (const change of changes) terminal.print(`  ${oneLine(change)}`);
  for (const note of notes) terminal.note(`note: ${oneLine(note)}`);
  return EXIT.ok;
}
