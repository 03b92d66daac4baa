import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { tailban } from '../cli/tailban.ts';

let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tailban-export-'));
  await writeFile(join(folder, 'tailban.toml'), 'jmap.rate-limit.anonymous = "33/1m"\n');
});
after(() => rm(folder, { recursive: true, force: true }));

function exportTo(...args: readonly string[]) {
  return tailban(['--config', join(folder, 'tailban.toml'), 'export', ...args], { cwd: folder });
}

test('a part is printed, and it is said that there are others', async () => {
  const { code, stdout, stderr } = await exportTo('nginx');
  assert.equal(code, 0);
  assert.match(stdout, /zone=tailban_anonymous:\d+k rate=33r\/m;/);
  assert.match(stderr, /^note: this is the part http; with --part there are server,/);
});

test('a part that there is none of is an error that names those that there are', async () => {
  const { code, stderr } = await exportTo('haproxy', '--part', 'backend');
  assert.equal(code, 64);
  assert.equal(stderr, 'tailban: The settings for haproxy have no part "backend"\nhint: There are tables, frontend\n');
});

test('what nginx is to ask cannot be written where nothing listens', async () => {
  const { code, stderr } = await exportTo('nginx', '--part', 'gate-server');
  assert.equal(code, 78);
  assert.match(stderr, /http\.gate\.listen is not set/);
});

test('a file is replaced whole where it is ours, also behind a link, and nothing is left beside it', async () => {
  const own = join(folder, 'own');
  await mkdir(own);
  const target = join(own, 'target.conf');
  const link = join(own, 'link.conf');
  await writeFile(target, '# tailban 0.0.1 for nginx\n');
  await symlink(target, link);
  const first = await exportTo('nginx', '--part', 'server', '--output', link);
  assert.deepEqual([first.code, first.stdout, first.stderr], [0, `${link} is written\n`, '']);
  assert.match(await readFile(target, 'utf8'), /^limit_req zone=tailban_anonymous burst=32 nodelay;$/m);
  assert.equal((await stat(target)).mode & 0o777, 0o644);
  assert.deepEqual((await readdir(own)).sort(), ['link.conf', 'target.conf']);
  const again = await exportTo('nginx', '--part', 'server', '--output', link);
  assert.equal(again.stdout, `${link} is up to date\n`);
});

test('a file of somebody else is left alone', async () => {
  const path = join(folder, 'main.cf');
  await writeFile(path, 'myhostname = mx1.example.org\n');
  const { code, stderr } = await exportTo('postfix', '--output', path);
  assert.equal(code, 73);
  assert.match(stderr, /main\.cf was not written by tailban, so it is left alone/);
  assert.equal(await readFile(path, 'utf8'), 'myhostname = mx1.example.org\n');
});

test('what is no file is not replaced by one', async () => {
  const link = join(folder, 'null');
  await symlink('/dev/null', link);
  const { code, stderr } = await exportTo('dovecot', '--output', link);
  assert.deepEqual([code, stderr], [73, `tailban: ${link} is no plain file\nhint: Leave --output out to print\n`]);
  assert.ok((await stat('/dev/null')).isCharacterDevice());
});

test('a file that cannot be written is an error that says why', async () => {
  const missing = await exportTo('dovecot', '--output', join(folder, 'nowhere/x.conf'));
  assert.equal(missing.code, 66);
  assert.match(missing.stderr, /^tailban: Cannot write .*nowhere\/x\.conf: its folder does not exist\n/);
  const isFolder = await exportTo('dovecot', '--output', folder);
  assert.equal(isFolder.code, 66);
  assert.match(isFolder.stderr, /: it is a folder\n/);
});

test('a file that holds a key is for root alone', async () => {
  await writeFile(join(folder, 'gate.toml'), 'http.gate = { listen = "127.0.0.1:4002", key = "secret-key" }\n');
  const path = join(folder, 'gate.conf');
  const args = ['--config', join(folder, 'gate.toml'), 'export', 'nginx', '--part', 'gate-server', '--output', path];
  assert.equal((await tailban(args)).code, 0);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
});
