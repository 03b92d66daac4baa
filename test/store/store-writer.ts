/**
 * A process of its own for the tests that kill one. `store-writer.ts PATH hold` opens the store and stays;
 * `store-writer.ts PATH write` writes round after round, each a checkpoint and a batch of bans that must agree in
 * themselves, and names on standard output every round that is written for good.
 */
import { writeSync } from 'node:fs';
import type { Ban, FailureKind } from '../../src/core/types.ts';
import { Store } from '../../src/store/store.ts';
import { ban, banned } from './fixture.ts';

const COUNTERS = 40;
const KINDS: readonly FailureKind[] = ['authentication', 'scan'];

const [path = '', task] = process.argv.slice(2);
const store = Store.open(path, { now: Date.now, warn: (message) => writeSync(2, `${message}\n`) });
// The last round is written once more: its bans may be missing, and what is there already must not be made twice.
const first = Number(store.positions().get('a') ?? 1);
writeSync(1, `${first - 1}\n`);
if (task === 'write') {
  for (let round = first; ; round++) {
    writeRound(round);
    writeSync(1, `${round}\n`);
  }
}
// Whoever started us ends us; a timer keeps the process until then.
setInterval(() => {}, 60_000);

function writeRound(round: number): void {
  store.checkpoint({
    positions: new Map(['a', 'b'].map((key) => [key, String(round)])),
    joins: new Map([[`join ${round % 3}`, round % 2 === 0 ? null : String(round)]]),
    counters: Array.from({ length: COUNTERS }, (_, n) => ({
      subject: `192.0.2.${n}`,
      kind: KINDS[n % KINDS.length] ?? 'scan',
      times: Array.from({ length: 1 + (round % 5) }, () => round),
    })),
  });
  // Two bans a round that belong together; the pair before last is lifted.
  const lifted = pair(round - 2).map(({ subject }) => ({ type: 'unban' as const, subject }));
  store.saveChanges([...banned(...pair(round)), ...lifted], round);
}

function pair(round: number): Ban[] {
  return ['a', 'b'].map((name) => ban(`login:${name}${round}`, { since: round, until: null, offence: round }));
}
