/** Watches the firewall of a namespace: which addresses enter its sets, and when. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Namespace } from './namespace.ts';

const ADDED = /^(?:add|create) element inet tailban \S+ \{ ([0-9a-f.:]+)/;
/** nft says nothing when it has begun to listen. */
const SETTLE = 300;

export class KernelWatch {
  /** When each address was first seen in a set, on the clock of `performance.now()`. */
  readonly seen = new Map<string, number>();
  readonly #monitor: ChildProcess;
  readonly #waiting = new Map<string, () => void>();

  static async start(namespace: Namespace): Promise<KernelWatch> {
    const [command, ...args] = namespace.inside('nft', 'monitor', 'new', 'elements');
    const watch = new KernelWatch(spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] }));
    await new Promise((resolve) => setTimeout(resolve, SETTLE));
    return watch;
  }

  private constructor(monitor: ChildProcess) {
    this.#monitor = monitor;
    if (monitor.stdout === null) throw new Error('Cannot watch the firewall: nft monitor has no output');
    createInterface({ input: monitor.stdout }).on('line', (line) => {
      const address = ADDED.exec(line)?.[1];
      if (address === undefined || this.seen.has(address)) return;
      this.seen.set(address, performance.now());
      this.#waiting.get(address)?.();
    });
  }

  /** When the address entered a set; waits for it. */
  async banned(address: string, timeout: number): Promise<number> {
    if (!this.seen.has(address)) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const timer = setTimeout(
        () => reject(new Error(`Cannot see ${address} banned: it is not after ${timeout} ms`)),
        timeout,
      );
      this.#waiting.set(address, resolve);
      await promise.finally(() => {
        clearTimeout(timer);
        this.#waiting.delete(address);
      });
    }
    return this.seen.get(address) ?? Number.NaN;
  }

  async stop(): Promise<void> {
    if (this.#monitor.exitCode !== null) return;
    const gone = once(this.#monitor, 'exit');
    this.#monitor.kill('SIGKILL');
    await gone;
  }
}

/** When the firewall of a namespace first changes at all; a transaction is announced when all of it is in force. */
export async function firstChange(namespace: Namespace): Promise<{ at: Promise<number>; stop: () => void }> {
  const [command, ...args] = namespace.inside('nft', 'monitor', 'new', 'sets');
  const monitor = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const at = once(monitor.stdout, 'data').then(() => performance.now());
  await new Promise((resolve) => setTimeout(resolve, SETTLE));
  return { at, stop: () => void monitor.kill('SIGKILL') };
}

/** How many elements the sets of the table hold. */
export function countElements(namespace: Namespace): number {
  const [command, ...args] = namespace.inside('nft', 'list', 'table', 'inet', 'tailban');
  const listing = execFileSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 30 });
  return listing.match(/ expires /g)?.length ?? 0;
}
