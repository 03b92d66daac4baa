/**
 * The short form of `npm run fuzz`: some thousand damaged inputs for everything that reads what others write. The same ones
 * every time, unless TAILBAN_SEED in the environment says otherwise.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runTarget } from './target.ts';
import { TARGETS } from './targets.ts';

const SEED = Number(process.env['TAILBAN_SEED'] ?? 20_261_122);
const INPUTS = 25_000;
/** Of the heap, in bytes: what is bounded may still be filling after so few inputs. */
const MOST_GROWTH = 40e6;

const shares = [...TARGETS.values()].reduce((sum, { share }) => sum + share, 0);

describe('damaged input does no harm', () => {
  for (const [name, { target, share }] of TARGETS) {
    const inputs = Math.ceil((INPUTS * share) / shares);
    it(`${name}: ${inputs} ${target.inputs}`, async (t) => {
      const { heap, seconds } = await runTarget(target, { inputs, seed: SEED });
      const growth = heap[1] - heap[0];
      t.diagnostic(
        `seed ${SEED}, ${Math.round(inputs / seconds)} a second, heap grew by ${(growth / 1e6).toFixed(1)} MB`,
      );
      assert.ok(growth < MOST_GROWTH, `the heap grew by ${growth} bytes`);
    });
  }
});
