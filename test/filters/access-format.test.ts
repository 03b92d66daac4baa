/** The formats in docs/requests.md are those that we export, and read. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { APACHE_LOG_FORMAT, NGINX_LOG_FORMAT } from '../../src/export/access-log.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/requests.md'), 'utf8');

test('the formats that the page shows are those that are exported', () => {
  assert.ok(page.includes(`\`\`\`nginx\n${NGINX_LOG_FORMAT}\`\`\``));
  assert.ok(page.includes(`\`\`\`apache\n${APACHE_LOG_FORMAT}\`\`\``));
});
