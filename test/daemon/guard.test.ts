/** What the guard tells the enforcers and whoever keeps accounts, also while the store cannot be written. */
import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/load.ts';
import { Judge } from '../../src/core/judge.ts';
import { subjectKey } from '../../src/core/subject.ts';
import type { Change } from '../../src/core/types.ts';
import { Guard } from '../../src/daemon/guard.ts';
import { EnforcerQueue } from '../../src/enforce/queue.ts';
import { createLogger } from '../../src/log.ts';
import { ban, banOf } from '../enforce/bans.ts';
import { FakeEnforcer } from '../enforce/fakes.ts';

const NOW = Date.UTC(2026, 10, 22);

function setUp() {
  const judge = new Judge(parseConfig('', 'tailban.toml').config);
  const enforcer = new FakeEnforcer();
  const stored: string[] = [];
  const told: string[] = [];
  const disk = { isFull: false };
  const save = (changes: readonly Change[]): void => {
    if (disk.isFull) throw new Error('the disk is full');
    for (const change of changes) stored.push(change.type === 'ban' ? subjectKey(change.ban.subject) : 'unban');
  };
  const guard = new Guard({
    judge,
    store: { saveChanges: save, checkpoint: () => save([]), allowed: () => [] },
    now: () => NOW,
    log: createLogger({
      level: 'error',
      format: 'json',
      terminal: false,
      destination: new Writable({ write: (_chunk, _encoding, done) => done() }),
    }),
    observer: {
      banned: ({ subject }) => told.push(`banned ${subjectKey(subject)}`),
      expired: () => {},
      lifted: () => {},
    },
    alwaysAllowed: () => [],
  });
  const queue = new EnforcerQueue({ enforcer, activeBans: () => judge.activeBans(), now: () => NOW });
  queue.start();
  guard.connect([queue], { takePositions: () => new Map(), takeJoins: () => new Map(), report: () => {} });
  return { guard, queue, enforcer, stored, told, disk };
}

test('while the store cannot be written, enforcers are told of each ban once, and all is stored when it can be again', async () => {
  const { guard, queue, enforcer, stored, told, disk } = setUp();
  await queue.idle();
  disk.isFull = true;
  await guard.carryOut([ban('192.0.2.7')]);
  for (let second = 0; second < 3; second++) {
    assert.equal(guard.checkpoint(), true, 'nothing else was to be written');
    await queue.idle();
  }
  await guard.carryOut([ban('192.0.2.8')]);
  disk.isFull = false;
  guard.checkpoint();
  guard.checkpoint();
  await queue.idle();
  assert.deepEqual(enforcer.calls, ['reset', 'apply +192.0.2.7', 'apply +192.0.2.8']);
  assert.deepEqual(stored, ['192.0.2.7', '192.0.2.8']);
  assert.deepEqual(told, ['banned 192.0.2.7', 'banned 192.0.2.8']);
  await queue.stop();
});

test('to tell the enforcers of a ban again is no new ban', async () => {
  const { guard, queue, enforcer, stored, told } = setUp();
  await guard.tellAgain(banOf('192.0.2.7'));
  assert.deepEqual(enforcer.calls, ['reset', 'apply +192.0.2.7']);
  assert.deepEqual([stored, told], [[], []]);
  await queue.stop();
});

test('as many changes as there may be bans go through at once', async () => {
  const { guard, queue, stored } = setUp();
  const all = Array.from({ length: 200_000 }, (_, n) => ban(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`));
  await guard.carryOut(all);
  assert.equal(stored.length, all.length);
  await queue.stop();
});
