/**
 * Ends the live TCP connections of banned addresses with `ss --kill` (ss(8)). The firewall has already cut them off;
 * this only frees the server's side at once instead of at its timeout. So everything here is best effort: it runs after
 * the ban, beside the next one, and its failures never reach it.
 *
 * The cost does not grow with the number of bans: the connections are listed once, matched here, and only those of
 * banned addresses are killed. While one pass runs, any number of requests become one next pass.
 */
import { type Address, addressWidth, parseAddress } from '../../core/ip.ts';
import { isMissing, type Run } from '../command.ts';

export interface ConnectionCutter {
  /** Asks for a pass over all connections. Returns at once and never throws. */
  cut(): void;
  /** Resolves when no pass is running or asked for. */
  idle(): Promise<void>;
}

export interface CutterOptions {
  /** Only connections to these ports of this host are ended; empty means all. */
  readonly ports: readonly number[];
  readonly run: Run;
  readonly banned: (address: Address) => boolean;
  /** Told once, where this host cannot end connections. */
  readonly warn: (message: string) => void;
}

/** A line of `ss -Htn`: both ends as it printed them, and the peer's address. */
export interface Connection {
  readonly ends: string;
  readonly peer: Address;
}

/** Addresses in one call of ss: the kernel's filter program is limited to 64 KiB. */
const CHUNK = 100;

export function connectionCutter(options: CutterOptions): ConnectionCutter {
  let asked = false;
  let impossible = false;
  let pass: Promise<void> | null = null;

  const work = async (): Promise<void> => {
    while (asked && !impossible) {
      asked = false;
      try {
        impossible = !(await cutOnce(options));
        if (impossible) options.warn('Cannot end the connections of banned addresses: the kernel has no SOCK_DESTROY');
      } catch (error) {
        impossible = isMissing(error);
        if (impossible) options.warn('Cannot end the connections of banned addresses: ss is missing, install iproute2');
      }
    }
    pass = null;
  };
  return {
    cut: () => {
      asked = true;
      if (!impossible) pass ??= work();
    },
    idle: async () => {
      while (pass !== null) await pass;
    },
  };
}

/** The peers in a listing of `ss -Htn`, whose last two columns are the local and the peer's `address:port`. */
export function readConnections(listing: string): Connection[] {
  const connections: Connection[] = [];
  for (const line of listing.split('\n')) {
    const [local, peer] = line.trim().split(/\s+/).slice(-2);
    if (local === undefined || peer === undefined) continue;
    const address = parseAddress(peer.slice(0, peer.lastIndexOf(':')).replace(/%.*/, '').replace(/[[\]]/g, ''));
    if (address !== null) connections.push({ ends: `${local} ${peer}`, peer: address });
  }
  return connections;
}

/** The filter of ss for connections from any of these addresses; an IPv4 address covers its mapped form as well. */
export function killFilter(addresses: readonly Address[], ports: readonly number[]): string {
  const peers = addresses.map((address) => `dst ${addressWidth(address) === 32 ? address : `[${address}]`}`);
  const filter = `( ${peers.join(' or ')} )`;
  return ports.length === 0 ? filter : `${filter} and ${portFilter(ports)}`;
}

/** One pass; false where connections are there, and stay there, and ss has killed none of them. */
async function cutOnce(options: CutterOptions): Promise<boolean> {
  const before = await bannedConnections(options);
  if (before.length === 0) return true;
  const peers = [...new Set(before.map((connection) => connection.peer))];
  let killed = false;
  for (let start = 0; start < peers.length; start += CHUNK) {
    const filter = killFilter(peers.slice(start, start + CHUNK), options.ports);
    const { exitCode, stdout } = await options.run(['ss', '-HtnK', ...CONNECTED, filter]);
    killed ||= exitCode !== 0 || stdout.trim() !== '';
  }
  if (killed) return true;
  const after = new Set((await bannedConnections(options)).map((connection) => connection.ends));
  return !before.every((connection) => after.has(connection.ends));
}

const CONNECTED = ['state', 'connected', 'exclude', 'time-wait'] as const;

async function bannedConnections(options: CutterOptions): Promise<Connection[]> {
  const ports = options.ports.length === 0 ? [] : [portFilter(options.ports)];
  const { stdout } = await options.run(['ss', '-Htn', ...CONNECTED, ...ports]);
  return readConnections(stdout).filter((connection) => options.banned(connection.peer));
}

function portFilter(ports: readonly number[]): string {
  return `( ${ports.map((port) => `sport = :${port}`).join(' or ')} )`;
}
