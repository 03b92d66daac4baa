/** Starts the real command line as a process of its own. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts');

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartOptions {
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** The environment is a bare one, so that nobody's own SSH session or colours show up in a test. */
export function start(args: readonly string[], { env = {}, cwd }: Omit<StartOptions, 'input'> = {}) {
  const argv = ['--disable-warning=ExperimentalWarning', MAIN, ...args];
  // The parent of the process may have been logged in through SSH: an address here comes before any of its.
  const bare = { PATH: process.env['PATH'] ?? '', TZ: 'UTC', SSH_CONNECTION: '203.0.113.200 1 203.0.113.10 22' };
  return spawn(process.execPath, argv, { env: { ...bare, ...env }, cwd });
}

export async function tailban(args: readonly string[], options: StartOptions = {}): Promise<Outcome> {
  const child = start(args, options);
  // A program that has read enough closes its input.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve);
    child.once('error', reject);
  });
  const [code, stdout, stderr] = await Promise.all([exited, textOf(child.stdout), textOf(child.stderr)]);
  return { code, stdout, stderr };
}

async function textOf(stream: Readable): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('utf8');
}
