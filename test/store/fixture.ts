/** What the tests of the store share: a directory of their own, a store with a clock that stands, bans to put in. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import { parseSubject } from '../../src/core/subject.ts';
import type { Ban, Change, Subject } from '../../src/core/types.ts';
import { Store } from '../../src/store/store.ts';

/** 2026-01-02T03:04:05Z */
export const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
export const HOUR = 3_600_000;

/** A path for a database in a directory that goes with the test. */
export function freshPath(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'tailban-store-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, 'tailban.db');
}

export interface Clock {
  now: number;
}

export interface OpenStore {
  readonly store: Store;
  readonly warnings: string[];
  readonly clock: Clock;
}

/** Opens the store at that path (a fresh one without); it is closed with the test. */
export function openStore(t: TestContext, path = freshPath(t), clock: Clock = { now: NOW }): OpenStore {
  const warnings: string[] = [];
  const store = Store.open(path, { now: () => clock.now, warn: (message) => warnings.push(message) });
  t.after(() => store.close());
  return { store, warnings, clock };
}

export function subject(text: string): Subject {
  const parsed = parseSubject(text);
  if (parsed === null) throw new Error(`${text} is no subject`);
  return parsed;
}

export function ban(who: string, more: Partial<Ban> = {}): Ban {
  return {
    subject: subject(who),
    since: NOW,
    until: NOW + HOUR,
    cause: 'authentication',
    reason: '100 failed logins in a day',
    offence: 1,
    evidence: ['first line', 'second line'],
    ...more,
  };
}

export function banned(...bans: readonly Ban[]): Change[] {
  return bans.map((one) => ({ type: 'ban', ban: one }));
}

export function unbanned(...who: readonly string[]): Change[] {
  return who.map((text) => ({ type: 'unban', subject: subject(text) }));
}

export type Writer = ChildProcessByStdio<null, Readable, null>;

/** Starts `store-writer.ts` and waits until it has opened the store; it is killed with the test. */
export async function startWriter(t: TestContext, path: string, task: 'hold' | 'write'): Promise<Writer> {
  const script = join(import.meta.dirname, 'store-writer.ts');
  const child = spawn(process.execPath, [script, path, task], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  // Its output pauses here and goes on with whoever listens next.
  const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`The writer ended with ${code}`)));
  await Promise.race([once(child.stdout, 'readable'), ended]);
  ended.catch(() => {});
  return child;
}
