/** The outbox: batches, limits, retries and what it does in a storm, all on a clock of the test's own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Limit } from '../../src/core/types.ts';
import { Outbox } from '../../src/notify/outbox.ts';
import type { Message } from '../../src/notify/types.ts';
import { ban, TIME, trouble } from './notices.ts';

interface Bench {
  readonly outbox: Outbox;
  readonly sent: { readonly at: number; readonly message: Message }[];
  readonly failures: (number | null)[];
  readonly dropped: number[];
  /** Lets time pass until then, in milliseconds since the start. */
  until(time: number): Promise<void>;
  /** Moves the wall clock alone. */
  step(by: number): void;
}

function bench(options: { every?: number; max?: Limit | null; fails?: (at: number) => boolean } = {}): Bench {
  const { every = 60_000, max = null, fails = () => false } = options;
  let elapsed = 0;
  let offset = TIME;
  const sleepers: { readonly at: number; wake(): void }[] = [];
  const sent: Bench['sent'] = [];
  const failures: Bench['failures'] = [];
  const dropped: number[] = [];
  const outbox = new Outbox({
    host: 'mail',
    every,
    max,
    now: () => offset + elapsed,
    sleep: (duration, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener('abort', () => resolve());
        sleepers.push({ at: elapsed + duration, wake: resolve });
      }),
    deliver: async (message) => {
      if (fails(elapsed)) throw new Error('no luck');
      sent.push({ at: elapsed, message });
    },
    onFailure: (_error, retryIn) => failures.push(retryIn),
    onDropped: (count) => dropped.push(count),
  });
  return {
    outbox,
    sent,
    failures,
    dropped,
    step: (by) => {
      offset += by;
    },
    until: async (time) => {
      for (let steps = 0; steps < 10_000; steps++) {
        await turn();
        const next = sleepers.toSorted((one, other) => one.at - other.at)[0];
        if (next === undefined || next.at > time) break;
        sleepers.splice(sleepers.indexOf(next), 1);
        elapsed = Math.max(elapsed, next.at);
        next.wake();
      }
      elapsed = time;
    },
  };
}

function subjects({ notices }: Message): string[] {
  return notices.map((notice) => ('subject' in notice ? notice.subject : notice.name));
}

test('what happens within the time to gather goes out as one message', async () => {
  const { outbox, sent, until } = bench();
  outbox.add(ban('192.0.2.1'));
  await until(30_000);
  outbox.add(ban('192.0.2.2'));
  await until(59_999);
  assert.equal(sent.length, 0);
  await until(60_000);
  await until(200_000);
  outbox.add(ban('192.0.2.3'));
  await until(400_000);
  assert.deepEqual(
    sent.map(({ at, message }) => [at, ...subjects(message)]),
    [
      [60_000, '192.0.2.1', '192.0.2.2'],
      [260_000, '192.0.2.3'],
    ],
  );
});

test('no more messages go out in any period than the limit says, and the rest waits', async () => {
  const { outbox, sent, until } = bench({ every: 1_000, max: { count: 3, period: 3_600_000 } });
  for (let second = 0; second < 7_200; second += 10) {
    outbox.add(ban(`192.0.2.${second}`));
    await until(second * 1_000 + 10_000);
  }
  assert.equal(sent.length, 6);
  const times = sent.map(({ at }) => at);
  for (let i = 3; i < times.length; i++) assert.ok((times[i] ?? 0) - (times[i - 3] ?? 0) >= 3_600_000);
  await until(20_000_000);
  assert.equal(sent.flatMap(({ message }) => message.notices).length, 720);
});

test('a storm of 10,000 bans is one message with what fits, a number for the rest, and the trouble in the midst of it', async () => {
  const { outbox, sent, dropped, until } = bench();
  const start = performance.now();
  for (let i = 0; i < 10_000; i++) outbox.add(ban(`192.0.2.${i}`));
  outbox.add(trouble('no such table'));
  assert.ok(performance.now() - start < 1_000);
  assert.equal(outbox.waiting, 1_001);
  await until(60_000);
  assert.equal(sent.length, 1);
  const [first] = sent;
  assert.equal(first?.message.notices.length, 1_001);
  assert.deepEqual(first?.message.omitted, { ban: 9_000 });
  assert.equal(
    dropped.reduce((sum, count) => sum + count, 0),
    9_000,
  );
  await until(10_000_000);
  assert.equal(sent.length, 1, 'nothing is left to tell');
});

test('a message that cannot be sent is tried again as the same, ever more slowly', async () => {
  const { outbox, sent, failures, until } = bench({ fails: (at) => at < 90_000 });
  outbox.add(ban('192.0.2.1'));
  await until(61_000);
  outbox.add(ban('192.0.2.2'));
  await until(300_000);
  assert.deepEqual(failures, [1_000, 3_000, 9_000, 27_000]);
  assert.deepEqual(
    sent.map(({ at, message }) => [at, ...subjects(message)]),
    [
      [100_000, '192.0.2.1'],
      [160_000, '192.0.2.2'],
    ],
  );
});

test('what is given up is counted, and told as a number when somebody hears again', async () => {
  const { outbox, sent, failures, until } = bench({ fails: (at) => at < 3_000_000 });
  outbox.add(ban('192.0.2.1'));
  await until(1_950_000);
  assert.equal(failures.length, 12);
  assert.equal(failures.at(-1), null);
  await until(4_000_000);
  assert.equal(sent.length, 1);
  assert.deepEqual(sent[0]?.message.notices, []);
  assert.deepEqual(sent[0]?.message.omitted, { ban: 1 });
});

test('a clock that is put back a day does not hold messages up', async () => {
  const { outbox, sent, until, step } = bench({ every: 1_000, max: { count: 1, period: 3_600_000 } });
  outbox.add(ban('192.0.2.1'));
  await until(2_000);
  step(-86_400_000);
  outbox.add(ban('192.0.2.2'));
  await until(10_000);
  assert.equal(sent.length, 2);
});

test('a limit of one message in a month waits for it without spinning', async () => {
  const month = 30 * 86_400_000;
  const { outbox, sent, until } = bench({ every: 1_000, max: { count: 1, period: month } });
  outbox.add(ban('192.0.2.1'));
  await until(2_000);
  outbox.add(ban('192.0.2.2'));
  await until(month - 10_000);
  assert.equal(sent.length, 1);
  await until(month + 10_000);
  assert.equal(sent.length, 2);
});

test('a stop sends what waits', async () => {
  const { outbox, sent } = bench();
  outbox.add(ban('192.0.2.1'));
  await outbox.stop();
  outbox.add(ban('192.0.2.2'));
  assert.deepEqual(
    sent.flatMap(({ message }) => subjects(message)),
    ['192.0.2.1'],
  );
});

test('a stop waits two seconds for somebody who does not answer, and no longer', async () => {
  const { promise: hang, resolve } = Promise.withResolvers<void>();
  let aborted = false;
  const outbox = new Outbox({
    host: 'mail',
    every: 1_000,
    max: null,
    now: () => TIME,
    sleep: async () => {},
    deliver: (_message, signal) => {
      signal.addEventListener('abort', () => {
        aborted = true;
        resolve();
      });
      return hang;
    },
  });
  outbox.add(ban());
  const start = performance.now();
  await outbox.stop();
  const took = performance.now() - start;
  assert.ok(took > 1_500 && took < 4_000, `${took} ms`);
  assert.ok(aborted);
});
