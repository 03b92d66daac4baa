/**
 * What can go wrong with the store, as one error: the action that failed, the path, the kind of trouble that decides with
 * which code a command ends (`src/cli/exit.ts`), and what the admin can do about it.
 */
import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf } from '../errors.ts';

/** `missing`: there is nothing to read; `directory`: nothing can be made where it is to be. */
export type StoreTrouble =
  | 'in-use'
  | 'newer'
  | 'foreign'
  | 'missing'
  | 'directory'
  | 'permission'
  | 'full'
  | 'damaged'
  | 'failed';

export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly trouble: StoreTrouble;
  readonly path: string;
  /** What to do about it; empty where there is nothing to say. */
  readonly hint: string;

  constructor(message: string, path: string, trouble: StoreTrouble, hint = HINTS[trouble], options?: ErrorOptions) {
    super(message, options);
    this.path = path;
    this.trouble = trouble;
    this.hint = hint;
  }
}

const HINTS: Readonly<Record<StoreTrouble, string>> = {
  'in-use': 'Stop the other process first, such as with: systemctl stop tailban',
  newer: 'Install the newer tailban again, or move the file away to start with an empty store',
  foreign: 'Give tailban a file of its own in the configuration, or move this one away',
  missing: 'tailban has not run here yet',
  directory: 'Look whether every part of that path is a directory, and whether the file system is mounted read-only',
  permission:
    'Run as root, and look at the owner, the mode and the mount options of the directory and of what is in it',
  full: 'Make room on that file system; tailban goes on where it was',
  damaged: 'Restart tailban: it moves a damaged file aside and starts with a fresh one',
  failed: 'Where this stays so, move the file away to start with an empty store',
};

/** Wraps whatever SQLite or the file system threw; `action` is the start of a sentence, such as `Bans cannot be saved`. */
export function storeError(action: string, path: string, cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  const trouble = isClosed(cause) ? troubleAround(path) : troubleOf(cause);
  const said = messageOf(cause);
  return new StoreError(`${action} in ${path}: ${SENTENCES[trouble] ?? said}`, path, trouble, HINTS[trouble], {
    cause,
  });
}

const SENTENCES: Readonly<Partial<Record<StoreTrouble, string>>> = {
  'in-use': 'another process holds it',
  full: 'there is no space left on the file system',
  damaged: 'the database is damaged',
};

/** SQLITE_CANTOPEN, which is all that SQLite says, whatever the reason. */
const CANNOT_OPEN = 14;
/** Result codes of SQLite (https://sqlite.org/rescode.html); those above 255 are extended ones. */
const PRIMARY: Readonly<Record<number, StoreTrouble>> = {
  3: 'permission',
  5: 'in-use',
  6: 'in-use',
  8: 'permission',
  11: 'damaged',
  13: 'full',
  [CANNOT_OPEN]: 'permission',
  26: 'damaged',
};
/** SQLITE_IOERR_SHMSIZE: the shared memory file beside a WAL could not grow, for want of space. */
const EXTENDED: Readonly<Record<number, StoreTrouble>> = { 4874: 'full' };

const SYSTEM: Readonly<Record<string, StoreTrouble>> = {
  EACCES: 'permission',
  EPERM: 'permission',
  EROFS: 'directory',
  ENOTDIR: 'directory',
  // What Node says where a directory cannot be made on a read-only file system.
  ENOENT: 'directory',
  EEXIST: 'directory',
  ENOSPC: 'full',
  EDQUOT: 'full',
};

/** What kind of trouble a thrown value stands for. */
export function troubleOf(error: unknown): StoreTrouble {
  if (error instanceof StoreError) return error.trouble;
  if (!(error instanceof Error)) return 'failed';
  if ('errcode' in error && typeof error.errcode === 'number')
    return EXTENDED[error.errcode] ?? PRIMARY[error.errcode & 255] ?? 'failed';
  return ('code' in error && typeof error.code === 'string' ? SYSTEM[error.code] : undefined) ?? 'failed';
}

function isClosed(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 255) === CANNOT_OPEN;
}

/** Why SQLite cannot open what is at the path. */
function troubleAround(path: string): StoreTrouble {
  try {
    accessSync(dirname(path), constants.W_OK);
    return 'permission';
  } catch (error) {
    return troubleOf(error);
  }
}
