/**
 * Two network namespaces, a server and a client, joined by a veth pair: real packets and a firewall of one's own, while
 * the machine's own network and ruleset stay untouched. Needs root and iproute2.
 *
 *     const net = await networkPair();
 *     t.after(() => net.remove());
 *     const server = await net.serve(25);
 *     await net.probe({ from: CLIENT[0], to: SERVER4, port: 25 });   // 'connected', 'refused', 'timeout', …
 *     net.serverRun(['nft', 'list', 'ruleset']);                     // any command inside the server's namespace
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { commandRunner, type Run } from '../../src/enforce/command.ts';

export const SERVER4 = '192.0.2.1';
export const SERVER6 = '2001:db8::1';
/** The client's addresses: the first two IPv6 ones share a /64, the third lies in another. */
export const CLIENT4 = ['192.0.2.10', '192.0.2.11', '192.0.2.200'] as const;
export const CLIENT6 = ['2001:db8:1::10', '2001:db8:1::11', '2001:db8:2::10'] as const;

/** A server may keep a client waiting on purpose: Dovecot does for some seconds after a wrong password. */
const PATIENCE = 20_000;
const PEER = fileURLToPath(new URL('netns-peer.ts', import.meta.url));

export type ProbeResult = 'connected' | 'refused' | 'reset' | 'timeout' | 'unreachable';

export interface Route {
  readonly from: string;
  readonly to: string;
  readonly port: number;
  /** Milliseconds until a probe without an answer is a `timeout`; 700 by default. */
  readonly timeout?: number;
}

/** A program that runs inside a namespace; its lines come one at a time. */
export interface Peer {
  readonly pid: number;
  /** The next line that it prints, waited for; rejects after five seconds. */
  line(): Promise<string>;
  stop(): Promise<void>;
}

export interface NetworkPair {
  /** Names for `ip netns exec`. */
  readonly server: string;
  readonly client: string;
  /** Runs a command inside the server's namespace, in the shape that the enforcers take. */
  readonly serverRun: Run;
  /** The same inside the client's. */
  readonly clientRun: Run;
  /** A TCP server on all addresses of the server; it greets and then prints `open PEER` and `closed PEER` lines. */
  serve(port: number): Promise<Peer>;
  /** One TCP connection attempt from the client. */
  probe(route: Route): Promise<ProbeResult>;
  /** An open connection from the client that sends a line every 100 ms; prints `closed CODE` when it ends. */
  hold(route: Route): Promise<Peer>;
  /** Starts any program inside one of the namespaces. */
  spawn(namespace: string, argv: readonly string[]): Peer;
  /** Ends all programs started here and deletes both namespaces. */
  remove(): Promise<void>;
}

export async function networkPair(): Promise<NetworkPair> {
  const id = `${process.pid.toString(36)}${Math.floor(Math.random() * 36 ** 4).toString(36)}`;
  const server = `tailban-s-${id}`;
  const client = `tailban-c-${id}`;
  const peers = new Set<Peer>();
  const drop = (): void => {
    for (const name of [server, client]) ignoreFailure(() => ip('netns', 'del', name));
  };
  process.once('exit', drop);
  build(server, client);

  const start = (namespace: string, argv: readonly string[]): Peer => {
    const peer = watch(spawn('ip', ['netns', 'exec', namespace, ...argv], { stdio: ['ignore', 'pipe', 'inherit'] }));
    peers.add(peer);
    return peer;
  };
  const talk = (namespace: string, ...args: readonly string[]): Peer =>
    start(namespace, [process.execPath, PEER, ...args]);
  return {
    server,
    client,
    serverRun: commandRunner({ prefix: ['ip', 'netns', 'exec', server] }),
    clientRun: commandRunner({ prefix: ['ip', 'netns', 'exec', client], timeout: 60_000 }),
    spawn: start,
    serve: async (port) => ready(talk(server, 'serve', String(port)), 'listening'),
    hold: async ({ from, to, port }) => ready(talk(client, 'hold', from, to, String(port)), 'connected'),
    probe: async ({ from, to, port, timeout = 700 }) => {
      const peer = talk(client, 'probe', from, to, String(port), String(timeout));
      const result = (await peer.line()) as ProbeResult;
      await peer.stop();
      return result;
    },
    remove: async () => {
      await Promise.all([...peers].map((peer) => peer.stop()));
      process.removeListener('exit', drop);
      drop();
    },
  };
}

function build(server: string, client: string): void {
  ip('netns', 'add', server);
  ip('netns', 'add', client);
  ip('-n', server, 'link', 'add', 'wire', 'type', 'veth', 'peer', 'name', 'wire', 'netns', client);
  for (const name of [server, client]) {
    ip('-n', name, 'link', 'set', 'lo', 'up');
    ip('-n', name, 'link', 'set', 'wire', 'up');
  }
  const addresses = (name: string, four: readonly string[], six: readonly string[]): void => {
    for (const address of four) ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', 'wire');
    for (const address of six) ip('-n', name, 'addr', 'add', `${address}/32`, 'dev', 'wire', 'nodad');
  };
  addresses(server, [SERVER4], [SERVER6]);
  addresses(client, CLIENT4, CLIENT6);
}

function watch(child: ChildProcess): Peer {
  const lines: string[] = [];
  const waiting: ((line: string) => void)[] = [];
  const gone = once(child, 'exit');
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const next = waiting.shift();
      if (next === undefined) lines.push(line);
      else next(line);
    });
  }
  return {
    pid: child.pid ?? 0,
    line: () => {
      const line = lines.shift();
      if (line !== undefined) return Promise.resolve(line);
      return new Promise((resolve, reject) => {
        const timer = setTimeout(
          () => reject(new Error(`Cannot read a line: nothing came within ${PATIENCE / 1000} s`)),
          PATIENCE,
        );
        waiting.push((text) => {
          clearTimeout(timer);
          resolve(text);
        });
      });
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await gone;
    },
  };
}

async function ready(peer: Peer, word: string): Promise<Peer> {
  const line = await peer.line();
  if (line !== word) throw new Error(`Cannot start a peer: it said "${line}" instead of "${word}"`);
  return peer;
}

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

function ignoreFailure(action: () => void): void {
  try {
    action();
  } catch {
    // Deleting a namespace that was never made is what cleaning up after a failure looks like.
  }
}
