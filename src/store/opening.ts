/**
 * Opening the store's files: the directory, the lock that keeps a second daemon out, the checks that the database is
 * sound and ours, and moving a damaged one aside. What the tables mean is no business of this file.
 */
import {
  chmodSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Millis } from '../core/types.ts';
import { connect, type Database, firstDamage, headerNumber, lock, tableNames, useWriteAheadLog } from './database.ts';
import { StoreError, storeError, troubleOf } from './failure.ts';
import { APPLICATION_ID, MIGRATIONS, migrate, TABLES } from './migrations.ts';

export interface StoreOptions {
  readonly now: () => Millis;
  /** Told what an admin has to know: a damaged database that was moved aside, rows that could not be read. */
  readonly warn: (message: string) => void;
}

export interface OpenedFiles {
  readonly path: string;
  readonly db: Database;
  readonly lock: Database;
  /** A damaged database was moved aside, so what was in it is lost. */
  readonly recovered: boolean;
}

const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o750;
/** SQLite's files beside a database: write-ahead log, its index, rollback journal. */
const COMPANIONS = ['-wal', '-shm', '-journal'] as const;

/**
 * Opens the database at `path`, or a fresh one where there is none or a damaged one.
 * @throws StoreError where it is in use, newer, of another program, or where it cannot be read and written.
 */
export function openFiles(path: string, options: StoreOptions, steps = MIGRATIONS): OpenedFiles {
  const action = 'The store cannot be opened';
  let held: Database | null = null;
  try {
    makeDirectory(dirname(resolve(path)));
    const real = realPath(path);
    held = takeLock(real);
    const opened = openSound(real, steps);
    if (typeof opened !== 'string') return { path: real, db: opened, lock: held, recovered: false };
    const aside = moveAside(real, options.now());
    options.warn(
      `The database ${real} is damaged (${opened}) and was moved to ${aside}. tailban starts with an empty one: ` +
        'ban history, counters, log positions and the runtime allow-list are lost, and what is still banned in the ' +
        'firewall is taken over',
    );
    const fresh = openSound(real, steps);
    if (typeof fresh !== 'string') return { path: real, db: fresh, lock: held, recovered: true };
    throw new StoreError(`A fresh database in ${real} is damaged at once: ${fresh}`, real, 'damaged', DISK_HINT);
  } catch (error) {
    held?.close();
    throw storeError(action, path, error);
  }
}

const DISK_HINT = 'Look into the kernel log for errors of the disk';

function makeDirectory(directory: string): void {
  const made = mkdirSync(directory, { recursive: true, mode: DIRECTORY_MODE });
  // The umask may have taken more than it should.
  if (made !== undefined) chmodSync(directory, DIRECTORY_MODE);
}

/** One database has one lock, whatever link leads to it. */
function realPath(path: string): string {
  const link = lstatSync(path, { throwIfNoEntry: false });
  if (link === undefined) return resolve(path);
  if (!existsSync(path)) throw new StoreError(`${path} is a link that leads to nothing`, path, 'failed', 'Remove it');
  if (statSync(path).isFile()) return realpathSync(path);
  throw new StoreError(`${path} is not a regular file, expected a database or nothing`, path, 'foreign');
}

function takeLock(path: string): Database {
  const file = `${path}-lock`;
  makeFile(file);
  try {
    return lock(file);
  } catch (error) {
    const trouble = troubleOf(error);
    if (trouble === 'in-use')
      throw new StoreError(`The store ${path} is in use by another tailban`, path, 'in-use', undefined, {
        cause: error,
      });
    if (trouble === 'damaged')
      throw new StoreError(
        `The lock file ${file} has something in it, expected an empty file`,
        path,
        'failed',
        `Delete ${file}`,
        { cause: error },
      );
    throw error;
  }
}

