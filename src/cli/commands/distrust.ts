/** `tailban distrust`: forgets from where a login worked, so that nobody gets in from there while it is locked. */
import { oneLine } from '../../core/one-line.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { connect, type Invocation } from '../invocation.ts';
import { requireNetwork } from '../subject-argument.ts';
import { counted } from '../times.ts';

export interface DistrustOptions {
  readonly login: string;
}

/** More than so many are told by their number. */
const MOST_NAMED = 10;

export async function distrust(
  invocation: Invocation,
  argument: string | undefined,
  { login }: DistrustOptions,
): Promise<ExitCode> {
  const network = argument === undefined ? {} : { network: requireNetwork(argument) };
  const forgotten = await (await connect(invocation)).distrust({ login, ...network });
  const names = forgotten.length > MOST_NAMED ? counted(forgotten.length, 'network') : forgotten.join(', ');
  invocation.terminal.print(oneLine(`The login ${login} is not known any more from ${names}`));
  return EXIT.ok;
}
