/** The short form of `npm run soak`: 20 s of 5,000 lines a second, with nftables, rotations and bans. Needs root. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { soak } from '../../bench/soak-run.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
/** As the launcher starts it, but always from its sources. */
const PROGRAM = [process.execPath, '--max-semi-space-size=4', '--no-memory-pool', MAIN];
const SECONDS = 20;
const RATE = 5_000;

test(`for ${SECONDS} s of ${RATE} lines a second nothing is lost, nothing counts twice, and everybody due is banned`, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tailban-soak-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const result = await soak({
    seconds: SECONDS,
    rate: RATE,
    rotateEvery: 4,
    seed: 20_261_122,
    folder,
    program: PROGRAM,
  });
  const { samples, lines, lost, rotations, expected, missed, differences, latencies, byHand } = result;
  const behind = Math.max(...samples.map((sample) => sample.behind));
  t.diagnostic(
    `${lines} lines, ${rotations} rotations, at most ${behind} lines behind, ${samples.at(-1)?.resident.toFixed(0)} MB`,
  );
  t.diagnostic(`${expected} attackers, banned within ${Math.max(...latencies).toFixed(0)} ms; ${byHand} bans by hand`);
  assert.ok(lines >= SECONDS * RATE);
  assert.equal(lost, 0);
  assert.ok(rotations >= 4 && expected >= 3 && byHand >= 5);
  assert.deepEqual(missed, []);
  assert.deepEqual(differences, []);
  assert.ok(behind < 5 * RATE, `${behind} lines behind`);
});
