/** When something broken is told, and when that it works again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Conditions } from '../../src/notify/conditions.ts';

function nftables(problem: string | null) {
  return { kind: 'enforcer', name: 'nftables', problem } as const;
}

test('what is broken for half a minute is told once, and once that it works again', () => {
  const conditions = new Conditions();
  const told = Array.from({ length: 20 }, (_, index) =>
    conditions.look([nftables(index >= 2 && index < 12 ? `failure ${index}` : null)], index * 10_000),
  );
  assert.deepEqual(
    told.flatMap((notices, index) => notices.map((notice) => [index, 'problem' in notice && notice.problem])),
    [
      [5, 'failure 5'],
      [12, null],
    ],
  );
});

test('what mends itself at once is not told', () => {
  const conditions = new Conditions();
  for (let index = 0; index < 20; index++)
    assert.deepEqual(conditions.look([nftables(index % 3 === 0 ? 'busy' : null)], index * 10_000), []);
});

test('what is not there any more is forgotten, and a clock that was put back delays nothing', () => {
  const conditions = new Conditions();
  conditions.look([nftables('broken')], 1_000_000_000);
  assert.equal(conditions.look([nftables('broken')], 900_000_000).length, 1);
  assert.deepEqual(conditions.look([], 900_010_000), []);
  assert.deepEqual(conditions.look([nftables(null)], 900_020_000), []);
});
