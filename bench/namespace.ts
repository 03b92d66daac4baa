/**
 * A network namespace of our own: a firewall to fill, and no way out but loopback. The machine's own network and ruleset
 * stay untouched. Needs root and iproute2.
 */
import { execFileSync } from 'node:child_process';

export interface Namespace {
  /** A command that runs inside. */
  inside(...argv: readonly string[]): [string, ...string[]];
  remove(): void;
}

export function openNamespace(): Namespace {
  const name = `tailban-bench-${process.pid}`;
  ip('netns', 'add', name);
  ip('-n', name, 'link', 'set', 'lo', 'up');
  const drop = (): void => {
    process.removeListener('exit', drop);
    ip('netns', 'del', name);
  };
  // However the bench ends.
  process.once('exit', drop);
  return { inside: (...argv) => ['ip', 'netns', 'exec', name, ...argv], remove: drop };
}

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] });
}
