/** With which code a command ends when the store or the socket cannot be had, and what is said of it. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { EXIT, type ExitCode, endingOf } from '../../src/cli/exit.ts';
import { storeError } from '../../src/store/failure.ts';
import { readStore } from '../../src/store/reading.ts';
import { Store } from '../../src/store/store.ts';
import { clearSocketPath, socketError } from '../../src/system/unix-socket.ts';
import { freshPath } from '../store/fixture.ts';
import { tailban } from './tailban.ts';

const OPTIONS = { now: () => 0, warn: (message: string) => assert.fail(message) };

/** Asserts that what is thrown ends a command so, with words for the admin. */
function ends(work: () => unknown, exitCode: ExitCode, message: RegExp, hint: RegExp): void {
  let thrown: unknown = null;
  try {
    work();
  } catch (error) {
    thrown = error;
  }
  const ending = endingOf(thrown);
  assert.match(ending.message, message);
  assert.match(ending.hint, hint);
  assert.equal(ending.exitCode, exitCode, ending.message);
}

/** What SQLite says of a file that another user has closed to us, which it never closes to root. */
const CLOSED = Object.assign(new Error('unable to open database file'), { code: 'ERR_SQLITE_ERROR', errcode: 14 });

test('a database that is not for this tailban is a matter of configuration, so that it is not tried again', (t) => {
  const path = freshPath(t);
  Store.open(path, OPTIONS).close();
  const db = new DatabaseSync(path);
  db.exec('PRAGMA user_version = 99');
  ends(() => Store.open(path, OPTIONS), EXIT.config, /by a newer tailban/, /^Install the newer tailban again, or move/);
  db.exec('PRAGMA user_version = 0; PRAGMA application_id = 7; DROP TABLE bans');
  ends(() => Store.open(path, OPTIONS), EXIT.config, /another program/, /^Give tailban a file of its own/);
  db.close();
});

test('a database that another process has may be free again, so it is unavailable', (t) => {
  const path = freshPath(t);
  const store = Store.open(path, OPTIONS);
  ends(() => Store.open(path, OPTIONS), EXIT.unavailable, /is in use by another tailban/, /systemctl stop tailban/);
  store.close();
});

test('a database that may not be opened is told from one whose directory is missing or cannot be made', (t) => {
  const path = freshPath(t);
  const opening = (at: string, cause: unknown) => () => {
    throw storeError('The store cannot be opened', at, cause);
  };
  ends(opening(path, CLOSED), EXIT.permission, /unable to open/, /^Run as root, and look at the owner/);
  const denied = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
  ends(opening(path, denied), EXIT.permission, /EACCES/, /^Run as root/);
  const missing = join(path, 'gone', 'tailban.db');
  ends(opening(missing, CLOSED), EXIT.cannotCreate, /unable to open/, /every part of that path is a directory/);
  writeFileSync(path, '');
  ends(() => Store.open(missing, OPTIONS), EXIT.cannotCreate, /not a directory/, /every part of that path/);
});

test('full disks, damaged files and what nobody has foreseen have codes of their own', (t) => {
  const path = freshPath(t);
  const failing = (errcode: number) => () => {
    throw storeError('The store cannot be opened', path, Object.assign(new Error('something'), { errcode }));
  };
  ends(failing(13), EXIT.cannotCreate, /no space left/, /^Make room/);
  ends(failing(11), EXIT.ioError, /is damaged/, /moves a damaged file aside/);
  ends(failing(1), EXIT.unavailable, /something/, /move the file away/);
  ends(() => readStore(path, OPTIONS.warn), EXIT.noInput, /There is no database at/, /has not run here yet/);
});

test('a socket that cannot be had ends with what the system said of it, else it is unavailable', async (t) => {
  const path = freshPath(t);
  mkdirSync(path);
  const refused = await clearSocketPath(path, 'api.socket').catch((error: unknown) => error);
  const throwing = (error: unknown) => () => {
    throw error;
  };
  ends(throwing(refused), EXIT.unavailable, /it is no socket/, /^Move it away/);
  const denied = Object.assign(new Error('listen EACCES'), { code: 'EACCES' });
  ends(throwing(socketError(path, denied, 'api.socket')), EXIT.permission, /^Cannot listen at/, /^Run as root, or set/);
});

test('an error does not become a known one by having a hint', () => {
  const { exitCode, message } = endingOf(Object.assign(new Error('oh'), { hint: 'guess' }));
  assert.deepEqual([exitCode, message], [EXIT.internal, 'Internal error: oh']);
});

test('the daemon ends so', async (t) => {
  const database = freshPath(t);
  const config = join(dirname(database), 'tailban.toml');
  writeFileSync(
    config,
    `[store]\npath = "${database}"\n[firewall]\nbackend = "none"\n[api]\nsocket = "${database}.sock"\n`,
  );
  Store.open(database, OPTIONS).close();
  const db = new DatabaseSync(database);
  db.exec('PRAGMA user_version = 99');
  db.close();
  const { code, stdout, stderr } = await tailban(['run', '--config', config]);
  assert.equal(code, 78, stderr);
  assert.doesNotMatch(stdout, /bans stay in force/, 'it had begun nothing that could stay');
  assert.match(
    stderr,
    /\nhint: Install the newer tailban again, or move the file away to start with an empty store\n$/,
  );
});
