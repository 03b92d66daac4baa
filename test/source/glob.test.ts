import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { compileGlobs } from '../../src/source/glob.ts';
import { directory } from './recorder.ts';

test('wildcards match inside one component, alternatives may span several', () => {
  const globs = compileGlobs(['/var/log/{mail,dovecot/*}.log', '/srv/*/log/mail-[0-9]?.log', '/var/log/mail.log*']);
  for (const path of ['/var/log/mail.log', '/var/log/dovecot/a.log', '/srv/x/log/mail-1a.log', '/var/log/mail.log.1'])
    assert.ok(globs.matches(path), path);
  for (const path of [
    '/var/log/dovecot.log',
    '/var/log/dovecot/.hidden.log',
    '/srv/x/y/log/mail-1a.log',
    '/srv/x/log/mail-a1.log',
    '/var/log/mail.log.2.gz',
    '/var/log/mail.log-20261122.xz',
    '/var/log/mail.log.3.zst',
    '/var/log/mail.log.4.bz2',
    '/var/log/mail.log/x',
    '/var/log',
  ])
    assert.ok(!globs.matches(path), path);
});

test('the watched directories are those in front of the first wildcard', () => {
  const globs = compileGlobs(['/var/log/mail.log', '/srv/*/log/*.log', '/*.log']);
  assert.deepEqual(globs.roots, ['/var/log', '/srv', '/']);
  for (const path of ['/', '/var', '/var/log', '/srv/any', '/srv/any/log']) assert.ok(globs.mayContain(path), path);
  for (const path of ['/var/lib', '/srv/any/other', '/srv/any/log/deeper']) assert.ok(!globs.mayContain(path), path);
});

test('a relative glob is refused', () => {
  assert.throws(() => compileGlobs(['log/*.log']), /Cannot follow "log\/\*\.log", expected an absolute path/);
});

test('the listing has regular files and links to them, sorted and once each', async (t) => {
  const dir = await directory(t);
  await mkdir(join(dir, 'a', 'x.log'), { recursive: true });
  await mkdir(join(dir, 'b'));
  await writeFile(join(dir, 'b', 'y.log'), '');
  await writeFile(join(dir, 'b', 'z(1).log'), '');
  await writeFile(join(dir, 'b', 'y.log.gz'), '');
  await symlink(join(dir, 'b', 'y.log'), join(dir, 'a', 'link.log'));
  await symlink(join(dir, 'nowhere'), join(dir, 'a', 'dangling.log'));
  await symlink(join(dir, 'b'), join(dir, 'c'));
  const none = join(dir, 'none', '*');
  const listing = await compileGlobs([join(dir, '*', '*.log*'), join(dir, 'b', 'z(1).log'), none]).list();
  assert.deepEqual(listing.empty, [none]);
  assert.deepEqual(
    [...listing.files.keys()].map((path) => path.slice(dir.length)),
    ['/a/link.log', '/b/y.log', '/b/z(1).log', '/c/y.log', '/c/z(1).log'],
  );
});
