/**
 * The guard stands between the judge and the world: what the judge decides it commits to the store and hands to the
 * enforcers. It owns the order of these steps (store first, so that no ban is in force that a restart would forget) and
 * the checkpoint. It reads no logs and builds nothing.
 */
import type { AllowedView } from '../api/contract.ts';
import { type Network, parseNetwork } from '../core/ip.ts';
import type { Judge } from '../core/judge.ts';
import { banLength } from '../core/sentence.ts';
import { subjectKey } from '../core/subject.ts';
import type { Ban, Change, Event, Kind, Millis } from '../core/types.ts';
import type { Admission, Answer, Count, Question, Request, Verdict } from '../core/verdict.ts';
import type { EnforcerQueue } from '../enforce/queue.ts';
import type { LoginReport } from '../gate/types.ts';
import type { Logger } from '../log.ts';
import type { Store } from '../store/store.ts';
import { EVIDENCE, KNOWN_GOOD } from '../store/types.ts';
import type { Observer } from './observer.ts';
import { waitUntilCarriedOut } from './patience.ts';

export interface GuardOptions {
  readonly judge: Judge;
  readonly store: Pick<Store, 'saveChanges' | 'checkpoint' | 'allowed'>;
  readonly now: () => Millis;
  readonly log: Logger;
  readonly observer?: Pick<Observer, 'banned' | 'expired' | 'lifted'>;
  /** What never is banned by configuration and host, with reasons. */
  readonly alwaysAllowed: () => readonly (readonly [Network, string])[];
}

/** Where reading goes on, and lines that wait for others: the other half of a checkpoint. What servers report joins them. */
export interface ReadingState {
  takePositions(): Map<string, string | null>;
  takeJoins(): Map<string, string | null>;
  report(report: LoginReport): void;
}

export class Guard {
  readonly #options: GuardOptions;
  #queues: readonly EnforcerQueue[] = [];
  #reading: ReadingState | null = null;
  /** Decided, but neither stored nor told to the enforcers yet. */
  #changes: Change[] = [];
  /** Told to the enforcers, but the store could not be written. */
  #unstored: readonly Change[] = [];
  /** What a failed checkpoint could not write, to be written by the next one. */
  readonly #unsaved = { positions: new Map<string, string | null>(), joins: new Map<string, string | null>() };
  #storeFailing = false;
  lastCheckpoint: Millis | null = null;
  readonly events: Record<Kind, number> = {
    authentication: 0,
    'invalid-rcpt': 0,
    loitering: 0,
    scan: 0,
    success: 0,
    request: 0,
  };

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  /** The enforcers to tell from now on. */
  connect(queues: readonly EnforcerQueue[], reading: ReadingState): void {
    this.#queues = queues;
    this.#reading = reading;
  }

