/**
 * Stands between the daemon and one enforcer: one call at a time, everything that gathers meanwhile becomes the next
 * batch. It owns the answer to failure: wait, then `reset` to all active bans, again and again, until that works; there
 * is no rollback and no replay of what failed. And it looks after the enforcer: when somebody else has flushed what we
 * put there, it is reset too.
 *
 * Invariant: `activeBans()` already reflects every change that has been pushed. So a reset makes all earlier pushes
 * superfluous, and what is pushed while it runs is applied after it.
 */
import { setTimeout as timer } from 'node:timers/promises';
import { subjectKey } from '../core/subject.ts';
import type { Ban, Change, LoginHandling, Millis, Subject } from '../core/types.ts';
import type { Enforcer } from './types.ts';

export interface EnforcerQueueOptions {
  readonly enforcer: Enforcer;
  /** All bans that hold at this moment; those that the enforcer does not handle are left out here. */
  readonly activeBans: () => Iterable<Ban>;
  readonly now: () => Millis;
  /** Resolves after the duration, or at once when the signal aborts. */
  readonly sleep?: Sleep;
  /** How often to look whether the outside is still as we left it; 10 s by default. */
  readonly watchEvery?: Millis;
  /** Each failed try; `retryIn` is null at the last try, when the queue stops. */
  readonly onFailure?: (error: Error, retryIn: Millis | null) => void;
  readonly onRecovery?: (failedFor: Millis) => void;
  /** What was pushed is in force now. */
  readonly onApplied?: (changes: readonly Change[]) => void;
  /** Somebody had changed what we put there; now these many bans are back. */
  readonly onRestored?: (bans: number) => void;
}

export type Sleep = (duration: Millis, signal: AbortSignal) => Promise<void>;

export interface QueueStatus {
  readonly enforcer: string;
  /** What becomes of locked logins; null where the enforcer has nothing to do with them. */
  readonly logins: LoginHandling | null;
  /** Changes that the enforcer has not carried out yet. */
  readonly pending: number;
  readonly failingSince: Millis | null;
  /** What went wrong last; null while nothing does. */
  readonly lastError: string | null;
}

const WATCH_EVERY: Millis = 10_000;
const FIRST_RETRY: Millis = 100;
const LAST_RETRY: Millis = 30_000;

type Changes = Map<string, Change>;
type ResetCause = 'start' | 'failure' | 'flush';

export class EnforcerQueue {
  readonly #options: EnforcerQueueOptions;
  readonly #sleep: Sleep;
  readonly #watchEvery: Millis;
  #pending: Changes = new Map();
  /** What the call that is running now was given. */
  #inFlight: Changes = new Map();
  #resetDue: ResetCause | null = null;
  #failures = 0;
  #failingSince: Millis | null = null;
  #lastError: string | null = null;
  #lastLook: Millis = 0;
  #busy = false;
  #stopping = false;
  #loop: Promise<void> | null = null;
  /** Aborted to end a wait early: every wait at stop, the wait for work at a push. */
  #wait = new AbortController();
  #idlers: (() => void)[] = [];

  constructor(options: EnforcerQueueOptions) {
    this.#options = options;
    this.#sleep = options.sleep ?? sleepFor;
    this.#watchEvery = options.watchEvery ?? WATCH_EVERY;
  }

