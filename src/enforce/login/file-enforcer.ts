/**
 * Bans as lines of a file that a mail server looks up. The file is all there is: the server reads it anew when it has
 * changed, no daemon has to be told. Bans do not end there by themselves, and stay when tailban is stopped.
 */
import { subjectKey } from '../../core/subject.ts';
import type { Ban, Change, LoginHandling, Millis, Subject } from '../../core/types.ts';
import type { Enforcer, Held } from '../types.ts';
import { TableFile } from './table-file.ts';

/** How a server's file is written, and read again. */
export interface Table {
  handles(subject: Subject): boolean;
  /** The beginning of the file. */
  head(held: Iterable<Held>): string;
  /** The lines of each of these bans. */
  entries(held: readonly Held[]): readonly string[];
  read(text: string): readonly Held[];
}

export interface FileEnforcerOptions {
  readonly name: string;
  readonly path: string;
  readonly table: Table;
  readonly logins: LoginHandling | null;
  /** Called after the file has been written, with the bans that are new in it. */
  readonly onBanned?: (bans: readonly Ban[]) => Promise<void>;
  /** Called each time after the file has been written. */
  readonly onWritten?: () => Promise<void>;
  readonly now: () => Millis;
}

export class FileEnforcer implements Enforcer {
  readonly name: string;
  readonly logins: LoginHandling | null;
  readonly needsEnds = true;
  readonly #options: FileEnforcerOptions;
  readonly #file: TableFile;
  #held: ReadonlyMap<string, Held> = new Map();
  /** Lines are made once: there may be many, of which a change concerns few. */
  readonly #lines = new WeakMap<Held, string>();

  constructor(options: FileEnforcerOptions) {
    // With its place, so that another file is another enforcer.
    this.name = `${options.name} ${options.path}`;
    this.logins = options.logins;
    this.#options = options;
    this.#file = new TableFile(options.path, options.now);
  }

  handles(subject: Subject): boolean {
    return this.#options.table.handles(subject);
  }

  async apply(changes: readonly Change[]): Promise<void> {
    const held = new Map(this.#held);
    for (const change of changes) {
      if (change.type === 'ban') held.set(subjectKey(change.ban.subject), heldOf(change.ban));
      else held.delete(subjectKey(change.subject));
    }
    await this.#write(held);
    const bans = changes.flatMap((change) => (change.type === 'ban' ? [change.ban] : []));
    if (bans.length > 0) await this.#options.onBanned?.(bans);
  }

  async reset(bans: readonly Ban[]): Promise<void> {
    await this.#write(new Map(bans.map((ban) => [subjectKey(ban.subject), heldOf(ban)])));
  }

  intact(): Promise<boolean> {
    return this.#file.isUntouched();
  }

  async remaining(): Promise<readonly Held[]> {
    const now = this.#options.now();
    const held = this.#options.table.read(await this.#file.read());
    return held.filter(({ subject, until }) => this.handles(subject) && (until === null || until > now));
  }

  /** Leaves the file without bans: Dovecot goes on with what it last read of one that is gone, Exim takes it for an error. */
  async remove(): Promise<void> {
    await this.#write(new Map());
  }

  /** What could not be written is not held. */
  async #write(held: ReadonlyMap<string, Held>): Promise<void> {
    const { table } = this.#options;
    const added = [...held.values()].filter((one) => !this.#lines.has(one));
    for (const [index, text] of table.entries(added).entries()) {
      const one = added[index];
      if (one !== undefined) this.#lines.set(one, text);
    }
    const texts = [...held.values()].map((one) => this.#lines.get(one) ?? '');
    await this.#file.write(table.head(held.values()) + texts.join(''));
    this.#held = held;
    await this.#options.onWritten?.();
  }
}

function heldOf({ subject, until }: Ban): Held {
  return { subject, until };
}
