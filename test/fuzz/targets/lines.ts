/** Damaged lines of real logs through reader, joiner and judge, with all filters. */
import { mutate, oneLine } from '../mutate.ts';
import { logLines, Pool } from '../pool.ts';
import type { Target } from '../target.ts';
import { Chain } from './chain.ts';

const MOST_LINES = 30;

export const lines: Target = {
  inputs: 'lines',
  open: (random) => {
    const pool = new Pool(logLines());
    const chain = new Chain('text');
    let fed: string[] = [];
    return {
      step: () => {
        fed = Array.from({ length: 1 + random.below(MOST_LINES) }, () => {
          const line = pool.pick(random);
          return oneLine(random.chance(0.1) ? line : mutate(line, pool.pick(random), random));
        });
        chain.read(fed, ({ filter, pattern, as, login }, line) =>
          pool.reached(`${filter} ${pattern} ${as} ${login === null}`, line),
        );
        return fed.length;
      },
      last: () => fed.map((line) => JSON.stringify(line)).join('\n'),
      notes: () => `${pool.places} kinds of sightings, ${chain.events} events, ${chain.bans} bans`,
    };
  },
};