  /** Begins to work, first of all by bringing the enforcer to all active bans. `idle` tells when that is done. */
  start(): void {
    if (this.#loop !== null) return;
    this.#resetDue = 'start';
    this.#loop = this.#run();
  }

  /** Takes changes over; never fails and never waits. Of several changes of one subject the last one counts. */
  push(changes: readonly Change[]): void {
    for (const change of changes) {
      const subject = change.type === 'ban' ? change.ban.subject : change.subject;
      if (change.type === 'ban' ? !this.#isOurs(change.ban) : !this.#options.enforcer.handles(subject)) continue;
      put(this.#pending, subjectKey(subject), change);
    }
    if (this.#pending.size > 0 && this.#failures === 0) this.#wait.abort();
  }

  /** Takes over that a ban is over; an enforcer that ends bans by itself is told of logins alone. */
  ended(subject: Subject): void {
    if (subject.type === 'login' || this.#options.enforcer.needsEnds) this.push([{ type: 'unban', subject }]);
  }

  /** Resolves when everything pushed so far has been carried out, which a failing enforcer delays, or at stop. */
  idle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.#idlers.push(resolve));
  }

  status(): QueueStatus {
    return {
      enforcer: this.#options.enforcer.name,
      logins: this.#options.enforcer.logins,
      pending: this.#pending.size + this.#inFlight.size,
      failingSince: this.#failingSince,
      lastError: this.#lastError,
    };
  }

  /** Lets the running call end, tries what is left once, and resolves. Bans stay in force. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wait.abort();
    this.#loop ??= this.#run();
    await this.#loop;
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const untilLook = this.#untilLook();
      if (this.#resetDue === null && untilLook === 0) {
        await this.#look();
      } else if (this.#hasWork()) {
        await this.#work();
      } else {
        this.#announceIdle();
        await this.#pause(untilLook, true);
      }
      if (this.#failures > 0) await this.#pause(this.#retryDelay(), false);
    }
    if (this.#hasWork()) await this.#work();
    this.#pending.clear();
    this.#resetDue = null;
    this.#announceIdle();
  }

  async #work(): Promise<void> {
    const cause = this.#resetDue;
    const { enforcer, activeBans, onApplied, onRestored } = this.#options;
    this.#inFlight = this.#pending;
    this.#pending = new Map();
    const changes = [...this.#inFlight.values()];
    let count = 0;
    const done = await this.#attempt(async () => {
      if (cause === null) {
        await enforcer.apply(changes);
        return;
      }
      const bans = [...activeBans()].filter((ban) => this.#isOurs(ban));
      count = bans.length;
      await enforcer.reset(bans);
      this.#resetDue = null;
      this.#lastLook = this.#options.now();
    });
    if (!done) return;
    if (changes.length > 0) onApplied?.(changes);
    if (cause === 'flush') onRestored?.(count);
  }

  #isOurs({ subject, behindProxy }: Ban): boolean {
    const { enforcer } = this.#options;
    return enforcer.handles(subject) && !(behindProxy && enforcer.blocksPackets);
  }

  /** Whether the outside is still as we left it. */
  async #look(): Promise<void> {
    await this.#attempt(async () => {
      const intact = await this.#options.enforcer.intact();
      this.#lastLook = this.#options.now();
      if (!intact) this.#resetDue = 'flush';
    });
  }

  /** Makes one call of the enforcer; where it fails, what it was given is pending again, before what came since. */
  async #attempt(call: () => Promise<void>): Promise<boolean> {
    this.#busy = true;
    let failure: unknown = null;
    try {
      await call();
    } catch (error) {
      failure = error;
      const newer = this.#pending;
      this.#pending = this.#inFlight;
      for (const [key, change] of newer) put(this.#pending, key, change);
    }
    this.#inFlight = new Map();
    this.#busy = false;
    if (failure === null) this.#succeeded();
    else this.#failed(failure instanceof Error ? failure : new Error(String(failure)));
    return failure === null;
  }

  #succeeded(): void {
    const since = this.#failingSince;
    this.#failures = 0;
    this.#failingSince = null;
    this.#lastError = null;
    if (since !== null) this.#options.onRecovery?.(this.#options.now() - since);
  }

  #failed(error: Error): void {
    this.#failures++;
    this.#failingSince ??= this.#options.now();
    this.#lastError = error.message;
    this.#resetDue ??= 'failure';
    this.#options.onFailure?.(error, this.#stopping ? null : this.#retryDelay());
  }

  #retryDelay(): Millis {
    return Math.min(FIRST_RETRY * 2 ** (this.#failures - 1), LAST_RETRY);
  }

  /** Time to the next look. A wall clock that was put back must not delay it. */
  #untilLook(): Millis {
    const elapsed = this.#options.now() - this.#lastLook;
    return elapsed < 0 ? 0 : Math.max(this.#watchEvery - elapsed, 0);
  }

  /** Waits; with `wakeable` only as long as there is nothing to do. */
  async #pause(duration: Millis, wakeable: boolean): Promise<void> {
    this.#wait = new AbortController();
    if (this.#stopping || (wakeable && this.#hasWork())) return;
    await this.#sleep(duration, this.#wait.signal);
  }

  #hasWork(): boolean {
    return this.#resetDue !== null || this.#pending.size > 0;
  }

  #isIdle(): boolean {
    return !this.#busy && !this.#hasWork();
  }

  #announceIdle(): void {
    for (const resolve of this.#idlers.splice(0)) resolve();
  }
}

/** The last change of a subject also takes the last place. */
function put(changes: Changes, key: string, change: Change): void {
  changes.delete(key);
  changes.set(key, change);
}

async function sleepFor(duration: Millis, signal: AbortSignal): Promise<void> {
  try {
    await timer(duration, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
