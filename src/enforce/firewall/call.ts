/** Calls the programs of firewalls and turns their complaints into EnforceErrors that say what to do. */
import { EnforceError } from '../../errors.ts';
import { isMissing, type Outcome, type Run } from '../command.ts';

/** A program repeats the line that it did not like, which may hold thousands of addresses. */
const LONGEST_STDERR = 2_000;

/** @param debianPackage the package that brings the program. @throws EnforceError where it cannot be run */
export async function call(
  run: Run,
  argv: readonly [string, ...string[]],
  debianPackage: string,
  input?: string,
): Promise<Outcome> {
  try {
    return await run(argv, input);
  } catch (error) {
    if (!isMissing(error)) throw error;
    const problem = `Cannot run ${argv[0]}: no such program was found, install the package ${debianPackage} (apt-get install ${debianPackage})`;
    throw new EnforceError(problem, argv, '', { cause: error });
  }
}

/** The error for a program that did not do what it was told. */
export function refused(purpose: string, argv: readonly [string, ...string[]], outcome: Outcome): EnforceError {
  const stderr = outcome.stderr.slice(0, LONGEST_STDERR);
  const complaint = stderr.split('\n', 1)[0]?.slice(0, 300) ?? '';
  const hint = /not permitted|permission denied/i.test(stderr) ? ', it needs root or the capability CAP_NET_ADMIN' : '';
  const said = complaint === '' ? '' : ` and said "${complaint}"`;
  return new EnforceError(`Cannot ${purpose}: ${argv[0]} exited with ${outcome.exitCode}${said}${hint}`, argv, stderr);
}

/** Whether the program is not on this host. */
export function isNotInstalled(error: unknown): boolean {
  return isMissing(error) || (error instanceof EnforceError && isMissing(error.cause));
}
