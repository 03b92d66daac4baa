/** What every command is given: the terminal, the options that all commands share, and the way to the daemon. */
import { ApiClient } from '../api/client.ts';
import { DISK, readConfigFiles } from '../config/files.ts';
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
  return globals.socket ?? (await configuredSocket(globals.config, terminal)) ?? DEFAULT_SOCKET;
}

/**
 * The socket that the configuration names. Loading a configuration takes longer than anything else that a command does,
 * so it is loaded only if it may name one. A configuration that cannot be used is a matter for other commands.
 */
async function configuredSocket(asked: string | undefined, terminal: Terminal): Promise<string | null> {
  const path = configPath(asked);
  if (path === null) return null;
  try {
    const files = await readConfigFiles(path, DISK);
    if (!files.some(({ text }) => /\bsocket\b/.test(text))) return null;
    const { parseConfigFiles } = await import('../config/load.ts');
    return parseConfigFiles(files).config.api.socket;
  } catch {
    terminal.note(
      `The configuration cannot be used (see tailban check), so tailban is looked for at ${DEFAULT_SOCKET}`,
    );
    return null;
  }
}
