/** The real daemon, `tailban run`, as a process in a namespace: with nftables and the default store, in a folder of ours. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { ApiClient } from '../src/api/client.ts';
import { ROOT } from './context.ts';
import type { Namespace } from './namespace.ts';

export interface DaemonPaths {
  readonly log: string;
  readonly database: string;
  readonly socket: string;
}

export interface RunningDaemon {
  readonly api: ApiClient;
  readonly pid: number;
  /** When the process was started, on the clock of `performance.now()`. */
  readonly startedAt: number;
  /** When its API answered. */
  readonly readyAt: number;
  stop(): Promise<void>;
}

const READY_WITHIN = 60_000;
const LOOK_EVERY = 5;

export function daemonPaths(folder: string): DaemonPaths {
  return { log: join(folder, 'mail.log'), database: join(folder, 'tailban.db'), socket: join(folder, 'tailban.sock') };
}

/**
 * Starts the daemon and waits until its API answers.
 * @param settings further lines of its configuration
 * @param program the launcher where it is not another one
 */
export async function startDaemon(
  namespace: Namespace,
  folder: string,
  settings: string,
  program: readonly string[] = [join(ROOT, 'bin', 'tailban')],
): Promise<RunningDaemon> {
  const paths = daemonPaths(folder);
  const config = join(folder, 'tailban.toml');
  await writeFile(
    config,
    `[source.mail]\nfiles = ["${paths.log}"]\n[store]\npath = "${paths.database}"\n[api]\nsocket = "${paths.socket}"\n${settings}`,
  );
  const output = join(folder, 'daemon.log');
  const startedAt = performance.now();
  const [command, ...args] = namespace.inside(...program, '--config', config, 'run');
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const log = createWriteStream(output, { flags: 'a' });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const stop = async (): Promise<void> => end(child);
  try {
    await answers(paths.socket, child, output);
  } catch (error) {
    await stop();
    throw error;
  }
  const api = new ApiClient({ socketPath: paths.socket });
  return { api, pid: child.pid ?? 0, startedAt, readyAt: performance.now(), stop };
}

async function answers(socketPath: string, child: ChildProcess, output: string): Promise<void> {
  const deadline = performance.now() + READY_WITHIN;
  while (!(await canConnect(socketPath))) {
    if (child.exitCode === null && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
      continue;
    }
    throw new Error(`Cannot start the daemon, it does not answer; it said:\n${await readFile(output, 'utf8')}`);
  }
}

function canConnect(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}
