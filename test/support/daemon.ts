/**
 * The real daemon as a process of its own, and the commands beside it, for the end-to-end tests. It is started from its
 * sources, as `bin/tailban run` does; what it logs is kept, so that a test that fails can show it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ApiClient } from '../../src/api/client.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const NODE = [process.execPath, '--disable-warning=ExperimentalWarning', MAIN] as const;

export interface DaemonStart {
  readonly config: string;
  readonly socket: string;
  /** What stands before the command, such as `ip netns exec NAME`. */
  readonly prefix?: readonly string[];
  /** More arguments of `tailban run`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface DaemonProcess {
  readonly pid: number;
  readonly api: ApiClient;
  /** Everything that it has written so far. */
  output(): string;
  /** Resolves when the API answers; rejects with the output when the daemon ends first. */
  ready(): Promise<DaemonProcess>;
  /** Resolves when it has written something that matches, from `from` characters on. */
  says(pattern: RegExp, from?: number): Promise<string>;
  signal(name: NodeJS.Signals): void;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Resolves with the exit code when it ends by itself. */
  ended(): Promise<number | null>;
}

/** Starts the daemon; the caller has to end it. */
export function startDaemonProcess({ config, socket, prefix = [], args = [], env = {} }: DaemonStart): DaemonProcess {
  const [command = '', ...rest] = [...prefix, ...NODE, 'run', '--config', config, '--socket', socket, ...args];
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  const gone = once(child, 'close');
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => chunks.push(data.toString()));
  const api = new ApiClient({ socketPath: socket });
  const output = (): string => chunks.join('');
  const daemon: DaemonProcess = {
    pid: child.pid ?? 0,
    api,
    output,
    ready: async () => {
      await until(
        () => `an answer of the daemon, which says:\n${output()}`,
        async () => {
          if (hasEnded(child)) throw new Error(`The daemon has ended before it was ready:\n${output()}`);
          return existsSync(socket) && (await api.status().catch(() => undefined))?.pid === child.pid;
        },
        60_000,
      );
      return daemon;
    },
    says: async (pattern, from = 0) => {
      const find = (): string | undefined =>
        output()
          .slice(from)
          .split('\n')
          .find((line) => pattern.test(line));
      await until(
        () => `a line of ${pattern} in:\n${output()}`,
        () => find() !== undefined,
      );
      return find() ?? '';
    },
    signal: (name) => void child.kill(name),
    stop: () => end(child, gone, 'SIGTERM'),
    kill: async () => void (await end(child, gone, 'SIGKILL')),
    ended: async () => {
      await gone;
      return child.exitCode;
    },
  };
  return daemon;
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `tailban ARGS` to its end, as an admin would; not logged in from anywhere, unless `env` says so. */
export async function tailban(
  socket: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = { SSH_CONNECTION: '' },
): Promise<CommandResult> {
  const [command = '', ...rest] = [...NODE, '--socket', socket, ...args];
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => {
    stdout += data.toString();
  });
  child.stderr.on('data', (data: Buffer) => {
    stderr += data.toString();
  });
  await once(child, 'close');
  return { code: child.exitCode, stdout, stderr };
}

/** Polls until the condition holds. @throws Error that says what was waited for. */
export async function until(
  what: string | (() => string),
  condition: () => boolean | Promise<boolean>,
  deadline = 30_000,
): Promise<void> {
  const start = performance.now();
  while (!(await condition())) {
    if (performance.now() - start > deadline)
      throw new Error(`Waited in vain for ${deadline / 1000} s for ${typeof what === 'string' ? what : what()}`);
    await sleep(25);
  }
}

async function end(child: ChildProcess, gone: Promise<unknown>, signal: NodeJS.Signals): Promise<number | null> {
  if (!hasEnded(child)) child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await gone;
  clearTimeout(timer);
  return child.exitCode;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Whether there is a process of that number. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
