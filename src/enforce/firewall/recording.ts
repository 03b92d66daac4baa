/** In the place of a firewall: says what one would be told, and remembers it, so that the rest of tailban cannot tell. */
import { roughDuration } from '../../core/duration.ts';
import { subjectKey } from '../../core/subject.ts';
import type { Ban, Change, Millis, Subject } from '../../core/types.ts';
import type { Enforcer, Held } from '../types.ts';

export interface RecordingOptions {
  /** How every sentence begins that goes on like `ban 192.0.2.1 for 1h`; it says why there is no firewall. */
  readonly manner: string;
  /** Told one sentence for each thing that is not done. */
  readonly say: (text: string) => void;
  readonly now: () => Millis;
}

export function recording(options: RecordingOptions): Enforcer {
  return new Recording(options);
}

class Recording implements Enforcer {
  readonly name = 'none';
  readonly logins = null;
  readonly blocksPackets = true;
  readonly #options: RecordingOptions;
  readonly #held = new Map<string, Held>();

  constructor(options: RecordingOptions) {
    this.#options = options;
  }

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
    this.#say(`hold ${count} ${count === 1 ? 'ban' : 'bans'}`);
  }

  async intact(): Promise<boolean> {
    return true;
  }

  async remaining(): Promise<readonly Held[]> {
    return this.#live();
  }

  async remove(): Promise<void> {
    this.#held.clear();
    this.#say('remove all bans');
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
    this.#say(`ban ${key} ${duration}${reason === '' ? '' : `: ${reason}`}`);
  }

  #unban(subject: Subject): void {
    const key = subjectKey(subject);
    if (this.#held.delete(key)) this.#say(`unban ${key}`);
  }

  /** Forgets what has ended, as the kernel would. */
  #live(): Held[] {
    const now = this.#options.now();
    for (const [key, { until }] of this.#held) {
      if (until !== null && until <= now) this.#held.delete(key);
    }
    return [...this.#held.values()];
  }

  #say(what: string): void {
    this.#options.say(`${this.#options.manner} ${what}`);
  }
}
