/** What docs/filters.md says is so: its examples work, its rights and wrongs are right and wrong, and no token is left out. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Prover } from '../../src/cli/check/filter-problems.ts';
import { type ParseOptions, parseFilter } from '../../src/config/filter-files.ts';
import { ROLES } from '../../src/filter/definition.ts';
import { unsafePattern } from '../../src/filter/safety.ts';
import { TOKEN_NAMES } from '../../src/filter/tokens.ts';
import { filters, options } from '../filter/reading.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/filters.md'), 'utf8');
const blocks = [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = '', text = '']) => ({
  language,
  text,
}));
const [written, extension] = blocks.filter(({ language }) => language === 'toml').map(({ text }) => text);
const [right, wrong] = blocks
  .filter(({ language }) => language === 'text')
  .map(({ text }) => text.trimEnd().split('\n'));

function problems(text: string, file: string, how: ParseOptions = {}): string[] {
  const filter = parseFilter(text, file, how);
  const { localTime, reference: now } = options;
  return new Prover({ all: [filter], localTime, now }).problems(filter, text).map(({ message }) => message);
}

test('the filter that is written in five steps works', () => {
  assert.deepEqual(problems(written ?? '', '/etc/tailban/filters/turnstile.toml'), []);
});

test('the filter that extends a shipped one works', () => {
  const shipped = new Map(filters.map((filter) => [filter.definition.name, filter]));
  assert.deepEqual(problems(extension ?? '', '/etc/tailban/filters/postfix.toml', { shipped }), []);
});

test('what is called right is safe, and what is called wrong is not', () => {
  for (const pattern of right ?? []) assert.equal(unsafePattern({ prefix: '', pattern }), null, pattern);
  for (const pattern of wrong ?? []) assert.notEqual(unsafePattern({ prefix: '', pattern }), null, pattern);
  assert.ok(right && right.length > 3 && wrong && wrong.length > 3);
  for (const pattern of ['x from <ip>:\\d{1,5}', 'x from (?:\\[<ip>\\]|<ipv4>)(?::\\d{1,5})?'])
    assert.equal(unsafePattern({ prefix: '', pattern }), null, pattern);
});

test('every token and every role has its row', () => {
  const rows = page.split('\n').filter((row) => row.startsWith('| `'));
  const named = rows.flatMap((row) => [...(row.split(' | ')[0] ?? '').matchAll(/`<(\w+)>`/g)].map(([, name]) => name));
  assert.deepEqual(named.sort(), [...TOKEN_NAMES].sort());
  for (const role of ROLES)
    assert.ok(
      rows.some((row) => row.startsWith(`| \`${role}\` |`)),
      role,
    );
});
