/** What every command is given: the terminal, the options that all commands share, and the way to the daemon. */
import { ApiClient } from '../api/client.ts';
import { oneLine } from '../core/one-line.ts';
import { printProblems } from './config-problems.ts';
import { configuredSocket } from './configured-socket.ts';
import { configPath, DEFAULT_SOCKET } from './places.ts';
import type { Terminal } from './terminal.ts';

export interface GlobalOptions {
  readonly socket?: string;
  readonly config?: string;
  /** The folder of the admin's own filters. */
  readonly filters?: string;
}

export interface Invocation {
  readonly terminal: Terminal;
  readonly globals: GlobalOptions;
  readonly version: string;
}

/** A client for the daemon. */
export async function connect(invocation: Invocation): Promise<ApiClient> {
  return new ApiClient({ socketPath: await socketOf(invocation) });
}

/** The socket that was asked for, else that of the configuration, else the usual one. */
export async function socketOf({ terminal, globals }: Invocation): Promise<string> {
  if (globals.socket !== undefined) return globals.socket;
  const path = configPath(globals.config);
  if (path === null) return DEFAULT_SOCKET;
  const { socket, problems } = await configuredSocket(path);
  const chosen = socket ?? DEFAULT_SOCKET;
  if (problems.length > 0) {
    printProblems(terminal, problems);
    terminal.note(`note: so the socket may be another one; tailban is looked for at ${oneLine(chosen)}`);
  }
  return chosen;
}
