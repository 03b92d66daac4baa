/** An enforcer that records its calls and fails or waits on demand, and a clock whose sleepers the test wakes. */
import { subjectKey } from '../../src/core/subject.ts';
import type { Ban, Change, Millis, Subject } from '../../src/core/types.ts';
import type { Enforcer, Held } from '../../src/enforce/types.ts';

export class FakeEnforcer implements Enforcer {
  readonly name = 'fake';
  readonly logins = null;
  needsEnds?: true;
  /** `reset a b`, `apply +a -b`, `intact`, in the order of the calls. */
  readonly calls: string[] = [];
  readonly held = new Set<string>();
  /** Errors for the next calls; null lets one pass. */
  readonly failures: (Error | null)[] = [];
  /** While set, calls wait for it. */
  gate: Promise<void> | null = null;
  flushed = false;
  running = 0;
  mostRunning = 0;

  handles(subject: Subject): boolean {
    return subject.type !== 'login';
  }

  apply(changes: readonly Change[]): Promise<void> {
    const text = changes.map((change) => (change.type === 'ban' ? `+${key(change)}` : `-${key(change)}`));
    return this.#call(`apply ${text.join(' ')}`, () => {
      for (const change of changes) {
        if (change.type === 'ban') this.held.add(key(change));
        else this.held.delete(key(change));
      }
    });
  }

  reset(bans: readonly Ban[]): Promise<void> {
    const keys = bans.map((ban) => subjectKey(ban.subject));
    return this.#call(['reset', ...keys].join(' '), () => {
      this.flushed = false;
      this.held.clear();
      for (const item of keys) this.held.add(item);
    });
  }

  async intact(): Promise<boolean> {
    await this.#call('intact', () => {});
    return !this.flushed;
  }

  async remaining(): Promise<readonly Held[]> {
    return [];
  }

  async remove(): Promise<void> {
    this.held.clear();
  }

  async #call(text: string, effect: () => void): Promise<void> {
    this.calls.push(text);
    this.mostRunning = Math.max(this.mostRunning, ++this.running);
    await this.gate;
    this.running--;
    const failure = this.failures.shift();
    if (failure) throw failure;
    effect();
  }
}

/** Time stands still until `advance`. */
export class FakeClock {
  time = 1_000_000;
  /** Every duration that was slept for. */
  readonly naps: Millis[] = [];
  #sleepers: { readonly at: Millis; readonly wake: () => void }[] = [];

  readonly now = (): Millis => this.time;

  readonly sleep = (duration: Millis, signal: AbortSignal): Promise<void> => {
    this.naps.push(duration);
    return new Promise((resolve) => {
      this.#sleepers.push({ at: this.time + duration, wake: resolve });
      signal.addEventListener('abort', () => resolve());
    });
  };

  /** Moves on and lets everything that is due come to rest. */
  async advance(duration: Millis): Promise<void> {
    await settle();
    this.time += duration;
    const due = this.#sleepers.filter((sleeper) => sleeper.at <= this.time);
    this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.at > this.time);
    for (const sleeper of due) sleeper.wake();
    await settle();
  }
}

/** Lets all promises that can go on do so. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}

function key(change: Change): string {
  return subjectKey(change.type === 'ban' ? change.ban.subject : change.subject);
}
