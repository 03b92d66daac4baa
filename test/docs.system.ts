/** The manual pages as mandoc sees them. Needs mandoc, so it is not among the quick tests. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { generated } from '../docs/generated.ts';

for (const [path, text] of generated()) {
  if (!path.startsWith('packaging/man/')) continue;
  test(`mandoc has nothing against ${path}, and shows it`, () => {
    const lint = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning'], { input: text, encoding: 'utf8' });
    assert.deepEqual([lint.stdout, lint.status], ['', 0]);
    const shown = spawnSync('mandoc', ['-T', 'ascii'], { input: text, encoding: 'utf8' }).stdout.replaceAll(
      /.\x08/g,
      '',
    );
    assert.match(shown, path.endsWith('.8') ? /\n {3}tailban filter show NAME\n/ : /\n {3}\[server\.fail2ban\]\n/);
  });
}
