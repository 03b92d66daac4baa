/** Damaged databases of many kinds: each is moved aside with a warning, and a fresh one takes its place. */
import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import type { Store } from '../../src/store/store.ts';
import { ban, banned, freshPath, NOW, openStore, unbanned } from './fixture.ts';

const PAGE = 4096;
const STAMP = '20260102T030405Z';

function fill(store: Store): void {
  store.saveChanges(banned(...Array.from({ length: 500 }, (_, n) => ban(`10.0.${n >> 8}.${n & 255}`))), NOW);
  store.checkpoint({ positions: new Map([['a', '1']]), counters: [], joins: new Map() });
}

/** A closed database with 500 bans in it. */
function filled(t: TestContext): string {
  const path = freshPath(t);
  const { store } = openStore(t, path);
  fill(store);
  store.close();
  return path;
}

/** The names in the directory that begin with that of the database, without it. */
function suffixes(path: string): string[] {
  return readdirSync(dirname(path))
    .filter((name) => name !== basename(path))
    .map((name) => name.slice(basename(path).length))
    .sort();
}

/** Asserts that the store opens empty and works, that the damaged file is beside it, and that a warning said all that. */
function assertRecovers(t: TestContext, path: string, why: RegExp): void {
  const damaged = existsSync(path) ? readFileSync(path) : null;
  const { store, warnings } = openStore(t, path);
  assert.equal(store.recovered, true, basename(path));
  assert.deepEqual(store.activeBans(NOW), []);
  assert.deepEqual(store.positions(), new Map());
  assert.equal(warnings.length, 1);
  const warning = warnings[0] ?? '';
  assert.match(warning, /^The database .* is damaged \(.+\) and was moved to .* starts with an empty one/);
  assert.match(warning, why);
  assert.ok(warning.includes(`${path}.damaged-${STAMP}`), warning);
  if (damaged !== null) assert.deepEqual(readFileSync(`${path}.damaged-${STAMP}`), damaged);
  fill(store);
  store.close();
  const again = openStore(t, path);
  assert.equal(again.store.recovered, false);
  assert.equal(again.store.activeBans(NOW).length, 500);
  assert.deepEqual(again.warnings, []);
}

function overwrite(path: string, at: number, bytes: Uint8Array): void {
  const content = readFileSync(path);
  content.set(bytes, at);
  writeFileSync(path, content);
}

test('a file that is no database is moved aside', (t) => {
  for (const content of [
    'garbage',
    'x'.repeat(100_000),
    '\0'.repeat(PAGE),
    '[server]\nban-time = "1h"\n'.repeat(200),
  ]) {
    const path = freshPath(t);
    writeFileSync(path, content);
    assertRecovers(t, path, /file is not a database/);
  }
});

test('a database that was cut off anywhere is moved aside', (t) => {
  const whole = filled(t);
  const size = readFileSync(whole).length;
  for (const length of [1, 16, 99, 100, 512, PAGE - 1, PAGE, PAGE + 1, PAGE * 7, size >> 1, size - PAGE, size - 1]) {
    const path = freshPath(t);
    copyFileSync(whole, path);
    truncateSync(path, length);
    assertRecovers(t, path, /malformed|not a database|the last page is cut off|the file is empty/);
  }
});

test('an empty file is no fresh start', (t) => {
  const path = filled(t);
  truncateSync(path, 0);
  assertRecovers(t, path, /the file is empty/);
});

test('a database with a page of noise or zeros is moved aside', (t) => {
  const whole = filled(t);
  const noise = Uint8Array.from({ length: PAGE }, (_, n) => (n * 7919) & 255);
  for (const [at, bytes] of [
    [0, noise],
    [100, noise.subarray(100)],
    [PAGE, noise],
    [PAGE * 2, new Uint8Array(PAGE)],
    [PAGE * 5, noise],
    [PAGE * 6, new Uint8Array(PAGE)],
  ] as const) {
    const path = freshPath(t);
    copyFileSync(whole, path);
    overwrite(path, at, bytes);
    assertRecovers(t, path, /damaged/);
  }
});