/** The opened database, or what is wrong with it where it is damaged. @throws whatever else goes wrong */
function openSound(path: string, steps: readonly string[]): Database | string {
  const missing = missingMainFile(path);
  if (missing !== null) return missing;
  if (sizeOf(path) === null) makeDatabase(path, steps);
  let db = connect(path);
  try {
    checkOwner(db, path, steps.length);
    // Only now: the modes of what another program has are its own business.
    const files = [path, ...COMPANIONS.map((suffix) => path + suffix)];
    if (files.filter(restrict).length > 0) {
      // What could not be written when it was opened SQLite never writes to.
      db.close();
      db = connect(path);
    }
    const damage = cutOff(db, path) ?? firstDamage(db) ?? bringUp(db, steps);
    if (damage === null) return db;
    db.close();
    return damage;
  } catch (error) {
    if (db.isOpen) db.close();
    if (troubleOf(error) !== 'damaged' || !(error instanceof Error)) throw error;
    return error.message;
  }
}

/** Made under another name, so that a crash on the way cannot leave an empty file that looks like a lost database. */
function makeDatabase(path: string, steps: readonly string[]): void {
  const draft = `${path}-new`;
  for (const suffix of ['', ...COMPANIONS]) rmSync(draft + suffix, { force: true });
  makeFile(draft);
  const db = connect(draft);
  try {
    bringUp(db, steps);
  } finally {
    db.close();
  }
  renameSync(draft, path);
}

/** Brings the database to our version; gives what is wrong where it is not what its version says. */
function bringUp(db: Database, steps: readonly string[]): string | null {
  useWriteAheadLog(db);
  migrate(db, steps);
  const tables = tableNames(db);
  const lost = TABLES.filter((name) => !tables.includes(name));
  return lost.length === 0 ? null : `the tables ${lost.join(', ')} are missing`;
}

/**
 * SQLite deletes a write-ahead log beside an empty or missing database, and takes a file of one byte for an empty, valid
 * one: all of these would pass as a first start and lose everything without a word.
 */
function missingMainFile(path: string): string | null {
  const size = sizeOf(path);
  if (size === null) return sizeOf(`${path}-wal`) === null ? null : 'the file is gone, its write-ahead log is there';
  return size < 2 ? 'the file is empty' : null;
}

/**
 * SQLite reads a last page that is cut off as if zeros followed. That is only in order where the write-ahead log still
 * has that page, after a crash or a full disk in the middle of a checkpoint.
 */
function cutOff(db: Database, path: string): string | null {
  const rest = (sizeOf(path) ?? 0) % headerNumber(db, 'page_size');
  return rest === 0 || (sizeOf(`${path}-wal`) ?? 0) > 0 ? null : `the last page is cut off after ${rest} bytes`;
}

function sizeOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.size ?? null;
}

/**
 * Makes the file where there is none. It is never opened where there is one: closing it would drop every POSIX lock that
 * this process has on it, SQLite's too (https://sqlite.org/howtocorrupt.html, section 2.2).
 */
function makeFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', FILE_MODE));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

/** Closes the file to others, where there is one; tells whether its owner could not read and write it before. */
function restrict(path: string): boolean {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode;
  if (mode === undefined || (mode & 0o777) === FILE_MODE) return false;
  chmodSync(path, FILE_MODE);
  return (mode & FILE_MODE) !== FILE_MODE;
}

/** @throws StoreError where the database is not for us to touch. */
function checkOwner(db: Database, path: string, known: number): void {
  const application = headerNumber(db, 'application_id');
  const tables = tableNames(db);
  // One flipped bit in the header does not make it another's.
  const ours = application === APPLICATION_ID || TABLES.every((name) => tables.includes(name));
  if (!ours && (application !== 0 || tables.length > 0))
    throw new StoreError(`${path} is the database of another program, expected one of tailban`, path, 'foreign');
  const version = headerNumber(db, 'user_version');
  if (version > known)
    throw new StoreError(
      `The database ${path} was written by a newer tailban: its schema has version ${version}, expected at most ${known}`,
      path,
      'newer',
    );
}

/** Renames the database and what belongs to it, so that somebody can still look into it; gives the new name. */
function moveAside(path: string, now: Millis): string {
  const stamp = new Date(now).toISOString().replaceAll(/[-:]/g, '').replace(/\.\d+/, '');
  let aside = `${path}.damaged-${stamp}`;
  for (let n = 2; ['', ...COMPANIONS].some((suffix) => existsSync(aside + suffix)); n++)
    aside = `${path}.damaged-${stamp}-${n}`;
  for (const suffix of ['', ...COMPANIONS]) if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  return aside;
}
