/** `tailban explain` of lines goes by the configuration as the daemon does. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { explain } from '../../src/cli/commands/explain.ts';
import type { EventView } from '../../src/cli/explain/events.ts';
import { temporaryFolder } from '../api/serving.ts';
import { screen } from './screen.ts';

/** What becomes of a failed login. */
async function explained(t: TestContext, toml: string, { ip, login }: { ip: string; login: string }) {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, 'tailban.toml'), toml.replaceAll('FOLDER', folder));
  await writeFile(join(folder, 'aliases'), 'sales@example.org alice@example.org\n');
  const { terminal, out } = screen();
  const globals = { config: join(folder, 'tailban.toml'), filters: join(folder, 'none'), socket: join(folder, 'none') };
  const line = `2026-11-22T08:47:29.030000+00:00 mx1 postfix/smtpd[377]: warning: unknown[${ip}]: SASL LOGIN authentication failed: x, sasl_username=${login}`;
  await explain({ terminal, globals, version: '1.2.3' }, line, { json: true });
  const { events } = JSON.parse(out()) as { events: readonly EventView[] };
  assert.equal(events.length, 1);
  return events[0] ?? assert.fail();
}

test('a trusted proxy is never banned', async (t) => {
  const toml = '[server]\ntrusted-proxies = ["198.51.100.7"]\n';
  const { ignored, counts } = await explained(t, toml, { ip: '198.51.100.7', login: 'alice' });
  assert.match(ignored ?? '', /trusted proxy \(198\.51\.100\.7\/32\)/);
  assert.deepEqual(counts, []);
});

test('an alias counts as its login', async (t) => {
  const toml = '[login]\naliases = "FOLDER/aliases"\n';
  const { counts } = await explained(t, toml, { ip: '203.0.113.66', login: 'sales@example.org' });
  assert.deepEqual(
    counts.map(({ subject }) => subject),
    ['203.0.113.66', 'login:alice@example.org'],
  );
});