test('an index that disagrees with its table is found at the start, and not by the first ban that fails', (t) => {
  const whole = filled(t);
  const content = readFileSync(whole);
  const places: number[] = [];
  for (let at = content.indexOf('10.0.1.243'); at >= 0; at = content.indexOf('10.0.1.243', at + 1)) places.push(at);
  assert.equal(places.length, 3, 'once in the table and in two indexes');
  for (const place of places) {
    const path = freshPath(t);
    copyFileSync(whole, path);
    overwrite(path, place, Buffer.from('x'));
    assertRecovers(t, path, /index|malformed/);
  }
});

test('a write-ahead log goes with the damaged database, and does not come back into the fresh one', (t) => {
  // A log with a few pages alone: one that has every page would restore the whole database.
  const source = openStore(t, filled(t)).store;
  source.saveChanges(unbanned('10.0.0.1'), NOW);
  const path = freshPath(t);
  copyFileSync(`${source.path}-wal`, `${path}-wal`);
  writeFileSync(path, 'x'.repeat(PAGE));
  assertRecovers(t, path, /not a database|is damaged/);
  assert.ok(suffixes(path).includes(`.damaged-${STAMP}-wal`));
});

test('a write-ahead log whose database is gone is moved aside instead of being deleted', (t) => {
  const path = freshPath(t);
  const source = openStore(t);
  fill(source.store);
  copyFileSync(`${source.store.path}-wal`, `${path}-wal`);
  assertRecovers(t, path, /the file is gone/);
  assert.ok(suffixes(path).includes(`.damaged-${STAMP}-wal`));
});

test('what was committed to a write-ahead log is read from it, up to where that is torn', (t) => {
  const whole = openStore(t);
  fill(whole.store);
  whole.store.saveChanges(banned(ban('198.51.100.1')), NOW);
  const path = freshPath(t);
  const copy = (): void => {
    for (const suffix of ['', '-wal']) copyFileSync(whole.store.path + suffix, path + suffix);
  };
  copy();
  const untouched = openStore(t, path).store;
  assert.equal(untouched.activeBans(NOW).length, 501);
  untouched.close();
  copy();
  truncateSync(`${path}-wal`, readFileSync(`${path}-wal`).length - 1);
  const { store, warnings } = openStore(t, path);
  assert.equal(store.activeBans(NOW).length, 500);
  assert.equal(store.recovered, false);
  assert.deepEqual(warnings, []);
});

test('a database without its tables is moved aside', (t) => {
  const path = filled(t);
  const db = new DatabaseSync(path);
  db.exec('DROP TABLE counters; DROP TABLE joins');
  db.close();
  assertRecovers(t, path, /the tables counters, joins are missing/);
});

test('a second damaged database in the same second does not overwrite the first', (t) => {
  const path = freshPath(t);
  for (const content of ['first', 'second', 'third']) {
    rmSync(`${path}-wal`, { force: true });
    writeFileSync(path, content);
    const { store } = openStore(t, path);
    assert.equal(store.recovered, true);
    store.close();
  }
  const found = suffixes(path).filter((suffix) => suffix.startsWith('.damaged'));
  assert.deepEqual(found, [`.damaged-${STAMP}`, `.damaged-${STAMP}-2`, `.damaged-${STAMP}-3`]);
  assert.equal(readFileSync(`${path}.damaged-${STAMP}-2`, 'utf8'), 'second');
});

test('a database that was renamed away leaves an ordinary first start', (t) => {
  const path = filled(t);
  renameSync(path, `${path}.old`);
  const { store, warnings } = openStore(t, path);
  assert.equal(store.recovered, false);
  assert.deepEqual(store.activeBans(NOW), []);
  assert.deepEqual(warnings, []);
});
