/** Kills a process in the middle of its writes, again and again: nothing torn, nothing lost that was written for good. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { subjectKey } from '../../src/core/subject.ts';
import type { Store } from '../../src/store/store.ts';
import { freshPath, openStore, startWriter } from './fixture.ts';

const KILLS = 20;

/** Lets the writer run until a random moment after its first round; gives the last round that it named. */
async function writeAndKill(t: TestContext, path: string): Promise<number> {
  const child = await startWriter(t, path, 'write');
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await delay(Math.random() * 60);
  child.kill('SIGKILL');
  const [code, signal] = await once(child, 'close');
  assert.equal(signal, 'SIGKILL', `the writer ended by itself with ${code}`);
  return Number(output.slice(0, output.lastIndexOf('\n')).split('\n').at(-1));
}

/** Everything that one checkpoint wrote is of the same round; gives that round. */
function checkRound(store: Store): number {
  const positions = store.positions();
  const round = Number(positions.get('a') ?? 0);
  if (round === 0) return 0;
  assert.deepEqual(
    positions,
    new Map([
      ['a', String(round)],
      ['b', String(round)],
    ]),
  );
  const counters = [...store.counters()];
  assert.equal(counters.length, 40);
  const times = Array.from({ length: 1 + (round % 5) }, () => round);
  for (const counter of counters) assert.deepEqual(counter.times, times, counter.subject);
  assert.equal(store.joins().get(`join ${round % 3}`), round % 2 === 0 ? undefined : String(round));
  return round;
}

/** Bans are written behind the checkpoint of their round, so they are of the same round or the one before. */
function checkBans(store: Store, round: number): void {
  const active = store.activeBans(round).map((ban) => subjectKey(ban.subject));
  const last = store.activeBans(round).at(-1)?.offence ?? 0;
  assert.ok(last === round || last === round - 1, `bans of round ${last}, counters of round ${round}`);
  const rounds = [last - 1, last].filter((one) => one > 0);
  assert.deepEqual(
    active,
    rounds.flatMap((one) => [`login:a${one}`, `login:b${one}`]),
  );
}

test(`killed ${KILLS} times in the middle of its writes, the store is whole and has all that was written`, async (t) => {
  const path = freshPath(t);
  let before = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const named = await writeAndKill(t, path);
    const { store, warnings } = openStore(t, path);
    const round = checkRound(store);
    checkBans(store, round);
    assert.ok(round >= named, `round ${named} was written, the store has round ${round}`);
    assert.ok(round <= named + 1, `round ${round} came from nowhere after ${named}`);
    assert.equal(store.recovered, false);
    assert.deepEqual(warnings, []);
    store.close();
    before = Math.max(before, round);
  }
  assert.ok(before > KILLS, `only ${before} rounds were written, too few to mean anything`);
});
