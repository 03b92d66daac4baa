/** The settings that are exported for nginx, before a real one: they enforce our numbers. Needs root and nginx. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nginxHttp, nginxServer } from '../../src/export/nginx.ts';
import { nginxConfig } from './http-lab.ts';
import { testLimits } from './http-limits.ts';

testLimits(async (folder, config) => {
  const path = join(folder, 'nginx.conf');
  await writeFile(path, nginxConfig(folder, nginxHttp(config, '0'), nginxServer(config, '0')));
  return ['nginx', '-c', path];
});
