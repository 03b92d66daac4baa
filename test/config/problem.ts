/** What is wrong with a configuration, as short as a test wants to have it. */
import assert from 'node:assert/strict';
import { parseConfig } from '../../src/config/load.ts';
import { ConfigErrors } from '../../src/errors.ts';

/** Place and message of the first problem, without the name of the setting; `none` where all is in order. */
export function problem(text: string): string {
  try {
    parseConfig(text, 'tailban.toml');
  } catch (error) {
    assert.ok(error instanceof ConfigErrors, String(error));
    const [first] = error.errors;
    return `${first?.line}:${first?.column} ${first?.message.replace(/^Cannot read [a-z.[\]\d-]+: /, '')}`;
  }
  return 'none';
}
