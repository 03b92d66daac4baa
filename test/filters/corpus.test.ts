/**
 * What tailban reads out of the logs of real servers that were attacked is what was done to them. What it cannot be, for a
 * server does not log it say, is listed in `test/corpus/known.json`, by corpus, with the reason.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { corpusFolders, readCorpus } from '../../scripts/score/corpus.ts';
import { score } from '../../scripts/score/score.ts';
import { filters } from '../filter/reading.ts';

const ROOT = join(import.meta.dirname, '../corpus');
const known: Readonly<Record<string, Readonly<Record<string, string>>>> = JSON.parse(
  readFileSync(join(ROOT, 'known.json'), 'utf8'),
);
const compiled = filters.map((filter) => filter.compiled);
const folders = corpusFolders(ROOT);

for (const folder of folders) {
  const name = basename(folder);

  test(`${name}: every attack is counted once, and nobody else is`, () => {
    const { foreign, kinds, differences } = score(readCorpus(folder, compiled));
    assert.deepEqual(foreign, [], 'an address that no client had');
    assert.deepEqual(
      kinds.filter(({ doubled }) => doubled > 0),
      [],
      'counted twice',
    );
    assert.deepEqual(differences.toSorted(), Object.keys(known[name] ?? {}).toSorted());
  });
}

test('what is known belongs to a corpus and has a reason', () => {
  const names = new Set(folders.map((folder) => basename(folder)));
  for (const [name, differences] of Object.entries(known)) {
    assert.ok(names.has(name), name);
    for (const [difference, reason] of Object.entries(differences)) assert.ok(reason !== '', difference);
  }
});
