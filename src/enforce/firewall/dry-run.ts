/** The backend `none`: says what a firewall would be told, and remembers it, so that the rest of tailban cannot tell. */
import { roughDuration } from '../../core/duration.ts';
import { subjectKey } from '../../core/subject.ts';
import type { Ban, Change, Millis, Subject } from '../../core/types.ts';
import type { Enforcer } from '../types.ts';

export interface DryRunOptions {
  /** Told one sentence for each thing that is not done. */
  readonly say: (text: string) => void;
  readonly now: () => Millis;
}

export function dryRun(options: DryRunOptions): Enforcer {
  return new DryRun(options);
}

class DryRun implements Enforcer {
  readonly name = 'none';
  readonly #options: DryRunOptions;
  readonly #held = new Map<string, { readonly subject: Subject; readonly until: Millis | null }>();

  constructor(options: DryRunOptions) {
    this.#options = options;
  }

  readonly blocksPackets = true;

  handles(subject: Subject): boolean {
    return subject.type !== 'login';
  }

  async apply(changes: readonly Change[]): Promise<void> {
    for (const change of changes) {
      if (change.type === 'ban') this.#ban(change.ban);
      else this.#unban(change.subject);
    }
  }

  async reset(bans: readonly Ban[]): Promise<void> {
    this.#held.clear();
    for (const { subject, until } of bans) this.#held.set(subjectKey(subject), { subject, until });
    const count = this.#live().length;
    this.#options.say(`Dry run: would bring the firewall to ${count} ${count === 1 ? 'ban' : 'bans'}`);
  }

  async intact(): Promise<boolean> {
    return true;
  }

  async remaining(): Promise<readonly { readonly subject: Subject; readonly until: Millis | null }[]> {
    return this.#live();
  }

  async remove(): Promise<void> {
    this.#held.clear();
    this.#options.say('Dry run: would remove all bans from the firewall');
  }

  #ban({ subject, until, reason }: Ban): void {
    const key = subjectKey(subject);
    const left = until === null ? null : until - this.#options.now();
    if (left !== null && left <= 0) {
      this.#held.delete(key);
      return;
    }
    this.#held.set(key, { subject, until });
    const duration = left === null ? 'for good' : `for ${roughDuration(Math.max(left, 1_000))}`;
    this.#options.say(`Dry run: would ban ${key} ${duration}${reason === '' ? '' : `: ${reason}`}`);
  }

  #unban(subject: Subject): void {
    const key = subjectKey(subject);
    if (this.#held.delete(key)) this.#options.say(`Dry run: would unban ${key}`);
  }

  /** Forgets what has ended, as the kernel would. */
  #live(): { readonly subject: Subject; readonly until: Millis | null }[] {
    const now = this.#options.now();
    for (const [key, { until }] of this.#held) {
      if (until !== null && until <= now) this.#held.delete(key);
    }
    return [...this.#held.values()];
  }
}
