/** Drop-ins and a running daemon: a reload sees new, changed, broken and removed ones. */
import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { smallHost } from '../support/small-host.ts';

test('a reload takes over drop-ins that came, changed or went, and refuses a broken one', async (t) => {
  const host = await smallHost('[server.fail2ban]\nscan = "3/1h"\n[source.mail]\nfiles = ["FOLDER/mail.log"]\n');
  t.after(() => host.remove());
  await host.write('mail.log');
  const daemon = await host.start();
  const scanLimit = async () => (await daemon.api.status()).limits.find(({ kind }) => kind === 'scan')?.limit?.count;
  const reload = async (): Promise<number | null> => (await host.command('reload')).code;
  await mkdir(host.path('tailban.d'));
  await writeFile(host.path('tailban.d/10.toml'), 'server.fail2ban.scan = "4/1h"\n');
  assert.equal(await reload(), 0);
  assert.equal(await scanLimit(), 4);

  await writeFile(host.path('tailban.d/20.toml'), 'server.auto-ban.scan.rate = "5/1h"\n');
  const { stderr: notes } = await host.command('reload');
  assert.match(notes, /^note: .*\/tailban\.d\/20\.toml:1:\d+: server\.auto-ban\.scan\.rate is an older name/);
  assert.equal(await scanLimit(), 5);
  const { configFile, dropIns } = await daemon.api.status();
  assert.deepEqual([configFile, ...dropIns], ['tailban.toml', 'tailban.d/10.toml', 'tailban.d/20.toml'].map(host.path));
  assert.match(await daemon.api.config(), /^# Read from:\n.*tailban\.toml\n.*10\.toml\n.*20\.toml\n/m);

  await writeFile(host.path('tailban.d/10.toml'), '[firewall]\nprots = [25]\n');
  const { code, stderr } = await host.command('reload');
  assert.match(stderr, /\/tailban\.d\/10\.toml:2:1: Unknown setting firewall\.prots/);
  assert.equal(code, 78);
  assert.equal(await scanLimit(), 5, 'nothing has changed');

  await rm(host.path('tailban.d'), { recursive: true });
  assert.equal(await reload(), 0);
  assert.equal(await scanLimit(), 3);
});
