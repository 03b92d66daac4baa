import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Refusal } from '../../src/api/contract.ts';
import { loadAgain, loadBeginning } from '../../src/daemon/loading.ts';
import { ConfigError, ConfigErrors } from '../../src/errors.ts';

const SOUND = `
name = "ftp"
programs = ["ftpd"]
[[pattern]]
name = "refused"
kind = "authentication"
pattern = 'refused \\[<ip>\\]'
samples = [{ line = "refused [192.0.2.1]", ip = "192.0.2.1" }]
`;
const BROKEN = 'name = "ftp"\nprograms = []\n';

/** A folder of shipped filters with this one in it, and one of own filters, perhaps with one. */
async function folders(t: TestContext, shipped: string, own: string | null = null) {
  const folder = await mkdtemp(join(tmpdir(), 'tailban-loading-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const filterFolder = join(folder, 'shipped');
  const ownFilterFolder = join(folder, 'own');
  for (const one of [filterFolder, ownFilterFolder]) await mkdir(one);
  await writeFile(join(filterFolder, 'ftp.toml'), shipped);
  if (own !== null) await writeFile(join(ownFilterFolder, 'ftp.toml'), own);
  const configPath = join(folder, 'tailban.toml');
  await writeFile(configPath, '[source.mail]\nfiles = ["/var/log/mail.log"]\nfilter = ["ftp"]\n');
  return { configPath, filterFolder, ownFilterFolder };
}

test('the shipped filters are read only when they are asked for', async (t) => {
  const files = await folders(t, SOUND);
  const { own, filters } = await loadBeginning(files);
  assert.equal(own.size, 0);
  assert.deepEqual([...(await filters()).keys()], ['ftp']);
  const { filters: broken } = await loadBeginning(await folders(t, BROKEN));
  await assert.rejects(broken(), ConfigError);
});

test('what an admin wrote is checked at once: own filters, and the names of filters in the configuration', async (t) => {
  await assert.rejects(loadBeginning(await folders(t, SOUND, BROKEN)), ConfigError);
  const { own } = await loadBeginning(await folders(t, SOUND, SOUND));
  assert.equal(own.get('ftp')?.origin, 'replaces');
  const files = await folders(t, SOUND);
  await writeFile(files.configPath, '[source.mail]\nfiles = ["/var/log/mail.log"]\nfilter = ["no-such"]\n');
  await assert.rejects(loadBeginning(files), ConfigErrors);
});

test('a reload is refused for a broken file of aliases, with its line', async (t) => {
  const files = await folders(t, SOUND);
  const aliases = `${files.configPath}.aliases`;
  await writeFile(files.configPath, `[login]\naliases = "${aliases}"\n`);
  await writeFile(aliases, 'sales alice\nchef\n');
  await assert.rejects(loadAgain(files), (error) => {
    assert.ok(error instanceof Refusal);
    assert.equal(error.status, 422);
    assert.ok(error.message.startsWith(`${aliases}:2:1: Cannot read this alias: "chef"`), error.message);
    return true;
  });
});
