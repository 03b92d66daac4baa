/**
 * A host without a firewall, for which no root is needed: a folder with configuration, logs and database, the daemon as
 * a process of its own, and the commands. In a configuration `FOLDER` stands for the folder.
 */
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Status } from '../../src/api/contract.ts';
import { type CommandResult, type DaemonProcess, startDaemonProcess, tailban, until } from './daemon.ts';
import { type Body, type Numbers, stamped, wrongSubmission } from './mail-lines.ts';

export interface SmallHost {
  readonly folder: string;
  readonly socket: string;
  /** Fresh process ids for the lines of new connections. */
  readonly numbers: Numbers;
  path(name: string): string;
  /** Writes the configuration: this, no firewall, and the host's own database. */
  configure(text: string): Promise<void>;
  /** Starts the daemon and waits until it guards. */
  start(how?: Start): Promise<DaemonProcess>;
  /** Starts it without waiting. */
  launch(how?: Start): DaemonProcess;
  /** Appends lines that have just happened to a log of that name. */
  write(name: string, ...bodies: readonly Body[]): Promise<void>;
  command(...args: readonly string[]): Promise<CommandResult>;
  remove(): Promise<void>;
}

/** The lines of as many failed logins, each with another name. */
export function fails({ numbers }: SmallHost, ip: string, times: number): string[] {
  return Array.from({ length: times }, (_, n) => wrongSubmission(numbers, ip, `u${n}@example.org`)).flat();
}

export interface Start {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export async function smallHost(text: string): Promise<SmallHost> {
  const folder = await mkdtemp(join(tmpdir(), 'tailban-small-'));
  const path = (name: string): string => join(folder, name);
  const socket = path('tailban.sock');
  const daemons = new Set<DaemonProcess>();
  let connections = 6_000;
  const launch = (how: Start = {}): DaemonProcess => {
    const daemon = startDaemonProcess({ config: path('tailban.toml'), socket, ...how });
    daemons.add(daemon);
    return daemon;
  };
  const host: SmallHost = {
    folder,
    socket,
    path,
    numbers: { next: () => connections++ },
    configure: (settings) =>
      writeFile(
        path('tailban.toml'),
        `${settings}\n[firewall]\nbackend = "none"\n[store]\npath = "FOLDER/tailban.db"\n`.replaceAll('FOLDER', folder),
      ),
    launch,
    start: (how) => launch(how).ready(),
    write: (name, ...bodies) => appendFile(path(name), bodies.map((body) => stamped(Date.now(), body)).join('')),
    command: (...args) => tailban(socket, args),
    remove: async () => {
      await Promise.all([...daemons].map((daemon) => daemon.kill()));
      await rm(folder, { recursive: true, force: true });
    },
  };
  await host.configure(text);
  return host;
}

/** Waits until the daemon's status is as wanted; gives it. */
export async function untilStatus(
  daemon: DaemonProcess,
  what: string,
  wanted: (status: Status) => boolean,
): Promise<Status> {
  let status = await daemon.api.status();
  await until(
    () => `${what}; the sources are ${JSON.stringify(status.sources)} and the daemon says:\n${daemon.output()}`,
    async () => {
      status = await daemon.api.status();
      return wanted(status);
    },
  );
  return status;
}

/** Waits until so many failed logins have been counted in all. */
export function untilFailures(daemon: DaemonProcess, count: number): Promise<Status> {
  return untilStatus(daemon, `${count} failed logins`, ({ events }) => events.authentication >= count);
}
