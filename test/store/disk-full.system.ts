/** Full and read-only file systems, for real: a small tmpfs of our own. Needs root. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { StoreError, type StoreTrouble } from '../../src/store/failure.ts';
import { Store } from '../../src/store/store.ts';
import type { Checkpoint, Counter } from '../../src/store/types.ts';
import { ban, banned, NOW, openStore } from './fixture.ts';

/** A file system of 4 MiB, unmounted with the test. */
function smallDisk(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'tailban-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m,mode=0700', 'tailban-test', directory]);
  // Lazily, for the store is closed behind this.
  t.after(() => {
    execFileSync('umount', ['--lazy', directory]);
    rmSync(directory, { recursive: true });
  });
  return directory;
}

/** Writes a file as large as there is room for, but for `spare` bytes; gives its path. */
function fillUp(directory: string, spare = 0): string {
  const path = join(directory, 'ballast');
  const file = openSync(path, 'w');
  let size = 0;
  for (const piece of [65_536, 4_096]) {
    try {
      for (;;) size += writeSync(file, Buffer.alloc(piece, 'x'));
    } catch (error) {
      assert.ok(error instanceof Error && 'code' in error && error.code === 'ENOSPC', String(error));
    }
  }
  closeSync(file);
  if (spare > 0) execFileSync('truncate', ['-s', String(size - spare), path]);
  return path;
}

function throwsTrouble(work: () => unknown, trouble: StoreTrouble, message: RegExp): void {
  assert.throws(work, (error: unknown) => {
    assert.ok(error instanceof StoreError, String(error));
    assert.equal(error.trouble, trouble, error.message);
    assert.match(error.message, message);
    assert.notEqual(error.hint, '');
    return true;
  });
}

function open(path: string): Store {
  return Store.open(path, { now: () => NOW, warn: (message) => assert.fail(message) });
}

/** A checkpoint whose position and counters all say `round`. */
function round(n: number): Checkpoint {
  const times = Array.from({ length: 20 }, () => n);
  const counters = Array.from({ length: 500 }, (_, c): Counter => ({ subject: `c${c}`, kind: 'scan', times }));
  return { positions: new Map([['a', String(n)]]), counters, joins: new Map() };
}

function checkRound(store: Store): number {
  const n = Number(store.positions().get('a'));
  for (const counter of store.counters()) assert.deepEqual([...new Set(counter.times)], [n]);
  return n;
}

test('on a full disk writing fails with a clear error and tears nothing; with room again it goes on', (t) => {
  const directory = smallDisk(t);
  const { store, warnings } = openStore(t, join(directory, 'tailban.db'));
  store.checkpoint(round(1));
  const ballast = fillUp(directory, 600_000);
  let saved = 0;
  let written = 1;
  const fill = (): void => {
    for (; saved < 10_000; saved++) {
      store.saveChanges(banned(ban(`10.0.${saved >> 8}.${saved & 255}`, { evidence: ['x'.repeat(2_000)] })), NOW);
    }
  };
  throwsTrouble(fill, 'full', /^Bans cannot be saved in .*tailban\.db: there is no space left on the file system$/);
  assert.ok(saved > 10, `${saved} were saved before`);
  for (let again = 0; again < 3; again++) {
    throwsTrouble(() => store.checkpoint(round(written + 1)), 'full', /^Counters and log positions cannot be saved/);
    assert.equal(checkRound(store), written);
    assert.equal(store.activeBans(NOW).length, saved);
  }
  rmSync(ballast);
  for (; written < 5; written++) store.checkpoint(round(written + 1));
  store.saveChanges(banned(ban('198.51.100.1')), NOW);
  assert.equal(checkRound(store), 5);
  store.close();
  const again = openStore(t, join(directory, 'tailban.db'));
  assert.equal(again.store.recovered, false);
  assert.equal(checkRound(again.store), 5);
  assert.equal(again.store.activeBans(NOW).length, saved + 1);
  assert.deepEqual([...warnings, ...again.warnings], []);
});

test('a store that is closed on a full disk loses nothing', (t) => {
  const directory = smallDisk(t);
  const path = join(directory, 'tailban.db');
  const { store } = openStore(t, path);
  store.checkpoint(round(1));
  for (let n = 0; n < 100; n++) store.saveChanges(banned(ban(`10.0.0.${n}`, { since: NOW + n })), NOW);
  const ballast = fillUp(directory);
  store.close();
  rmSync(ballast);
  const again = openStore(t, path);
  assert.equal(again.store.recovered, false);
  assert.equal(again.store.activeBans(NOW).length, 100);
  assert.equal(checkRound(again.store), 1);
});

test('a store that cannot be opened on a full disk is not taken for a damaged one', (t) => {
  const directory = smallDisk(t);
  const path = join(directory, 'tailban.db');
  const first = open(path);
  first.checkpoint(round(1));
  first.saveChanges(banned(ban('192.0.2.1')), NOW);
  first.close();
  const ballast = fillUp(directory);
  throwsTrouble(() => open(path), 'full', /^The store cannot be opened in .*tailban\.db: there is no space left/);
  const other = join(directory, 'new.db');
  throwsTrouble(() => open(other), 'full', /new\.db: there is no space left/);
  assert.ok(!readdirSync(directory).some((name) => name.includes('damaged')));
  rmSync(ballast);
  const store = open(path);
  t.after(() => store.close());
  assert.equal(store.activeBans(NOW).length, 1);
  assert.equal(checkRound(store), 1);
});

test('on a read-only file system the store is refused and left as it is', (t) => {
  const directory = smallDisk(t);
  const path = join(directory, 'sub', 'tailban.db');
  mkdirSync(join(directory, 'sub'));
  const first = open(path);
  first.saveChanges(banned(ban('192.0.2.1')), NOW);
  first.close();
  const before = readdirSync(join(directory, 'sub'));
  execFileSync('mount', ['-o', 'remount,ro', directory]);
  throwsTrouble(() => open(path), 'directory', /^The store cannot be opened in .*tailban\.db: /);
  throwsTrouble(() => open(join(directory, 'new', 'tailban.db')), 'directory', /new\/tailban\.db: .*mkdir/);
  assert.deepEqual(readdirSync(join(directory, 'sub')), before);
  execFileSync('mount', ['-o', 'remount,rw', directory]);
  const store = open(path);
  t.after(() => store.close());
  assert.equal(store.activeBans(NOW).length, 1);
});
