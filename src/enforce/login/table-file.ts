/**
 * A file that a mail server looks things up in, as `passwd-file` of Dovecot or `lsearch` of Exim: written whole, so that
 * no reader ever sees half of it, and never so that a reader takes it for the file of before.
 */
import { type FileHandle, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Millis } from '../../core/types.ts';
import { EnforceError } from '../../errors.ts';

/** The server reads it as a member of the folder's group; logins are nobody else's business. */
const MODE = 0o640;
const COMMENT = '#\n';

/** What a file was right after it was written: another file, or the same one changed, has another one of these. */
interface Print {
  readonly inode: bigint;
  readonly size: bigint;
  readonly changed: bigint;
}

export class TableFile {
  readonly path: string;
  readonly #now: () => Millis;
  #print: Print | null = null;
  /** The sizes that the file has had in the present second. */
  #second = 0;
  readonly #sizes = new Set<number>();

  constructor(path: string, now: () => Millis) {
    this.path = path;
    this.#now = now;
  }

  /** Replaces the file. @throws EnforceError */
  async write(text: string): Promise<void> {
    const folder = dirname(this.path);
    const temporary = `${this.path}.new`;
    try {
      const { gid } = await stat(folder);
      const second = Math.floor(this.#now() / 1000);
      const content = await this.#unlike(text, second);
      // One may be left of a daemon that was killed; whatever it is, it is not written through.
      await rm(temporary, { force: true });
      const file = await open(temporary, 'wx', 0o600);
      try {
        await writeTo(file, content, gid, second);
        await file.datasync();
      } finally {
        await file.close();
      }
      await rename(temporary, this.path);
      this.#print = await printOf(this.path);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      throw failure('write', this.path, error);
    }
  }

  /** Whether nobody has touched the file since it was written. @throws EnforceError */
  async isUntouched(): Promise<boolean> {
    try {
      const print = await printOf(this.path);
      const ours = this.#print;
      return ours?.inode === print.inode && ours.size === print.size && ours.changed === print.changed;
    } catch (error) {
      if (isMissing(error)) return false;
      throw failure('look at', this.path, error);
    }
  }

  /** What stands in it; nothing where there is no such file. @throws EnforceError */
  async read(): Promise<string> {
    try {
      return await readFile(this.path, 'utf8');
    } catch (error) {
      if (isMissing(error)) return '';
      throw failure('read', this.path, error);
    }
  }

  /**
   * Dovecot looks at size and modification time, in whole seconds, to see whether a file is new. So within a second no
   * size may come twice: comments at the end see to that.
   */
  async #unlike(text: string, second: number): Promise<string> {
    if (second !== this.#second) {
      this.#sizes.clear();
      // Somebody else, or we ourselves before a restart, may have written it in this second.
      const present = await stat(this.path).catch(() => null);
      if (present !== null && Math.floor(present.mtimeMs / 1000) === second) this.#sizes.add(present.size);
      this.#second = second;
    }
    let content = text;
    let size = Buffer.byteLength(content);
    while (this.#sizes.has(size)) {
      content += COMMENT;
      size += COMMENT.length;
    }
    this.#sizes.add(size);
    return content;
  }
}

async function writeTo(file: FileHandle, content: string, gid: number, second: number): Promise<void> {
  await file.writeFile(content);
  // Where this user may not give it to the group, it may be in that group's folder by other means, such as setgid.
  await file.chown(-1, gid).catch(() => {});
  await file.chmod(MODE);
  await file.utimes(second, second);
}

async function printOf(path: string): Promise<Print> {
  const { ino, size, ctimeNs } = await stat(path, { bigint: true });
  return { inode: ino, size, changed: ctimeNs };
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function failure(what: string, path: string, error: unknown): EnforceError {
  const reason = isMissing(error)
    ? `its folder does not exist; make it so that the server can read there, such as: install -d -g GROUP -m 2750 ${dirname(path)}`
    : String(error instanceof Error ? error.message : error);
  return new EnforceError(`Cannot ${what} ${path}: ${reason}`, [], '', { cause: error });
}
