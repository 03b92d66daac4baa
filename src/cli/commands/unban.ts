/** `tailban unban`: lifts bans and forgets the failures that led to them. */
import type { UnbanRequest } from '../../api/contract.ts';
import { oneLine } from '../../core/one-line.ts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import { connect, type Invocation } from '../invocation.ts';
import { readSubject, requireSubject, type SubjectOptions } from '../subject-argument.ts';
import { counted } from '../times.ts';

export interface UnbanOptions extends SubjectOptions {
  readonly all?: boolean;
}

/** More than so many are told by their number. */
const MOST_NAMED = 10;

export async function unban(
  invocation: Invocation,
  argument: string | undefined,
  options: UnbanOptions,
): Promise<ExitCode> {
  const freed = await (await connect(invocation)).unban(requestOf(argument, options));
  const names = freed.length > MOST_NAMED ? counted(freed.length, 'subject') : freed.join(', ');
  invocation.terminal.print(freed.length === 0 ? 'Nobody was banned' : `Unbanned ${oneLine(names)}`);
  return EXIT.ok;
}

function requestOf(argument: string | undefined, options: UnbanOptions): UnbanRequest {
  if (!options.all) return { subject: requireSubject(argument, options) };
  if (readSubject(argument, options) !== null)
    throw new CliError(EXIT.usage, 'Both --all and a subject are given, one is expected');
  return { all: true };
}
