/** `tailban disallow`: takes a network off the allow-list again. */
import { EXIT, type ExitCode } from '../exit.ts';
import { connect, type Invocation } from '../invocation.ts';
import { requireNetwork } from '../subject-argument.ts';

export async function disallow(invocation: Invocation, argument: string): Promise<ExitCode> {
  const network = requireNetwork(argument);
  await (await connect(invocation)).disallow({ network });
  invocation.terminal.print(`${network} is no longer allowed: it counts and can be banned`);
  return EXIT.ok;
}
