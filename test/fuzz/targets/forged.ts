/** Text that an attacker chose, in the fields of real lines that clients fill: it changes neither whose line it is nor what it counts as. */
import assert from 'node:assert/strict';
import { forgeable, forged as forgery, tails, VICTIM } from '../../filter/forgery.ts';
import { mutate } from '../mutate.ts';
import type { Target } from '../target.ts';

export const forged: Target = {
  inputs: 'forged lines',
  open: (random) => {
    const texts = [VICTIM, ...forgeable.flatMap(tails)];
    let last = '';
    return {
      step: () => {
        const line = random.pick(forgeable);
        const field = random.pick(line.fields);
        // Of this very line's rest, an attacker makes the most.
        const hostile = random.chance(0.5) ? random.pick(tails(line)) : random.pick(texts);
        const text = random.chance(0.3) ? hostile : mutate(hostile, random.pick(texts), random);
        last = line.with(field, text);
        assert.equal(forgery(line, field, text), null);
        return 1;
      },
      last: () => JSON.stringify(last),
    };
  },
};
