/**
 * Runs a program and waits for it: the only user of execa among the enforcers. There is never a shell: a command is an
 * array of arguments. An exit code is a result for the caller to judge; a program that cannot be started, is killed or
 * hangs is an EnforceError.
 */
import type { ChildProcess } from 'node:child_process';
import { ExecaError, execa } from 'execa';
import type { Millis } from '../core/types.ts';
import { EnforceError } from '../errors.ts';

export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs `argv`, with `input` on its standard input and `env` beside our own environment.
 * @throws EnforceError where it did not come to an exit code.
 */
export type Run = (
  argv: readonly [string, ...string[]],
  input?: string,
  env?: Readonly<Record<string, string>>,
) => Promise<Outcome>;

const DEFAULT_TIMEOUT: Millis = 30_000;
const KILL_DELAY: Millis = 2_000;
/** How long the output of an ended program may stay open. */
const OUTPUT_DELAY: Millis = 1_000;
/** A listing of a million firewall elements is about 80 MB. */
const LONGEST_OUTPUT = 512 * 1024 * 1024;
/** Services and cron jobs often run without the directories that nft and ss live in. */
const SYSTEM_PATH = '/usr/sbin:/sbin:/usr/bin:/bin';

/**
 * @param options.timeout after this the program is ended with SIGTERM, and two seconds later with SIGKILL; 30 s by default
 * @param options.prefix put before every command, such as `ip netns exec NAME`
 * @param options.signal ends the program early, in the same way
 */
export function commandRunner(
  options: { readonly timeout?: Millis; readonly prefix?: readonly string[]; readonly signal?: AbortSignal } = {},
): Run {
  const timeout = options.timeout ?? DEFAULT_TIMEOUT;
  return async (command, input = '', env = {}) => {
    const argv = [...(options.prefix ?? []), ...command];
    const [file = '', ...args] = argv;
    try {
      const running = execa(file, args, {
        input,
        timeout,
        ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
        // It gets a process group of its own, so a Ctrl-C that ends us does not hit it in the middle of a ban.
        killDescendants: true,
        forceKillAfterDelay: KILL_DELAY,
        maxBuffer: LONGEST_OUTPUT,
        env: { ...env, PATH: searchPath(), LC_ALL: 'C' },
      });
      closeOutputAfterExit(running.nodeChildProcess);
      const result = await running;
      return { exitCode: 0, stdout: result.stdout, stderr: result.stderr };
    } catch (error) {
      if (!(error instanceof ExecaError)) throw error;
      const stderr = typeof error.stderr === 'string' ? error.stderr : '';
      if (error.exitCode !== undefined && !error.timedOut && !error.isMaxBuffer) {
        return { exitCode: error.exitCode, stdout: String(error.stdout ?? ''), stderr };
      }
      throw new EnforceError(failure(file, error, timeout), argv, stderr, { cause: error });
    }
  };
}

/** Whether the command could not be run because there is no such program. */
export function isMissing(error: unknown): boolean {
  return error instanceof EnforceError && error.cause instanceof ExecaError && error.cause.code === 'ENOENT';
}

/** A descendant that lives on keeps the output of an ended program open, and would keep us waiting for its end. */
function closeOutputAfterExit(child: ChildProcess): void {
  child.once('exit', () => {
    const timer = setTimeout(() => {
      child.stdout?.destroy();
      child.stderr?.destroy();
    }, OUTPUT_DELAY);
    child.once('close', () => clearTimeout(timer));
  });
}

function searchPath(): string {
  const inherited = process.env['PATH'];
  return inherited === undefined || inherited === '' ? SYSTEM_PATH : `${inherited}:${SYSTEM_PATH}`;
}

function failure(file: string, error: ExecaError, timeout: Millis): string {
  if (error.timedOut) return `Cannot finish ${file}: it did not answer within ${timeout} ms and was killed`;
  if (error.code === 'ENOENT') return `Cannot run ${file}: no such program was found`;
  if (error.signal !== undefined) return `Cannot finish ${file}: it was killed by ${error.signal}`;
  if (error.isMaxBuffer) return `Cannot read the output of ${file}: it is longer than ${LONGEST_OUTPUT} bytes`;
  return `Cannot run ${file}: ${error.originalMessage ?? error.message}`;
}
