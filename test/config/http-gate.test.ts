/** The table `[http.gate]`: what stands raw in the configuration of web servers needs no quoting there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/load.ts';
import { renderConfig } from '../../src/config/render.ts';
import { ConfigErrors } from '../../src/errors.ts';

function problemsOf(gate: Readonly<Record<string, string>>): string[] {
  const lines = Object.entries(gate).map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`);
  try {
    parseConfig(`[http.gate]\n${lines.join('')}`, 'tailban.toml');
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigErrors, String(error));
    return error.errors.map(({ line, column, message }) => `${line}:${column} ${message}`);
  }
}

test('a key of base64, or of any signs that need no quoting, is taken and written again as it is', () => {
  for (const key of ['dGhpcyBpcyBhIGtleQ+/==', "!#%&'()*+,-./:<=>?@[]^_`|~"]) {
    assert.deepEqual(problemsOf({ key }), []);
    const { config } = parseConfig(`[http.gate]\nkey = ${JSON.stringify(key)}\n`, 'tailban.toml');
    assert.equal(parseConfig(renderConfig(config), 'tailban.toml').config.http.gate.key, key);
  }
});

test('a key that could end its quotation marks or name a variable is refused, with the place', () => {
  for (const sign of ['"', '\\', '$', ';', '{', '}', ' ', '\t', 'é', '€', '🔑']) {
    const [problem, ...others] = problemsOf({ key: `12345678${sign}9` });
    assert.match(problem ?? '', /^2:16 Cannot read http\.gate\.key: ".*" cannot stand in this key$/s, sign);
    assert.deepEqual(others, []);
  }
});

test('the name of a header is one that every web server takes', () => {
  assert.deepEqual(problemsOf({ 'account-header': 'X-Account_2' }), []);
  for (const name of ['', '-X', 'X Account', 'X$Account', 'X:', '#X', 'x'.repeat(65)])
    assert.match(problemsOf({ 'account-header': name })[0] ?? 'taken', /is no name of a header/, name);
});
