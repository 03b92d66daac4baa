/** Runs the real programs: the daemon, whose lines are passed on as they come, and the commands of an admin. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Unexpected } from './expectation.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/tailban', import.meta.url));
const START_LIMIT = 30_000;
const STOP_LIMIT = 10_000;
const COMMAND_LIMIT = 15_000;
/** The daemon opens its log when it answers already; this line says that it has. */
const READY = 'caught up with';

export interface TailbanOptions {
  readonly configFile: string;
  /** The start of the daemon's command, such as that of a namespace. */
  readonly prefix: readonly string[];
  readonly onLine: (line: string) => void;
  /** Ends everything early. */
  readonly signal: AbortSignal;
}

export class Tailban {
  readonly #options: TailbanOptions;
  #daemon: ChildProcess | null = null;

  constructor(options: TailbanOptions) {
    this.#options = options;
  }

  /** Resolves when it follows the log. @throws Unexpected where it ends or does not get so far. */
  async start(): Promise<void> {
    const { prefix, configFile, onLine, signal } = this.#options;
    const [command = LAUNCHER, ...args] = [...prefix, LAUNCHER, '--config', configFile, 'run'];
    const daemon = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#daemon = daemon;
    let ready = false;
    for (const stream of [daemon.stdout, daemon.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        ready ||= line.includes(READY);
        onLine(line);
      });
    }
    daemon.on('error', (error) => onLine(error.message));
    for (const deadline = Date.now() + START_LIMIT; !ready; await pause(20, undefined, { signal })) {
      const ending = endOf(daemon);
      if (ending !== null) throw new Unexpected('tailban run ends at once', 'a running daemon', ending);
      if (Date.now() > deadline)
        throw new Unexpected('tailban run is not ready', READY, `nothing within ${START_LIMIT} ms`);
    }
  }

  /** Stops the daemon in good order, or after a while by force. @returns how it ended. */
  async stop(): Promise<string> {
    const daemon = this.#daemon;
    if (daemon === null) return 'was not started';
    this.#daemon = null;
    if (endOf(daemon) === null) {
      const closed = once(daemon, 'close');
      const force = setTimeout(() => daemon.kill('SIGKILL'), STOP_LIMIT);
      daemon.kill('SIGTERM');
      await closed;
      clearTimeout(force);
    }
    return endOf(daemon) ?? 'unknown';
  }

  /** Runs one command. @returns what it printed. @throws Unexpected where it does not end with success. */
  async command(...args: readonly string[]): Promise<string> {
    const { configFile, signal } = this.#options;
    const child = spawn(LAUNCHER, ['--config', configFile, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: COMMAND_LIMIT,
      signal,
    });
    const closed = once(child, 'close');
    const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
    const ending = endOf(child);
    if (ending !== 'exit code 0')
      throw new Unexpected(`tailban ${args.join(' ')} fails`, 'exit code 0', `${ending}: ${errors.trim()}`);
    return output;
  }
}

function endOf(child: ChildProcess): string | null {
  if (child.signalCode !== null) return child.signalCode;
  return child.exitCode === null ? null : `exit code ${child.exitCode}`;
}
