/** A configuration of several files on the command line: which were read, and what is wrong in which. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tailban } from './tailban.ts';

async function configured(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tailban-drop-ins-'));
  t.after(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, 'tailban.d'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

test('check and config say which files they read', async (t) => {
  const cwd = await configured(t, {
    'tailban.toml': 'server.ipv6-prefix = 56\n',
    'tailban.d/20-ports.toml': 'firewall.ports = [25]\n',
    'tailban.d/10-ports.toml': 'firewall.ports = [143]\nserver.auto-ban.scan.rate = "5/1h"\n',
  });
  const { stdout: checked } = await tailban(['check', 'tailban.toml'], { cwd });
  assert.deepEqual(checked.split('\n').slice(0, 4), [
    'tailban.d/10-ports.toml:2:22: note: server.auto-ban.scan.rate is an older name; write server.fail2ban.scan',
    'tailban.toml is in order',
    'tailban.d/10-ports.toml is in order',
    'tailban.d/20-ports.toml is in order',
  ]);
  const { stdout: shown } = await tailban(['config', '--config', 'tailban.toml'], { cwd });
  assert.match(shown, /^# .*\n# Read from:\n# {3}tailban\.toml\n# {3}tailban\.d\/10-ports\.toml\n# {3}tailban\.d\/20-/);
  assert.match(shown, /\nports = \[25\]\n/);
});

test('a broken drop-in is an error of the configuration, shown with its line', async (t) => {
  const cwd = await configured(t, { 'tailban.toml': '', 'tailban.d/a.toml': '\n[firewall]\nprots = [25]\n' });
  const { code, stderr } = await tailban(['run', '--config', 'tailban.toml'], { cwd });
  assert.match(stderr, /^tailban\.d\/a\.toml:3:1: Unknown setting firewall\.prots\n {2}3 \| prots = \[25\]\n/);
  assert.equal(code, 78);
});

test('a broken file of aliases is an error of the configuration for check, config and the start, shown with its line', async (t) => {
  const cwd = await configured(t, { aliases: 'sales alice\nchef\n' });
  await writeFile(join(cwd, 'tailban.toml'), `[login]\naliases = "${cwd}/aliases"\n`);
  for (const command of ['check', 'config', 'run']) {
    const { code, stderr } = await tailban([command, '--config', 'tailban.toml'], { cwd });
    assert.match(
      stderr,
      /\/aliases:2:1: Cannot read this alias: "chef" is not one alias and one login\n {2}2 \| chef\n/,
    );
    assert.equal(code, 78, command);
  }
});
