/**
 * A host that is guarded for real: the daemon as a process of its own inside the server's namespace, with nftables and
 * a database, a log that this process writes, and a client that sends real packets. Needs root.
 */
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { subjectKey } from '../../src/core/subject.ts';
import { nftables } from '../../src/enforce/firewall/nftables.ts';
import { type CommandResult, type DaemonProcess, startDaemonProcess, tailban, until } from './daemon.ts';
import { type Body, type Numbers, stamped } from './mail-lines.ts';
import { type NetworkPair, networkPair } from './netns.ts';

export const PORT = 25;

export interface GuardedHost {
  readonly net: NetworkPair;
  readonly folder: string;
  readonly store: string;
  readonly log: string;
  /** Fresh process ids for the lines of new connections. */
  readonly numbers: Numbers;
  /** Starts the daemon inside the server's namespace and waits until it guards. */
  start(env?: Readonly<Record<string, string>>): Promise<DaemonProcess>;
  /** Appends lines that have just happened. */
  write(...bodies: readonly Body[]): Promise<void>;
  /** Runs a command of `tailban` that has to succeed; gives what it printed. */
  admin(...args: readonly string[]): Promise<string>;
  /** Runs a command of `tailban`, logged in through SSH from an address where one is given. */
  command(args: readonly string[], from?: string): Promise<CommandResult>;
  /** Who is banned by what the kernel says, sorted. */
  inKernel(): Promise<string[]>;
  /** Ends the daemons and takes everything away. */
  remove(): Promise<void>;
}

export interface HostOptions {
  /** Log files in the host's folder, each a source of its own. */
  readonly logs?: readonly string[];
  readonly ports?: readonly number[];
}

/** @param settings the table `[server.fail2ban]`, and whatever is to follow it. */
export async function guardedHost(
  settings: string,
  { logs = ['mail.log'], ports = [PORT] }: HostOptions = {},
): Promise<GuardedHost> {
  const folder = await mkdtemp(join(tmpdir(), 'tailban-host-'));
  const [log, store, socket, config] = ['mail.log', 'tailban.db', 'tailban.sock', 'tailban.toml'].map((name) =>
    join(folder, name),
  ) as [string, string, string, string];
  const net = await networkPair();
  const daemons = new Set<DaemonProcess>();
  await writeFile(log, '');
  const files = logs.map((name) => join(folder, name));
  await writeFile(config, configuration({ files, ports, store, settings }));
  const kernel = nftables({
    ports,
    action: 'drop',
    ipv6Prefix: 64,
    run: net.serverRun,
    now: Date.now,
    killSockets: false,
  });
  let connections = 4_000;
  const command = (args: readonly string[], from = ''): Promise<CommandResult> =>
    tailban(socket, args, { SSH_CONNECTION: from === '' ? '' : `${from} 50000 192.0.2.1 22` });
  return {
    net,
    folder,
    store,
    log,
    numbers: { next: () => connections++ },
    start: async (env = {}) => {
      const daemon = startDaemonProcess({ config, socket, prefix: ['ip', 'netns', 'exec', net.server], env });
      daemons.add(daemon);
      return daemon.ready();
    },
    write: (...bodies) => appendFile(log, bodies.map((body) => stamped(Date.now(), body)).join('')),
    command,
    admin: async (...args) => {
      const { code, stdout, stderr } = await command(args);
      if (code !== 0) throw new Error(`tailban ${args.join(' ')} failed with ${code}: ${stderr}`);
      return stdout;
    },
    inKernel: async () => (await kernel.remaining()).map(({ subject }) => subjectKey(subject)).sort(),
    remove: async () => {
      await Promise.all([...daemons].map((daemon) => daemon.kill()));
      await net.remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Waits until the kernel holds this ban, or has let go of it. */
export async function untilKernel(host: GuardedHost, subject: string, held = true): Promise<void> {
  await until(
    `${subject} ${held ? 'in' : 'out of'} the kernel`,
    async () => (await host.inKernel()).includes(subject) === held,
  );
}

interface Settings {
  readonly files: readonly string[];
  readonly ports: readonly number[];
  readonly store: string;
  readonly settings: string;
}

function configuration({ files, ports, store, settings }: Settings): string {
  const sources = files.map((file, n) => `[source.log${n}]\nfiles = ["${file}"]\nfilter = ["postfix", "dovecot"]\n`);
  return `
[server.fail2ban]
${settings}
${sources.join('')}
[firewall]
backend = "nftables"
ports = [${ports.join(', ')}]
[store]
path = "${store}"
`;
}
