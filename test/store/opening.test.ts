/** Opening and closing: modes, the lock, versions, and what is not ours to touch. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { StoreError, type StoreTrouble } from '../../src/store/failure.ts';
import { MIGRATIONS } from '../../src/store/migrations.ts';
import { openFiles } from '../../src/store/opening.ts';
import { Store } from '../../src/store/store.ts';
import { ban, banned, freshPath, NOW, openStore, startWriter } from './fixture.ts';

const OPTIONS = { now: () => NOW, warn: (message: string) => assert.fail(message) };

function mode(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

/** Asserts that the store cannot be opened for that reason, that the message names the path, and that there is a hint. */
function refused(path: string, trouble: StoreTrouble, message: RegExp, named = path): void {
  assert.throws(
    () => Store.open(path, OPTIONS),
    (error: unknown) => {
      assert.ok(error instanceof StoreError, String(error));
      assert.match(error.message, message);
      assert.equal(error.trouble, trouble);
      assert.ok(error.message.includes(named), error.message);
      assert.notEqual(error.hint, '');
      return true;
    },
  );
}

test('the directory and the files are made for the owner alone', (t) => {
  const path = join(dirname(freshPath(t)), 'var', 'lib', 'tailban', 'tailban.db');
  const { store } = openStore(t, path);
  store.saveChanges(banned(ban('192.0.2.1')), NOW);
  assert.equal(store.recovered, false);
  assert.equal(mode(dirname(path)), '750');
  assert.deepEqual(readdirSync(dirname(path)).sort(), [
    'tailban.db',
    'tailban.db-lock',
    'tailban.db-shm',
    'tailban.db-wal',
  ]);
  for (const name of readdirSync(dirname(path))) assert.equal(mode(join(dirname(path), name)), '600', name);
});

test('a database that others could read is closed to them', (t) => {
  const path = freshPath(t);
  openStore(t, path).store.close();
  chmodSync(path, 0o644);
  openStore(t, path);
  assert.equal(mode(path), '600');
});

test('a database that its owner could not write to is one that can be written', (t) => {
  const path = freshPath(t);
  openStore(t, path).store.close();
  chmodSync(path, 0o400);
  const { store } = openStore(t, path);
  store.saveChanges(banned(ban('192.0.2.1')), NOW);
  assert.equal(mode(path), '600');
});

test('closing leaves one database file without a write-ahead log, and can be done twice', (t) => {
  const path = freshPath(t);
  const { store } = openStore(t, path);
  store.saveChanges(banned(ban('192.0.2.1')), NOW);
  store.close();
  store.close();
  assert.deepEqual(readdirSync(dirname(path)).sort(), ['tailban.db', 'tailban.db-lock']);
  assert.equal(openStore(t, path).store.activeBans(NOW).length, 1);
});

test('a store that is in use cannot be opened again in the same process, and stays in use after the attempt', (t) => {
  const path = freshPath(t);
  const { store } = openStore(t, path);
  refused(path, 'in-use', /is in use by another tailban$/);
  refused(path, 'in-use', /is in use by another tailban$/);
  store.saveChanges(banned(ban('192.0.2.1')), NOW);
  store.close();
  assert.equal(openStore(t, path).store.activeBans(NOW).length, 1);
});

test('a store that another process has is in use, by whatever link it is reached, until that is killed', async (t) => {
  const path = freshPath(t);
  const child = await startWriter(t, path, 'hold');
  const link = `${path}-link`;
  symlinkSync(path, link);
  refused(path, 'in-use', /is in use by another tailban$/);
  refused(link, 'in-use', /is in use by another tailban$/, path);
  // An admin may look into it all the same.
  const reader = new DatabaseSync(path, { readOnly: true });
  assert.equal(reader.prepare('SELECT count(*) AS n FROM bans').get()?.['n'], 0);
  reader.close();
  refused(path, 'in-use', /is in use by another tailban$/);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.deepEqual(openStore(t, path).store.activeBans(NOW), []);
});

