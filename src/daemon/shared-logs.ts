/**
 * A log that two sources read, because their globs meet in it or a link leads to it: its lines are taken from one of them,
 * and from the other one none, since every failure would count twice. Each is at a place of its own in a log, so it has to
 * be the same one after a rotation and after a restart: the first in the configuration whose globs lead to the log. Only
 * where a link leads to it the one that came first.
 */
import { logOf } from '../source/copies.ts';
import { fileKey } from '../source/open-log.ts';
import type { Position } from '../source/types.ts';

interface Left {
  readonly path: string;
  readonly owner: string;
}

export interface Sharing {
  /** In the order of the configuration. */
  readonly sources: readonly string[];
  /** Whether the globs of the source lead to a file of this path. */
  readonly follows: (source: string, path: string) => boolean;
  /** Whether two sources would find the same in a line. */
  readonly mayCountTwice: (source: string, other: string) => boolean;
  readonly warn: (source: string, message: string) => void;
}

export class SharedLogs {
  readonly #sharing: Sharing;
  /** The sources that read a file, by device and inode: of those with common filters only one. */
  readonly #owners = new Map<string, Set<string>>();
  /** What each source leaves to another. */
  readonly #left = new Map<string, Map<string, Left>>();
  readonly #told = new Set<string>();

  constructor(sharing: Sharing) {
    this.#sharing = sharing;
  }

  /**
   * Whether the lines before this position are left to another source.
   * @param isNew nothing of the file has been read before, so it is no part of a log that another source follows
   */
  isLeft(position: Position, isNew = false): boolean {
    if (position.type !== 'file') return false;
    const { source, path } = position;
    const key = fileKey(position.device, position.inode);
    const owners = this.#owners.get(key) ?? new Set();
    if (owners.has(source)) return false;
    const { mayCountTwice, warn } = this.#sharing;
    const chosen = this.#chosen(path, isNew);
    const rivals = chosen.includes(source) ? [...owners] : [...chosen, ...owners];
    const owner = rivals.find((other) => mayCountTwice(source, other));
    if (owner === undefined) {
      this.#owners.set(key, owners.add(source));
      this.#left.get(source)?.delete(key);
      return false;
    }
    const left = this.#left.get(source) ?? new Map<string, Left>();
    this.#left.set(source, left.set(key, { path, owner }));
    // Once for all files of the two: there may be a new one every day.
    const pair = JSON.stringify([source, owner]);
    if (!this.#told.has(pair)) warn(source, messageOf({ path, owner }));
    this.#told.add(pair);
    return true;
  }

  /** Whose globs lead to this log: of those with common filters the first. A rotated file is read by who followed the log. */
  #chosen(path: string, isNew: boolean): readonly string[] {
    const { sources, follows, mayCountTwice } = this.#sharing;
    const readersOf = (log: string): string[] => {
      const readers: string[] = [];
      for (const source of sources)
        if (follows(source, log) && !readers.some((other) => mayCountTwice(source, other))) readers.push(source);
      return readers;
    };
    const followers = isNew ? [] : readersOf(logOf(path));
    return followers.length > 0 ? followers : readersOf(path);
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
