/**
 * What we have put into Stalwart, so that nothing else is ever taken out: an admin's own blocked addresses stay. Kept in
 * a file, to which a line is added before the server is asked: after a crash we may take something for ours that never
 * got there, but leave nothing behind for ever.
 */
import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { subjectKey } from '../../core/subject.ts';
import { EnforceError, messageOf } from '../../errors.ts';
import type { Held } from '../types.ts';

export interface Entry extends Held {
  /** The name of the account that a login is of. */
  readonly account: string | null;
}

type Line = { readonly add: Entry } | { readonly remove: string };

export class Ours {
  readonly #path: string;
  readonly #entries = new Map<string, Entry>();

  constructor(path: string) {
    this.#path = path;
  }

  /** Reads the file. Lines that are none, such as a last one that a crash has cut off, are left out. @throws EnforceError */
  load(): void {
    this.#entries.clear();
    for (const text of this.#attempt(() => readLines(this.#path))) {
      const line = parseLine(text);
      if (line !== null && 'add' in line) this.#entries.set(subjectKey(line.add.subject), line.add);
      else if (line !== null) this.#entries.delete(line.remove);
    }
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  entries(): Entry[] {
    return [...this.#entries.values()];
  }

  /** Whether an account is disabled by us for a login, other than that of the key. */
  hasAccount(account: string, exceptKey = ''): boolean {
    for (const [key, entry] of this.#entries) if (entry.account === account && key !== exceptKey) return true;
    return false;
  }

  /** @throws EnforceError where it cannot be written: then nothing may be asked of the server. */
  add(entries: readonly Entry[]): void {
    const fresh = entries.filter((entry) => !isSame(entry, this.#entries.get(subjectKey(entry.subject))));
    this.#append(fresh.map((add): Line => ({ add })));
    for (const entry of fresh) this.#entries.set(subjectKey(entry.subject), entry);
  }

  /** @throws EnforceError */
  remove(keys: readonly string[]): void {
    this.#append(keys.map((remove): Line => ({ remove })));
    for (const key of keys) this.#entries.delete(key);
  }

  /** Writes the file anew, each entry once. @throws EnforceError */
  tidy(): void {
    const lines = this.entries().map((add) => `${JSON.stringify({ add })}\n`);
    this.#attempt(() => {
      writeFileSync(`${this.#path}.new`, lines.join(''), { mode: 0o600, flush: true });
      renameSync(`${this.#path}.new`, this.#path);
    });
  }

  #append(lines: readonly Line[]): void {
    if (lines.length === 0) return;
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    this.#attempt(() => appendFileSync(this.#path, text, { mode: 0o600, flush: true }));
  }

  #attempt<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      const why = messageOf(error);
      throw new EnforceError(`Cannot keep the notes on what is blocked in Stalwart: ${why}`, [], '', { cause: error });
    }
  }
}

function isSame(one: Entry, other: Entry | undefined): boolean {
  return other !== undefined && one.until === other.until && one.account === other.account;
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

function parseLine(text: string): Line | null {
  try {
    const line = JSON.parse(text) as Line;
    return 'remove' in line || typeof line.add.subject.type === 'string' ? line : null;
  } catch {
    return null;
  }
}
