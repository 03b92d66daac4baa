/**
 * Whether the database file is still the one that is open. SQLite goes on writing into a file that has been deleted, and
 * nothing fails until the next start finds none.
 */
import { statSync } from 'node:fs';

/** Device and inode of a file, as one text; "none" where there is none; null where it cannot be said. */
function fileAt(path: string): string | null {
  try {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    return found === undefined ? 'none' : `${found.dev}:${found.ino}`;
  } catch {
    // A directory that may not be entered any more, or a disk that fails: that shows when something is written.
    return null;
  }
}

export class Whereabouts {
  readonly #path: string;
  readonly #opened: string | null;

  /** @param path of a database that has just been opened */
  constructor(path: string) {
    this.#path = path;
    this.#opened = fileAt(path);
  }

  /** What the next start would lose, as sentences; null while the file is where it was opened. */
  problem(): string | null {
    const found = fileAt(this.#path);
    if (found === null || found === this.#opened) return null;
    return found === 'none' ? gone(this.#path) : replaced(this.#path);
  }
}

function gone(path: string): string {
  return (
    `The database ${path} is not there any more. Bans hold, but the next start begins with an empty one: it takes over ` +
    'what the firewall holds, and locked logins, past bans, counters, log positions, the runtime allow-list and the known ' +
    `networks of logins are lost. ${ADVICE}`
  );
}

function replaced(path: string): string {
  return (
    `Another file is in the place of the database ${path}. Bans hold, but the next start begins with what is in that ` +
    `file: what it does not know is lost, and bans among that are lifted. ${ADVICE}`
  );
}

const ADVICE = 'Save the bans before that: tailban list --json, and tailban import afterwards';
