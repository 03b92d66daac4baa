/** What is wrong with the files of a source now: each problem is told once, and once more when it is over. */
import { errorCode } from './glob.ts';
import type { Sink } from './types.ts';

export class Problems {
  readonly #sink: Sink;
  readonly #current = new Map<string, string>();

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** `subject` is a path or a glob. The same problem of the same subject again is not told. */
  report(subject: string, message: string): void {
    if (this.#current.has(subject)) return;
    this.#current.set(subject, message);
    this.#sink.warn(message);
  }

  solved(subject: string, message: string): void {
    if (this.#current.delete(subject)) this.#sink.info(message);
  }

  /** These paths cannot be read, as `subjects` that begin so, and no others any more. */
  only(prefix: string, errors: ReadonlyMap<string, Error>): void {
    for (const [path, error] of errors) this.report(prefix + path, cannotRead(path, error));
    for (const subject of this.subjects().filter((one) => one.startsWith(prefix))) {
      const path = subject.slice(prefix.length);
      if (!errors.has(path)) this.solved(subject, `${path} is no problem any more`);
    }
  }

  has(subject: string): boolean {
    return this.#current.has(subject);
  }

  /** The subjects that have one. */
  subjects(): readonly string[] {
    return [...this.#current.keys()];
  }

  /** One sentence, or null. */
  summary(): string | null {
    const [first, ...others] = this.#current.values();
    if (first === undefined) return null;
    return others.length === 0 ? first : `${first} (and ${others.length} more)`;
  }
}

export function nothingMatches(glob: string): string {
  return `No file matches ${glob}, waiting for one to appear`;
}

export function cannotRead(path: string, error: Error): string {
  return `Cannot read ${path} (${errorCode(error) ?? error.message}), trying again until it can be read`;
}
