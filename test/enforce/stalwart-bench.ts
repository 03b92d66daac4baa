/** What the tests of Stalwart share: a double, an enforcer before it, and its folder. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { stalwart } from '../../src/enforce/stalwart/enforcer.ts';
import type { Enforcer } from '../../src/enforce/types.ts';
import { EnforceError } from '../../src/errors.ts';
import { FakeClock } from './fakes.ts';
import { StalwartDouble, TOKEN } from './stalwart-double.ts';

export const RELOAD = 'GET /api/reload/server.blocked-ip';
export const LIST = 'GET /api/settings/list?prefix=server.blocked-ip';

export interface Bench {
  readonly server: StalwartDouble;
  readonly enforcer: Enforcer;
  /** Another enforcer with the same notes, as after a restart. */
  readonly restarted: (token?: string) => Enforcer;
  readonly clock: FakeClock;
  readonly warnings: string[];
  readonly notes: string;
}

export async function bench(t: TestContext, version: '0.15' | '0.16'): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'tailban-stalwart-'));
  t.after(() => rm(folder, { recursive: true }));
  const server = await new StalwartDouble(version).start(t);
  const clock = new FakeClock();
  const warnings: string[] = [];
  const notes = join(folder, 'stalwart.jsonl');
  const restarted = (token = TOKEN): Enforcer =>
    stalwart({
      url: server.url,
      token: () => token,
      version: 'auto',
      addresses: true,
      logins: true,
      defaultDomain: 'example.org',
      notes,
      now: clock.now,
      warn: (message) => warnings.push(message),
      timeout: 300,
    });
  return { server, enforcer: restarted(), restarted, clock, warnings, notes };
}

export async function failure(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    assert.ok(error instanceof EnforceError, String(error));
    return error.message;
  }
  return 'no failure';
}
