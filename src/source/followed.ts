/** The files that a source follows: by what names they go, which have strayed from the globs, and when one is let go. */
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Millis } from '../core/types.ts';
import { isMissing } from './glob.ts';
import { fileKey, type OpenLog } from './open-log.ts';
import { Tailer, type TailerContext, type TailerStart } from './tailer.ts';

/** A file that strayed and has no successor may still be written to by a daemon that nobody told. */
const PATIENCE_WITHOUT_SUCCESSOR = 30;

export class Followed {
  readonly #context: TailerContext;
  readonly #quiet: Millis;
  readonly #byKey = new Map<string, Tailer>();
  /** Without those that have strayed. */
  readonly #byPath = new Map<string, Tailer>();
  #strayed: readonly Tailer[] = [];

  /** `quiet` is how long a rotated file has to be silent before it is let go. */
  constructor(context: TailerContext, quiet: Millis) {
    this.#context = context;
    this.#quiet = quiet;
  }

  all(): readonly Tailer[] {
    return [...this.#byKey.values()];
  }

  has(key: string): boolean {
    return this.#byKey.has(key);
  }

  at(path: string): Tailer | undefined {
    return this.#byPath.get(path);
  }

  /** Takes over an open file; `strayed` tells that its own name is none of the globs'. It does not read yet. */
  add(log: OpenLog, start: TailerStart, strayed: boolean): Tailer {
    const tailer = new Tailer(log, start, this.#context);
    if (strayed) tailer.strayedAt = this.#context.now();
    this.#byKey.set(log.key, tailer);
    this.#sort();
    return tailer;
  }

  /** The files that have been known by this name before, and have to be read before a new one of the name. */
  predecessors(path: string): readonly Tailer[] {
    return this.all().filter((one) => one.wasAt(path));
  }

  wakeStrayed(directory: string): void {
    for (const tailer of this.#strayed) if (dirname(tailer.path) === directory) tailer.wake();
  }

  /** Compares with what the globs match now (keys by path) and notes who was renamed or has strayed. */
  async rename(files: ReadonlyMap<string, string>): Promise<void> {
    const names = new Map<string, string>();
    for (const [path, key] of files) if (!names.has(key)) names.set(key, path);
    for (const tailer of this.all()) {
      const { key } = tailer.log;
      if (tailer.strayedAt === null && files.get(tailer.path) === key) continue;
      const name = names.get(key);
      if (name !== undefined) {
        if (name !== tailer.path) tailer.formerPath = tailer.path;
        tailer.path = name;
        tailer.strayedAt = null;
      } else if (tailer.strayedAt === null && (await leadsElsewhere(tailer.path, key))) {
        tailer.strayedAt = this.#context.now();
        tailer.wake();
      }
    }
    this.#sort();
  }

  /** Lets go of strayed files that have been silent long enough. */
  async release(): Promise<void> {
    for (const tailer of this.#strayed) {
      if (tailer.strayedAt === null) continue;
      const successor = this.#byPath.get(tailer.path);
      const replaced = successor !== undefined && !successor.mayBeCopy;
      const patience = this.#quiet * (replaced ? 1 : PATIENCE_WITHOUT_SUCCESSOR);
      if (this.#context.now() - Math.max(tailer.strayedAt, tailer.lastGrowth) < patience) continue;
      await tailer.drained();
      if (this.#context.now() - tailer.lastGrowth < patience) continue;
      if (!this.#byKey.delete(tailer.log.key)) continue;
      this.#sort();
      this.#context.sink.forget(tailer.position());
      this.#context.problem(tailer, null);
      await tailer.close();
    }
  }

  async close(): Promise<void> {
    const tailers = this.all();
    this.#byKey.clear();
    this.#sort();
    await Promise.all(tailers.map((tailer) => tailer.close()));
  }

  #sort(): void {
    this.#strayed = this.all().filter(({ strayedAt }) => strayedAt !== null);
    this.#byPath.clear();
    for (const tailer of this.all()) if (tailer.strayedAt === null) this.#byPath.set(tailer.path, tailer);
  }
}

/** Whether there is certainly nothing, or another file, of this name; not being able to look is no answer. */
async function leadsElsewhere(path: string, key: string): Promise<boolean> {
  try {
    const { dev, ino } = await stat(path);
    return fileKey(dev, ino) !== key;
  } catch (error) {
    return isMissing(error);
  }
}
