/** A database file that goes away, or makes room for another one, while it is open. */
import assert from 'node:assert/strict';
import { copyFileSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { ban, banned, freshPath, NOW, openStore } from './fixture.ts';

test('a database that is deleted while it is open is told once, and until it is there again', (t) => {
  const path = freshPath(t);
  const { store, warnings } = openStore(t, path);
  store.look();
  assert.equal(store.problem, null);
  renameSync(path, `${path}.away`);
  store.look();
  store.saveChanges(banned(ban('192.0.2.1')), NOW);
  store.look();
  assert.match(store.problem ?? '', /tailban\.db is not there any more\..* begins with an empty one.*locked logins/);
  assert.deepEqual(warnings, [store.problem]);
  renameSync(`${path}.away`, path);
  store.look();
  assert.equal(store.problem, null);
});

test('another file in its place is told too', (t) => {
  const path = freshPath(t);
  const { store, warnings } = openStore(t, path);
  copyFileSync(path, `${path}.copy`);
  renameSync(`${path}.copy`, path);
  store.look();
  assert.match(store.problem ?? '', /^Another file is in the place of .*bans among that are lifted/);
  assert.equal(warnings.length, 1);
});

test('a whole directory that is gone is no error of its own', (t) => {
  const path = freshPath(t);
  const { store } = openStore(t, path);
  rmSync(dirname(path), { recursive: true });
  store.look();
  assert.match(store.problem ?? '', /is not there any more/);
});
