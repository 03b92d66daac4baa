import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Backlog } from '../../src/daemon/backlog.ts';
import { mergeByTime } from '../../src/replay/merge.ts';

interface Item {
  readonly time: number;
  readonly log: number;
  readonly place: number;
}

/** A log as it is read, in pieces of any size, empty ones among them. */
async function* inPieces(items: readonly Item[], sizes: readonly number[]): AsyncGenerator<readonly Item[]> {
  let at = 0;
  for (let piece = 0; at < items.length; piece++) {
    const size = sizes.length === 0 ? 1 : (sizes[piece % sizes.length] ?? 1);
    yield items.slice(at, at + size);
    at += size;
    if (piece > 10 * items.length) at = items.length;
  }
}

async function merged(logs: readonly AsyncIterable<readonly Item[]>[]): Promise<Item[]> {
  const taken: Item[] = [];
  await mergeByTime(logs, (item) => void taken.push(item));
  return taken;
}

function items(times: readonly number[], log: number): Item[] {
  return times.map((time, place) => ({ time, log, place }));
}

test('logs are brought into the order of time, in which equal times keep the order of the logs', async () => {
  const logs = [items([1, 3, 3], 0), items([2, 3], 1), items([], 2), items([0], 3)];
  const taken = await merged(logs.map((log) => inPieces(log, [2])));
  assert.deepEqual(
    taken.map(({ time, log }) => [time, log]),
    [
      [0, 3],
      [1, 0],
      [2, 1],
      [3, 0],
      [3, 0],
      [3, 1],
    ],
  );
});

test('lines that a clock put back has stamped stay behind those before them', async () => {
  const taken = await merged([inPieces(items([10, 20, 5, 21], 0), [1]), inPieces(items([11, 22], 1), [1])]);
  assert.deepEqual(
    taken.map(({ time }) => time),
    [10, 11, 20, 5, 21, 22],
  );
});

test('the order is the one in which the daemon catches up, whatever the logs and their pieces', async () => {
  const times = fc.array(fc.nat(30), { maxLength: 20 });
  const sizes = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 }).filter((all) => all.some((one) => one > 0));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(times, sizes), { maxLength: 5 }), async (logs) => {
      const backlog = new Backlog<Item>();
      for (const [log, [own]] of logs.entries())
        for (const item of items(own, log)) backlog.add(String(log), item.time, item);
      const taken = await merged(logs.map(([own, pieces], log) => inPieces(items(own, log), pieces)));
      assert.deepEqual(taken, backlog.take());
    }),
    { numRuns: 300 },
  );
});

test('of each log no more than one piece is asked for ahead', async () => {
  let open = 0;
  async function* counting(log: number): AsyncGenerator<readonly Item[]> {
    for (let time = 0; time < 100; time++) {
      open++;
      yield [{ time, log, place: time }];
    }
  }
  let most = 0;
  await mergeByTime([counting(0), counting(1), counting(2)], () => {
    most = Math.max(most, open);
    open--;
  });
  assert.ok(most <= 3, `${most} pieces were in memory at once`);
});

test('an error of one log ends the whole', async () => {
  // biome-ignore lint/correctness/useYield: it fails before
  async function* failing(): AsyncGenerator<readonly Item[]> {
    throw new Error('no disk');
  }
  await assert.rejects(merged([inPieces(items([1], 0), [1]), failing()]), /no disk/);
});