test('a process cannot open the store that we hold', async (t) => {
  const path = freshPath(t);
  openStore(t, path);
  const script = join(import.meta.dirname, 'store-writer.ts');
  const child = spawn(process.execPath, [script, path, 'hold'], { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = await once(child, 'close');
  assert.equal(code, 1);
  assert.match(stderr, /StoreError: The store .* is in use by another tailban/);
});

test('a database of a newer version is left alone', (t) => {
  const path = freshPath(t);
  openStore(t, path).store.close();
  const db = new DatabaseSync(path);
  db.exec('PRAGMA user_version = 99');
  db.close();
  chmodSync(path, 0o640);
  const before = readFileSync(path);
  refused(path, 'newer', /schema has version 99, expected at most \d+$/);
  assert.deepEqual(readFileSync(path), before);
  assert.equal(mode(path), '640');
});

test('the database of another program is left alone', (t) => {
  const path = freshPath(t);
  const db = new DatabaseSync(path);
  db.exec("CREATE TABLE mail (text); INSERT INTO mail VALUES ('precious')");
  db.close();
  chmodSync(path, 0o664);
  const before = readFileSync(path);
  refused(path, 'foreign', /is the database of another program, expected one of tailban$/);
  assert.deepEqual(readFileSync(path), before);
  assert.equal(mode(path), '664', 'whoever may read it still may');
  const marked = new DatabaseSync(path);
  marked.exec('DROP TABLE mail; PRAGMA application_id = 7');
  marked.close();
  refused(path, 'foreign', /another program/);
});

test('a path that cannot be a database is refused with the reason', (t) => {
  const path = freshPath(t);
  mkdirSync(path);
  refused(path, 'foreign', /is not a regular file/);
  writeFileSync(`${path}.file`, '');
  refused(join(`${path}.file`, 'tailban.db'), 'directory', /^The store cannot be opened in .*file already exists/);
  refused(join(`${path}.file`, 'more', 'tailban.db'), 'directory', /not a directory/);
  symlinkSync('nowhere', `${path}.link`);
  refused(`${path}.link`, 'failed', /is a link that leads to nothing/);
  writeFileSync(`${path}.db-lock`, 'something'.repeat(99));
  refused(`${path}.db`, 'failed', /The lock file .* has something in it/);
});

test('a database is brought to the next version by one step, with everything in it', (t) => {
  const path = freshPath(t);
  const { store } = openStore(t, path);
  store.saveChanges(banned(ban('192.0.2.1')), NOW);
  store.close();
  const steps = [...MIGRATIONS, "ALTER TABLE bans ADD COLUMN country TEXT NOT NULL DEFAULT 'none'"];
  const files = openFiles(path, OPTIONS, steps);
  assert.equal(files.db.prepare('PRAGMA user_version').get()?.['user_version'], steps.length);
  assert.deepEqual(
    { ...files.db.prepare('SELECT subject, country FROM bans').get() },
    { subject: '192.0.2.1', country: 'none' },
  );
  files.db.close();
  files.lock.close();
  const again = openFiles(path, OPTIONS, steps);
  assert.equal(again.recovered, false);
  again.db.close();
  again.lock.close();
});

test('a step that fails leaves the version before it, and the store can be opened with that', (t) => {
  const path = freshPath(t);
  openStore(t, path).store.close();
  const steps = [...MIGRATIONS, 'ALTER TABLE bans ADD COLUMN country TEXT; INSERT INTO nonsense VALUES (1)'];
  assert.throws(() => openFiles(path, OPTIONS, steps), /The store cannot be opened in .*: no such table: nonsense/);
  const { store } = openStore(t, path);
  store.saveChanges(banned(ban('192.0.2.1')), NOW);
  assert.equal(store.activeBans(NOW).length, 1);
});
