/** The rules of the house that the linter cannot check. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '..');

/** What may import a package: one wrapper, or one for each use that has nothing in common with the others. */
const WRAPPERS: Readonly<Record<string, number>> = {
  '@eslint-community/regexpp': 1,
  chokidar: 1,
  'cli-table3': 1,
  commander: 1,
  // Commands that end, and journalctl, which does not.
  execa: 2,
  fastify: 1,
  leven: 1,
  pino: 1,
  'pino-pretty': 1,
  'prom-client/lib/counter.js': 1,
  'prom-client/lib/gauge.js': 1,
  'prom-client/lib/histogram.js': 1,
  'prom-client/lib/registry.js': 1,
  'smol-toml': 1,
  // One definition each of the configuration, of filter files, of API requests and of backups.
  'zod/mini': 4,
};

const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => join(ROOT, 'src', file));

/** Packages by the files of `src` that import their code (types cost nothing and bind nobody). */
function importers(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const file of files) {
    const text = readFileSync(file, 'utf8');
    for (const [, clause = '', name = ''] of text.matchAll(/^import\s+([^;]*?)\s*from '([^'.][^']*)'/gm)) {
      if (clause.startsWith('type ') || name.startsWith('node:')) continue;
      found.set(name, [...(found.get(name) ?? []), relative(ROOT, file)]);
    }
    for (const [, name = ''] of text.matchAll(/import\('([^'.][^']*)'\)/g)) {
      if (!name.startsWith('node:')) found.set(name, [...(found.get(name) ?? []), relative(ROOT, file)]);
    }
  }
  return found;
}

test('each dependency is imported by its wrapper only', () => {
  const found = importers();
  assert.deepEqual([...found.keys()].sort(), Object.keys(WRAPPERS).sort());
  for (const [name, users] of found) {
    assert.ok(users.length <= (WRAPPERS[name] ?? 0), `${name} is imported by ${users.join(', ')}`);
  }
});

test('each dependency has its line in docs/dependencies.md, and each wrapper named there exists', () => {
  const text = readFileSync(join(ROOT, 'docs/dependencies.md'), 'utf8');
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<
    string,
    Record<string, string>
  >;
  for (const name of Object.keys({
    ...manifest['dependencies'],
    ...manifest['devDependencies'],
    ...manifest['optionalDependencies'],
  })) {
    assert.ok(text.includes(name), `${name} is not in docs/dependencies.md`);
  }
  const named = [...text.matchAll(/`(src\/[a-z/0-9-]+\.ts)`/g)].map(([, path = '']) => path);
  for (const path of named) assert.ok(files.includes(join(ROOT, path)), `${path} does not exist`);
});

test('every file of src says at its top what it is for, and is short enough to be one idea', () => {
  for (const file of files) {
    const text = readFileSync(file, 'utf8');
    assert.match(text, /^\/\*\*/, `${relative(ROOT, file)} begins without a comment`);
    assert.ok(text.split('\n').length <= 351, `${relative(ROOT, file)} has more than 350 lines`);
  }
});
