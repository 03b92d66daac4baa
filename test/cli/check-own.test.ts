import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../api/serving.ts';
import { tailban } from './tailban.ts';

const PATTERN = `[[pattern]]
name = "gate"
kind = "scan"
pattern = '''gate shut for <login> from <ip>'''
samples = [{ line = 'Nov 22 08:47:25 mx1 dropbear[7]: gate shut for x from 192.0.2.1', ip = '192.0.2.1' }]
`;

test('check names the own filters, what a copy does without, and lines that two patterns read differently', async (t) => {
  const folder = join(await temporaryFolder(t), 'filters');
  await mkdir(folder);
  await writeFile(join(folder, 'dropbear.toml'), `name = "dropbear"\nprograms = ["dropbear"]\n${PATTERN}`);
  const second = PATTERN.replace('"gate"', '"gate-open"').replace('for <login> from <ip>', 'for <ip>: <any>');
  await writeFile(
    join(folder, 'vsftpd.toml'),
    `name = "vsftpd"\nextends = true\nprograms = ["dropbear-2"]\n${PATTERN}${second}`.replaceAll('dropbear', 'vsftpd'),
  );
  const { stdout } = await tailban(['check', '--filters', folder]);
  assert.match(stdout, /note: own filter dropbear instead of the shipped one: .*dropbear\.toml/);
  assert.match(stdout, /note: own filter vsftpd, which extends the shipped one/);
  assert.match(stdout, /dropbear\.toml does without \d+ patterns of the shipped filter \(.*\); with extends = true/);
  assert.match(
    stdout,
    /vsftpd\.toml: "gate" and "gate-open" find different addresses in "gate shut for 192\.0\.2\.1: /,
  );
});
