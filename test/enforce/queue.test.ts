/** The queue: batches, order, retries, reconciliation and the watch, on a clock that the test turns. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Ban, Change } from '../../src/core/types.ts';
import { EnforcerQueue, type EnforcerQueueOptions } from '../../src/enforce/queue.ts';
import { ban, banOf, unban } from './bans.ts';
import { FakeClock, FakeEnforcer, settle } from './fakes.ts';

function setUp(options: Partial<EnforcerQueueOptions> = {}) {
  const enforcer = new FakeEnforcer();
  const clock = new FakeClock();
  const said: string[] = [];
  const active: Ban[] = [];
  const queue = new EnforcerQueue({
    enforcer,
    activeBans: () => active,
    now: clock.now,
    sleep: clock.sleep,
    onFailure: (error, retryIn) => said.push(`failed: ${error.message}, again in ${retryIn}`),
    onRecovery: (failedFor) => said.push(`recovered after ${failedFor}`),
    onRestored: (bans) => said.push(`restored ${bans}`),
    ...options,
  });
  return { enforcer, clock, said, active, queue };
}

test('it starts by bringing the enforcer to all active bans that it handles', async () => {
  const { enforcer, active, queue } = setUp();
  active.push(banOf('192.0.2.1'), banOf('login:alice'));
  queue.start();
  await queue.idle();
  assert.deepEqual(enforcer.calls, ['reset 192.0.2.1']);
  await queue.stop();
});

test('while one call runs, everything that comes is one next batch', async () => {
  const { enforcer, queue } = setUp();
  queue.start();
  await queue.idle();
  const open = holdCalls(enforcer);
  queue.push([ban('192.0.2.1')]);
  await settle();
  for (let i = 2; i < 6; i++) queue.push([ban(`192.0.2.${i}`)]);
  queue.push([ban('login:alice')]);
  await settle();
  assert.deepEqual(queue.status(), { enforcer: 'fake', pending: 5, failingSince: null, lastError: null, logins: null });
  open();
  await queue.idle();
  assert.deepEqual(enforcer.calls.slice(1), ['apply +192.0.2.1', 'apply +192.0.2.2 +192.0.2.3 +192.0.2.4 +192.0.2.5']);
  assert.equal(enforcer.mostRunning, 1);
  assert.equal(queue.status().pending, 0);
  await queue.stop();
});

test('the end of a ban is told to an enforcer that does not end bans by itself', async () => {
  const { enforcer, queue } = setUp();
  queue.start();
  await queue.idle();
  queue.ended(banOf('192.0.2.1').subject);
  enforcer.needsEnds = true;
  queue.ended(banOf('192.0.2.2').subject);
  await queue.idle();
  assert.deepEqual(enforcer.calls.slice(1), ['apply -192.0.2.2']);
  await queue.stop();
});

test('an unban right after a ban ends unbanned, a ban right after an unban ends banned', async () => {
  const { enforcer, queue } = setUp();
  queue.start();
  await queue.idle();
  queue.push([ban('192.0.2.1'), unban('192.0.2.2')]);
  queue.push([unban('192.0.2.1'), ban('192.0.2.2')]);
  await queue.idle();
  assert.deepEqual([...enforcer.held], ['192.0.2.2']);
  assert.equal(enforcer.calls.at(-1), 'apply -192.0.2.1 +192.0.2.2');
  await queue.stop();
});

test('a failing enforcer is tried again ever more slowly, and then brought to all active bans', async () => {
  const { enforcer, clock, said, active, queue } = setUp();
  queue.start();
  await queue.idle();
  enforcer.failures.push(...Array.from({ length: 11 }, () => new Error('no')));
  active.push(banOf('192.0.2.1'));
  queue.push([ban('192.0.2.1')]);
  await settle();
  assert.deepEqual(queue.status(), {
    enforcer: 'fake',
    pending: 1,
    failingSince: 1_000_000,
    lastError: 'no',
    logins: null,
  });
  active.push(banOf('192.0.2.2'));
  queue.push([ban('192.0.2.2')]);
  await settle();
  assert.equal(enforcer.calls.length, 2, 'a push does not cut the wait short');
  assert.equal(queue.status().pending, 2);
  for (const delay of [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]) {
    const before: number = enforcer.calls.length;
    await clock.advance(delay - 1);
    assert.equal(enforcer.calls.length, before);
    await clock.advance(1);
    assert.equal(enforcer.calls.length, before + 1);
  }
  await queue.idle();
  assert.ok(enforcer.calls.slice(2).every((call) => call === 'reset 192.0.2.1 192.0.2.2'));
  assert.deepEqual([...enforcer.held], ['192.0.2.1', '192.0.2.2']);
  assert.deepEqual(queue.status(), { enforcer: 'fake', pending: 0, failingSince: null, lastError: null, logins: null });
  assert.equal(said[0], 'failed: no, again in 100');
  assert.equal(said.at(-1), 'recovered after 111100');
  await queue.stop();
});

test('what is pushed while a reset runs is carried out after it', async () => {
  const { enforcer, active, queue } = setUp();
  active.push(banOf('192.0.2.1'));
  const open = holdCalls(enforcer);
  queue.start();
  await settle();
  queue.push([unban('192.0.2.1')]);
  open();
  await queue.idle();
  assert.deepEqual(enforcer.calls, ['reset 192.0.2.1', 'apply -192.0.2.1']);
  await queue.stop();
});

test('a foreign flush is noticed at the next look, repaired and told', async () => {
  const { enforcer, clock, said, active, queue } = setUp();
  active.push(banOf('192.0.2.1'), banOf('login:alice'));
  queue.start();
  await clock.advance(10_000);
  assert.deepEqual(enforcer.calls, ['reset 192.0.2.1', 'intact']);
  enforcer.flushed = true;
  await clock.advance(9_999);
  assert.equal(enforcer.calls.length, 2);
  await clock.advance(1);
  assert.deepEqual(enforcer.calls.slice(2), ['intact', 'reset 192.0.2.1']);
  assert.deepEqual(said, ['restored 1']);
  await queue.stop();
});

test('a stream of changes does not keep it from looking, nor does a clock that was put back', async () => {
  const { enforcer, clock, queue } = setUp();
  queue.start();
  await queue.idle();
  for (let i = 0; i < 25; i++) {
    queue.push([ban(`192.0.2.${i}`)]);
    await clock.advance(500);
  }
  assert.equal(enforcer.calls.filter((call) => call === 'intact').length, 1);
  clock.time -= 3_600_000;
  queue.push([ban('192.0.2.100')]);
  await queue.idle();
  assert.equal(enforcer.calls.filter((call) => call === 'intact').length, 2);
  assert.ok(clock.naps.every((nap) => nap <= 10_000));
  await queue.stop();
});

test('a look that fails counts as a failure of the enforcer', async () => {
  const { enforcer, clock, said, queue } = setUp({ watchEvery: 1_000 });
  queue.start();
  await queue.idle();
  enforcer.failures.push(new Error('no answer'));
  await clock.advance(1_000);
  assert.equal(queue.status().lastError, 'no answer');
  await clock.advance(100);
  assert.deepEqual(enforcer.calls, ['reset', 'intact', 'reset']);
  assert.deepEqual(said, ['failed: no answer, again in 100', 'recovered after 100']);
  await queue.stop();
});

test('stop lets the running call end and carries out what is left, once', async () => {
  const { enforcer, queue } = setUp();
  queue.start();
  await queue.idle();
  const open = holdCalls(enforcer);
  queue.push([ban('192.0.2.1')]);
  await settle();
  queue.push([ban('192.0.2.2')]);
  const stopped = queue.stop();
  open();
  await stopped;
  assert.deepEqual([...enforcer.held], ['192.0.2.1', '192.0.2.2']);
  queue.push([ban('192.0.2.3')]);
  await settle();
  assert.equal(enforcer.calls.length, 3);
});

test('stop does not wait for the next retry, and its last try may fail', async () => {
  const { enforcer, said, queue } = setUp();
  enforcer.failures.push(new Error('no'), new Error('never'));
  queue.start();
  await settle();
  const idle = queue.idle();
  await queue.stop();
  await idle;
  assert.deepEqual(enforcer.calls, ['reset', 'reset']);
  assert.deepEqual(said, ['failed: no, again in 100', 'failed: never, again in null']);
});

test('whatever fails and is flushed in between, the enforcer ends up with exactly the active bans', {
  timeout: 30_000,
}, async () => {
  const step = fc.oneof(
    fc.record({ type: fc.constant('push' as const), host: fc.nat(5), ban: fc.boolean() }),
    fc.record({ type: fc.constant('fail' as const), count: fc.nat(3) }),
    fc.record({ type: fc.constant('flush' as const) }),
    fc.record({ type: fc.constant('wait' as const), time: fc.nat(12_000) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const active = new Map<string, Ban>();
      const { enforcer, clock, queue } = setUp({ activeBans: () => active.values() });
      queue.start();
      for (const item of steps) {
        if (item.type === 'push') queue.push([commit(active, `192.0.2.${item.host}`, item.ban)]);
        else if (item.type === 'fail') enforcer.failures.push(...new Array(item.count).fill(new Error('no')));
        else if (item.type === 'wait') await clock.advance(item.time);
        else {
          enforcer.flushed = true;
          enforcer.held.clear();
        }
      }
      while (enforcer.failures.length > 0 || enforcer.flushed || queue.status().failingSince !== null) {
        await clock.advance(30_000);
      }
      await queue.idle();
      assert.deepEqual([...enforcer.held].sort(), [...active.keys()].sort());
      assert.equal(enforcer.mostRunning, 1);
      await queue.stop();
    }),
    { numRuns: 100 },
  );
});

function commit(active: Map<string, Ban>, key: string, banned: boolean): Change {
  if (banned) active.set(key, banOf(key));
  else active.delete(key);
  return banned ? ban(key) : unban(key);
}

/** Makes calls wait until the returned function is called. */
function holdCalls(enforcer: FakeEnforcer): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  enforcer.gate = promise;
  return resolve;
}
