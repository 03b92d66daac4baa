/**
 * Tries whether a ban blocks: with the real firewall program and the real rules, but in a network namespace of its own
 * that has nothing but a loopback and ends with us, so that the rules of this host stay as they are. A server listens
 * on 127.0.0.1, a client comes from 127.0.0.2 before and after that address is banned, and another one from 127.0.0.3.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { extname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseSubject } from '../core/subject.ts';
import type { Ban, Millis } from '../core/types.ts';
import { commandRunner, type Run } from '../enforce/command.ts';
import type { Enforcer } from '../enforce/types.ts';
import { EnforceError } from '../errors.ts';
import type { Rehearsal } from './situation.ts';

const PATIENCE: Millis = 10_000;
const BAN_TIME: Millis = 60_000;

export interface RehearsalOptions {
  /** Makes a firewall whose commands run in the namespace; `problem` says why there is none. */
  readonly firewall: (run: Run) => Promise<{ readonly enforcer: Enforcer; readonly problem: string | null }>;
  /** The port that is tried; one of those that are closed to banned addresses. */
  readonly port: number;
  readonly now: () => Millis;
}

/** Lies beside this file among the sources, and beside the bundled code (packaging/build.ts). */
const PEER = join(import.meta.dirname, `rehearsal-peer${extname(import.meta.filename)}`);

export async function rehearse(options: RehearsalOptions): Promise<Rehearsal> {
  const isRoot = process.getuid?.() === 0;
  const own = isRoot ? ['--net'] : ['--user', '--map-root-user', '--net'];
  const child = spawn('unshare', [...own, '--', process.execPath, PEER, String(options.port)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
  });
  try {
    const started = await once(child, 'spawn').then(
      () => true,
      () => false,
    );
    if (!started) return { result: 'untried', reason: 'unshare (util-linux) is not there' };
    return await play(new Stage(child, isRoot), options);
  } finally {
    child.stdin.end();
    child.kill('SIGKILL');
  }
}

async function play(stage: Stage, { firewall, now }: RehearsalOptions): Promise<Rehearsal> {
  if ((await stage.hear()) !== 'ready')
    return { result: 'untried', reason: `no network namespace can be made here: ${stage.complaint}` };
  try {
    const up = await stage.run(['ip', 'link', 'set', 'lo', 'up']);
    if (up.exitCode !== 0) return { result: 'untried', reason: up.stderr.trim() };
    await stage.ask('listen');
    const before = await stage.ask('127.0.0.2');
    if (before !== 'connected') return { result: 'untried', reason: `nobody gets in even without a ban: ${before}` };
    const { enforcer, problem } = await firewall(stage.run);
    if (problem !== null) return { result: 'untried', reason: problem };
    await enforcer.reset([banOf('127.0.0.2', now())]);
    const banned = await stage.ask('127.0.0.2');
    const other = await stage.ask('127.0.0.3');
    if (banned !== 'blocked') return { result: 'leaks', reason: `a banned address was ${banned}` };
    if (other !== 'connected') return { result: 'fails', reason: `an address that is not banned was ${other}` };
    return { result: 'blocks', reason: enforcer.name };
  } catch (error) {
    if (!(error instanceof EnforceError)) throw error;
    return { result: 'fails', reason: error.message };
  }
}

function banOf(text: string, now: Millis): Ban {
  const subject = parseSubject(text);
  if (subject === null) throw new TypeError(`"${text}" is no address`);
  return {
    subject,
    since: now,
    until: now + BAN_TIME,
    cause: 'manual',
    reason: 'rehearsal',
    offence: 1,
    evidence: [],
  };
}

/** The process inside the namespace: asked and answering line by line. */
class Stage {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly run: Run;
  #complaint = '';

  constructor(child: ChildProcess & { readonly stdout: NodeJS.ReadableStream }, isRoot: boolean) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.stderr?.on('data', (data: Buffer) => (this.#complaint += data.toString('utf8')));
    child.stdin?.on('error', () => {});
    const own = isRoot ? ['--net'] : ['--user', '--preserve-credentials', '--net'];
    const timeout = PATIENCE;
    this.run = commandRunner({ timeout, prefix: ['nsenter', '--target', String(child.pid), ...own, '--'] });
  }

  get complaint(): string {
    return this.#complaint.trim().split('\n')[0] ?? '';
  }

  ask(line: string): Promise<string> {
    this.#child.stdin?.write(`${line}\n`);
    return this.hear();
  }

  /** The next line; what is none where it has ended or does not answer. */
  async hear(): Promise<string> {
    const { promise: silence, resolve } = Promise.withResolvers<string>();
    const timer = setTimeout(() => resolve('no answer'), PATIENCE);
    const line = this.#lines.next().then(({ value, done }) => (done === true ? 'no answer' : value));
    try {
      return await Promise.race([line, silence]);
    } finally {
      clearTimeout(timer);
    }
  }
}
