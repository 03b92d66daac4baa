/** Garbage as configuration: what comes out of it is a configuration, or errors that are made for whoever wrote it. */
import assert from 'node:assert/strict';
import type { ConfigFile } from '../../src/config/files.ts';
import { parseConfigFiles } from '../../src/config/load.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { ConfigError, ConfigErrors } from '../../src/errors.ts';

/** Loads; what is thrown must be ours, with a place inside one of the texts, and be showable. */
export function survives(main: string, dropIns: readonly string[] = []): void {
  const files: readonly ConfigFile[] = [
    { path: 'fuzz.toml', text: main },
    ...dropIns.map((text, n) => ({ path: `fuzz.d/${n}.toml`, text })),
  ];
  try {
    parseConfigFiles(files, { filters: ['postfix'] });
  } catch (error) {
    assert.ok(error instanceof ConfigErrors, `${error instanceof Error ? error.stack : error}`);
    assert.ok(error.errors.length > 0);
    for (const problem of error.errors) {
      assert.ok(problem instanceof ConfigError);
      const text = files.find(({ path }) => path === problem.file)?.text;
      assert.ok(text !== undefined, `an error in ${problem.file}`);
      const lines = text.split('\n').length;
      assert.ok(problem.line >= 1 && problem.line <= lines && problem.column >= 1, `${problem.line}:${problem.column}`);
      assert.doesNotMatch(`${problem.message}${problem.hint}`, /undefined|\[object|Invalid input/);
      assert.ok(formatProblem(problem, text).startsWith(`${problem.file}:${problem.line}:`));
    }
  }
}
