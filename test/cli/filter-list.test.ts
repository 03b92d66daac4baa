import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { filterList } from '../../src/cli/commands/filter-list.ts';
import { invocation, screen } from './screen.ts';

const OWN = join(import.meta.dirname, 'transcripts/files/filters');

async function listed(columns: number | null, json = false): Promise<string> {
  const { terminal, out } = screen({ columns });
  const { globals, ...rest } = invocation(terminal, '/nonexistent');
  await filterList({ ...rest, globals: { ...globals, filters: OWN } }, { json });
  return stripVTControlCharacters(out());
}

test('shipped filters and your own ones stand in one list, with their programs and kinds', async () => {
  const text = await listed(null);
  assert.match(text, /^gate +1 +authentication +gate +your own: \S+gate\.toml$/m);
  assert.match(text, /^postfix +\d+ +authentication, .*\*\/postscreen +shipped$/m);
});

test('on a terminal the list is cut to its width', async () => {
  const lines = (await listed(120)).split('\n');
  assert.ok(lines.every((line) => line.startsWith('gate ') || line.length <= 120));
});

test('as JSON the list says everything of each filter', async () => {
  const filters = JSON.parse(await listed(null, true)) as Record<string, unknown>[];
  assert.deepEqual(
    filters.find(({ name }) => name === 'gate'),
    {
      name: 'gate',
      origin: 'own',
      file: join(OWN, 'gate.toml'),
      programs: ['gate'],
      units: [],
      patterns: 1,
      kinds: ['authentication'],
    },
  );
});
