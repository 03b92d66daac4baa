/** The settings that are exported for HAProxy, before a real one: they enforce our numbers. Needs root and haproxy. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { haproxyFrontend, haproxyTables } from '../../src/export/haproxy.ts';
import { haproxyConfig } from './http-lab.ts';
import { testLimits } from './http-limits.ts';

testLimits(async (folder, config) => {
  const path = join(folder, 'haproxy.cfg');
  await writeFile(path, haproxyConfig(haproxyTables(config, '0'), haproxyFrontend(config, '0')));
  return ['haproxy', '-q', '-db', '-f', path];
});
