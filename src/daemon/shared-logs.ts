/**
 * A log that two sources read, because their globs meet in it or a link leads to it: its lines are taken from one of them,
 * and from the other one none, since every failure would count twice. Each is at a place of its own in a log, so it has to
 * be the same one after a rotation and after a restart: the first whose globs lead to the log. Only where a link leads to it
 * the one that came first.
 */
import { logOf } from '../source/copies.ts';
import { fileKey } from '../source/open-log.ts';
import type { Position } from '../source/types.ts';

interface Left {
  readonly path: string;
  readonly owner: string;
}

export interface Sharing {
  /** In the order in which they may choose. */
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
  /** What its owner has let go while others still follow it: a renamed log to which somebody may write on. */
  readonly #released = new Set<string>();
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
    const chosen = this.#released.has(key) ? [] : this.#chosen(source, path, isNew);
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

  /**
   * Whose globs lead to this log: of those with common filters the first. What a source with both names in its globs knows
   * as a rotated file is read by who follows the log.
   */
  #chosen(source: string, path: string, isNew: boolean): readonly string[] {
    const { sources, follows, mayCountTwice } = this.#sharing;
    const readersOf = (log: string): string[] => {
      const readers: string[] = [];
      for (const one of sources)
        if (follows(one, log) && !readers.some((other) => mayCountTwice(one, other))) readers.push(one);
      return readers;
    };
    const log = logOf(path);
    return readersOf(!isNew && follows(source, log) ? log : path);
  }

  /** The source has let the file go. */
  release(position: Position): void {
    if (position.type !== 'file') return;
    const key = fileKey(position.device, position.inode);
    const owners = this.#owners.get(key);
    const wasOwner = owners?.delete(position.source) ?? false;
    if (owners?.size === 0) this.#owners.delete(key);
    this.#left.get(position.source)?.delete(key);
    const isFollowed = [...this.#left.values()].some((left) => left.has(key));
    if (!isFollowed) this.#released.delete(key);
    else if (wasOwner) this.#released.add(key);
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
