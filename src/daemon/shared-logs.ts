/**
 * A log that two sources read, because their globs meet in it or a link leads to it: its lines are taken from the source
 * that came first, and from the other one none, since every failure would count twice.
 */
import { fileKey } from '../source/open-log.ts';
import type { Position } from '../source/types.ts';

interface Left {
  readonly path: string;
  readonly owner: string;
}

export class SharedLogs {
  /** The sources that read a file, by device and inode: of those with common filters only one. */
  readonly #owners = new Map<string, Set<string>>();
  /** What each source leaves to another. */
  readonly #left = new Map<string, Map<string, Left>>();
  readonly #told = new Set<string>();
  readonly #mayCountTwice: (source: string, other: string) => boolean;
  readonly #warn: (source: string, message: string) => void;

  /** @param mayCountTwice whether two sources would find the same in a line. */
  constructor(
    mayCountTwice: (source: string, other: string) => boolean,
    warn: (source: string, message: string) => void,
  ) {
    this.#mayCountTwice = mayCountTwice;
    this.#warn = warn;
  }

  /** Whether the lines before this position are left to another source. */
  isLeft(position: Position): boolean {
    if (position.type !== 'file') return false;
    const { source, path } = position;
    const key = fileKey(position.device, position.inode);
    const owners = this.#owners.get(key) ?? new Set();
    if (owners.has(source)) return false;
    const owner = [...owners].find((other) => this.#mayCountTwice(source, other));
    if (owner === undefined) {
      this.#owners.set(key, owners.add(source));
      this.#left.get(source)?.delete(key);
      return false;
    }
    const left = this.#left.get(source) ?? new Map<string, Left>();
    this.#left.set(source, left.set(key, { path, owner }));
    // Once for all files of the two: there may be a new one every day.
    const pair = JSON.stringify([source, owner]);
    if (!this.#told.has(pair)) this.#warn(source, messageOf({ path, owner }));
    this.#told.add(pair);
    return true;
  }

  /** The source has let the file go. */
  release(position: Position): void {
    if (position.type !== 'file') return;
    const key = fileKey(position.device, position.inode);
    const owners = this.#owners.get(key);
    owners?.delete(position.source);
    if (owners?.size === 0) this.#owners.delete(key);
    this.#left.get(position.source)?.delete(key);
  }

  /** What is wrong with a source; null where it reads all that it is to read. */
  problemOf(source: string): string | null {
    const [first, ...others] = this.#left.get(source)?.values() ?? [];
    if (first === undefined) return null;
    return others.length === 0 ? messageOf(first) : `${messageOf(first)} (and ${others.length} more)`;
  }
}

function messageOf({ path, owner }: Left): string {
  return `${path} is not read here, because source ${owner} reads it and every failure would count twice; name it in one source, with all filters`;
}