  /** Judges one event. What it decides takes effect with `commit`, which is to follow at the end of the chunk. */
  handle(event: Event, source: string | null = null): Verdict {
    const { judge, now } = this.#options;
    this.events[event.kind]++;
    const verdict = judge.handle(event, now());
    if (verdict.type === 'banned') {
      for (const ban of verdict.bans)
        this.#decided(ban, {
          filter: event.filter,
          source,
          count: ban.cause === 'rate-limit' ? undefined : countOf(ban, verdict.counts),
        });
    }
    return verdict;
  }

  #decided(
    ban: Ban,
    origin: { readonly filter: string; readonly source?: string | null; readonly count?: number | undefined },
  ): void {
    const { now, log, observer } = this.#options;
    if (!isOver(ban, now())) observer?.banned(ban);
    this.#changes.push({ type: 'ban', ban });
    log.info(
      { subject: subjectKey(ban.subject), cause: ban.cause, reason: ban.reason, ...origin },
      `banned ${subjectKey(ban.subject)} ${banLength(ban)}: ${ban.reason}${isOver(ban, now()) ? '; old lines, the ban is over already' : ''}`,
    );
  }

  /** @see Gatekeeper */
  ask(question: Question): Answer {
    return this.#options.judge.ask(question, this.#options.now());
  }

  /** @see Doorman */
  admit(request: Request): Admission {
    const admission = this.#options.judge.admit(request, this.#options.now());
    if (admission.type === 'limited' && admission.bans.length > 0) {
      for (const ban of admission.bans) this.#decided(ban, { filter: 'HTTP gate' });
      this.commit();
    }
    return admission;
  }

  /** @see Doorman */
  ended(id: string): boolean {
    return this.#options.judge.requests.ended(id);
  }

  /** @see Gatekeeper */
  refused(question: Question): void {
    this.#options.judge.refused(question, this.#options.now());
  }

  /** @see Gatekeeper */
  reported(report: LoginReport): void {
    this.#reading?.report(report);
  }

  /** Stores what has been decided and tells the enforcers. */
  commit(): void {
    const decided = this.#changes;
    const changes = [...this.#unstored, ...decided];
    if (changes.length === 0) return;
    const now = this.#options.now();
    this.#changes = [];
    this.#unstored = this.#tryStore('bans', () => this.#options.store.saveChanges(changes, now)) ? [] : changes;
    this.#tell(decided.filter((change) => change.type === 'unban' || !isOver(change.ban, now)));
  }

  #tell(changes: readonly Change[]): void {
    if (changes.length > 0) for (const queue of this.#queues) queue.push(changes);
  }

  /** Writes positions, counters and waiting lines in one transaction; what fails is tried again with the next. */
  checkpoint(): boolean {
    const { judge, store, now } = this.#options;
    this.commit();
    const reading = this.#reading;
    for (const [key, value] of reading?.takePositions() ?? []) this.#unsaved.positions.set(key, value);
    for (const [key, value] of reading?.takeJoins() ?? []) this.#unsaved.joins.set(key, value);
    for (const [subject, lines] of judge.takeChangedEvidence()) {
      this.#unsaved.joins.set(EVIDENCE + subject, lines === null ? null : JSON.stringify(lines));
    }
    for (const [pair, time] of judge.knownGood.takeChanged())
      this.#unsaved.joins.set(KNOWN_GOOD + pair, time === null ? null : String(time));
    const counters = judge.changedCounters;
    const { positions, joins } = this.#unsaved;
    if (positions.size === 0 && joins.size === 0 && !counters.hasChanged) {
      // Nothing to write: what is stored is all there is.
      this.lastCheckpoint = now();
      return true;
    }
    if (!this.#tryStore('checkpoint', () => store.checkpoint({ positions, counters: counters.changed(), joins })))
      return false;
    counters.stored();
    positions.clear();
    joins.clear();
    this.lastCheckpoint = now();
    return true;
  }

  /** Ends what is over. The kernel has let go by itself; this is for the log and for enforcers that do not. */
  expire(): void {
    const { judge, now, log } = this.#options;
    for (const ban of judge.expire(now())) {
      log.debug({ subject: subjectKey(ban.subject) }, `the ban of ${subjectKey(ban.subject)} is over`);
      this.#options.observer?.expired(ban);
      for (const queue of this.#queues) queue.ended(ban.subject);
    }
  }

  allowed(): AllowedView[] {
    const { store, alwaysAllowed } = this.#options;
    const own = store
      .allowed()
      .map(({ network, note, since }) => ({ network, why: note === '' ? 'allowed by hand' : note, since }));
    return [...alwaysAllowed().map(([network, why]) => ({ network, why, since: null })), ...own];
  }

  /** Brings the allow-list up to date with host, configuration and store; lifts the bans that it forbids. */
  async refreshAllowed(): Promise<string[]> {
    const { judge, log, now } = this.#options;
    const entries = this.allowed().flatMap(({ network, why }): [Network, string][] => {
      const parsed = parseNetwork(network);
      return parsed === null ? [] : [[parsed, why]];
    });
    const lifted = judge.allow(entries, now());
    for (const ban of lifted)
      log.info({ subject: subjectKey(ban.subject) }, `lifted the ban of ${subjectKey(ban.subject)}, it is allowed now`);
    if (lifted.length > 0) await this.carryOut(lifted.map(({ subject }) => ({ type: 'unban', subject })));
    return lifted.map(({ subject }) => subjectKey(subject));
  }

  /** Stores what an admin asked for together with the state that it belongs to, and waits until it is in force. */
  async carryOut(changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return;
    for (const change of changes) {
      if (change.type === 'ban') this.#options.observer?.banned(change.ban);
      else this.#options.observer?.lifted(change.subject);
    }
    this.#changes = [...this.#changes, ...changes];
    this.commit();
    this.checkpoint();
    await waitUntilCarriedOut(this.#queues);
  }

  /** Tells the enforcers of a ban that they know, because what they are to do about it has changed, and waits for them. */
  async tellAgain(ban: Ban): Promise<void> {
    this.#tell([{ type: 'ban', ban }]);
    await waitUntilCarriedOut(this.#queues);
  }

  /** A store that cannot be written must not stop the guarding; the admin hears of it once. */
  #tryStore(what: string, write: () => void): boolean {
    try {
      write();
    } catch (error) {
      if (!this.#storeFailing)
        this.#options.log.error(
          { err: error },
          `the store cannot be written (${what}); bans go on, and are written when it works again`,
        );
      this.#storeFailing = true;
      return false;
    }
    if (this.#storeFailing) this.#options.log.info('the store can be written again');
    this.#storeFailing = false;
    return true;
  }

  get storeFailing(): boolean {
    return this.#storeFailing;
  }
}

function isOver({ until }: Ban, now: Millis): boolean {
  return until !== null && until <= now;
}

/** The failures that led to a ban. */
function countOf({ subject }: Ban, counts: readonly Count[]): number | undefined {
  return counts.find((count) => subjectKey(count.subject) === subjectKey(subject))?.count;
}
