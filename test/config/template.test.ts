/** The configuration that packages install. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/load.ts';
import { renderTemplate } from '../../src/config/template.ts';

test('the installed configuration says nothing: loading it is like loading none', () => {
  const { config, notes } = parseConfig(renderTemplate(), 'tailban.toml');
  assert.deepEqual(config, parseConfig('', '').config);
  assert.deepEqual(notes, []);
});

test('each setting of the installed configuration can be switched on by taking its # away', () => {
  const lines = renderTemplate().split('\n');
  let header = '';
  let tried = 0;
  for (const line of lines) {
    if (/^#?\[/.test(line)) header = line.replace(/^#/, '').replace('NAME', 'one');
    if (!/^#[\w-]+ = /.test(line) || header === '') continue;
    tried++;
    const text = `${header}\n${line.slice(1)}\n`;
    const problem = tryToLoad(text);
    assert.ok(problem === null || !/Unknown setting|Cannot read this as TOML/.test(problem), `${text}${problem}`);
  }
  assert.ok(tried > 40);
});

/** Some settings are in order only beside others, which is another error than those looked for here. */
function tryToLoad(text: string): string | null {
  try {
    parseConfig(text, 'tailban.toml');
    return null;
  } catch (error) {
    return String(error instanceof Error && 'errors' in error ? error.errors : error);
  }
}
