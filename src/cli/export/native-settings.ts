/** `tailban export nginx` and the like: our limits as another program's own settings, printed or written to a file. */
import { randomUUID } from 'node:crypto';
import { open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { DISK } from '../../config/files.ts';
import { loadConfig } from '../../config/load.ts';
import { messageOf } from '../../errors.ts';
import { FIRST_WORDS } from '../../export/text.ts';
import { CliError, EXIT } from '../exit.ts';
import type { Invocation } from '../invocation.ts';
import { configPath } from '../places.ts';
import { NATIVE } from './native.ts';

/** The header that a key stands behind; servers read their settings as root. */
const SECRET = 'X-API-Key';

export interface NativeOptions {
  readonly part?: string;
  /** A file to write; standard output where it is left out. */
  readonly output?: string;
}

/** @throws ConfigErrors; CliError where there is no such part, or the file is somebody else's. */
export async function exportNative(
  { terminal, globals, version }: Invocation,
  program: string,
  { part, output }: NativeOptions,
): Promise<void> {
  const native = NATIVE[program];
  if (native === undefined)
    throw new CliError(EXIT.usage, `${program} is not known`, 'tailban export --help shows how');
  const { parts, load } = native;
  if (part !== undefined && !parts.includes(part))
    throw new CliError(
      EXIT.usage,
      `The settings for ${program} have no part "${part}"`,
      parts.length === 1 ? 'Leave --part out' : `There are ${parts.join(', ')}`,
    );
  const chosen = part ?? parts[0];
  const { config } = await loadConfig(configPath(globals.config), DISK);
  const text = (await load(chosen))(config, version);
  if (output === undefined) await terminal.write(text);
  else terminal.print((await writeOurs(output, text)) ? `${output} is written` : `${output} is up to date`);
  const others = parts.filter((other) => other !== chosen);
  if (part === undefined && others.length > 0)
    terminal.note(`note: this is the part ${chosen}; with --part there are ${others.join(', ')}`);
}

/** Replaces a file whole, if it is one of ours or there is none. Whether anything has changed. */
async function writeOurs(path: string, text: string): Promise<boolean> {
  try {
    const present = await readIfThere(path);
    if (present === text) return false;
    if (present !== null && present !== '' && !present.startsWith(FIRST_WORDS))
      throw new CliError(
        EXIT.cannotCreate,
        `${path} was not written by tailban, so it is left alone`,
        'Name a file of its own, or remove that one',
      );
    await replace(present === null ? path : await realpath(path), text);
    return true;
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new Error(`Cannot write ${path}: ${reasonOf(error)}`, { cause: error });
  }
}

async function replace(path: string, text: string): Promise<void> {
  // No server includes a file of such a name.
  const temporary = `${path}.${randomUUID()}.new`;
  const file = await open(temporary, 'wx', text.includes(SECRET) ? 0o600 : 0o644);
  try {
    await file.writeFile(text);
    await file.datasync();
    await file.close();
    await rename(temporary, path);
  } catch (error) {
    await file.close();
    await rm(temporary, { force: true });
    throw error;
  }
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    // Such as /dev/null, which may not be replaced by a file.
    const found = await stat(path);
    if (!found.isFile() && !found.isDirectory())
      throw new CliError(EXIT.cannotCreate, `${path} is no plain file`, 'Leave --output out to print');
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function reasonOf(error: unknown): string {
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'its folder does not exist',
    EACCES: 'this user may not',
    EISDIR: 'it is a folder',
    ENOSPC: 'the disk is full',
    EROFS: 'the disk can only be read',
  };
  return reasons[codeOf(error)] ?? messageOf(error);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
