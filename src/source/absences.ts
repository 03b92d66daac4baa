/**
 * Tells what is not there or cannot be looked at: a log that is missing, has been removed, or has become something else.
 * A name that is gone only for the moments of a rotation is no news.
 */
import type { Millis } from '../core/types.ts';
import { compileGlobs, type Listing } from './glob.ts';
import { cannotRead, nothingMatches, type Problems } from './problems.ts';
import type { Tailer } from './tailer.ts';

/** So long the next file of a name may take to appear; a service that writes its log anew takes some seconds. */
const GRACE: Millis = 5_000;
const MISSING = 'missing:';

export class Absences {
  readonly #globs: readonly { readonly glob: string; matches(path: string): boolean }[];
  readonly #problems: Problems;
  readonly #now: () => Millis;
  readonly #emptySince = new Map<string, Millis>();

  constructor(globs: readonly string[], problems: Problems, now: () => Millis) {
    this.#globs = globs.map((glob) => ({ glob, matches: compileGlobs([glob]).matches }));
    this.#problems = problems;
    this.#now = now;
  }

  /** Whether nothing worse is known than that no file is there. */
  onlyMissing(): boolean {
    return this.#problems.subjects().every((subject) => subject.startsWith(MISSING));
  }

  /** Whether a name that is to be read leads to no log now, and that has been told. */
  some(): boolean {
    return this.#problems.subjects().some((subject) => subject.startsWith(MISSING) || subject.startsWith('/'));
  }

  /** @param first at the start of the source nothing is waited for. */
  async look(listing: Listing, followed: readonly Tailer[], first: boolean): Promise<void> {
    for (const [path, error] of listing.problems) this.#problems.report(path, cannotRead(path, error));
    const known = new Set(followed.map(({ log }) => log.key));
    for (const path of this.#problems.subjects().filter((subject) => subject.startsWith('/'))) {
      const key = listing.files.get(path);
      if (key === undefined ? !listing.problems.has(path) : known.has(key))
        this.#problems.solved(path, `${path} is no problem any more`);
    }
    for (const { glob, matches } of this.#globs) {
      if (!listing.empty.includes(glob)) {
        this.#emptySince.delete(glob);
        this.#problems.solved(MISSING + glob, `Found a file that matches ${glob}`);
        continue;
      }
      const since = this.#emptySince.get(glob) ?? this.#now();
      this.#emptySince.set(glob, since);
      if (!first && this.#now() - since < GRACE) continue;
      if ([...listing.problems.keys()].some((path) => glob.startsWith(path))) continue;
      if (await areSomeRotated(followed.filter(({ path }) => matches(path)))) continue;
      this.#problems.report(MISSING + glob, nothingMatches(glob));
    }
  }
}

/**
 * Whether one of the files is still there under another name. Some services make the next file only with the next line,
 * and until the renamed one is given up, that is no problem.
 */
async function areSomeRotated(tailers: readonly Tailer[]): Promise<boolean> {
  for (const { log } of tailers) {
    const stats = await log.handle.stat().catch(() => null);
    if (stats !== null && stats.nlink > 0) return true;
  }
  return false;
}
