/**
 * The guard stands between the judge and the world: what the judge decides it commits to the store and hands to the
 * enforcers, and what an admin asks it puts to the judge. It owns the order of these steps (store first, so that no ban
 * is in force that a restart would forget) and the checkpoint. It reads no logs and builds nothing.
 */
import {
  type AllowedView,
  type AllowRequest,
  type BanRequest,
  type BanView,
  type DisallowRequest,
  type DistrustRequest,
  type ExplainRequest,
  type ImportRequest,
  Refusal,
  type SubjectView,
  type UnbanRequest,
} from './api/contract.ts';
import { contains, type Network, parseAddress, parseNetwork } from './core/ip.ts';
import type { Judge } from './core/judge.ts';
import { banLength } from './core/sentence.ts';
import { subjectKey } from './core/subject.ts';
import type { Ban, Change, Event, Kind, Millis, Subject } from './core/types.ts';
import type { Answer, Question, Verdict } from './core/verdict.ts';
import type { EnforcerQueue } from './enforce/queue.ts';
import { banView, explainSubject, nameOf } from './explanation.ts';
import type { LoginReport } from './gate/types.ts';
import type { Logger } from './log.ts';
import { carriedOut } from './patience.ts';
import type { Store } from './store/store.ts';
import { EVIDENCE, KNOWN_GOOD } from './store/types.ts';
import { findSubject, notBanned, readNetwork, readSubject, subjectsOf } from './subjects.ts';

export interface GuardOptions {
  readonly judge: Judge;
  readonly store: Store;
  readonly now: () => Millis;
  readonly log: Logger;
  /** How long a ban by hand lasts where nothing is said. */
  readonly banTime: () => Millis | null;
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
  /** Decided and not yet committed. */
  #changes: Change[] = [];
  /** What a failed checkpoint could not write, to be written by the next one. */
  readonly #unsaved = { positions: new Map<string, string | null>(), joins: new Map<string, string | null>() };
  #unsavedSubjects = new Set<string>();
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
  handle(event: Event): Verdict {
    const { judge, now, log } = this.#options;
    this.events[event.kind]++;
    const verdict = judge.handle(event, now());
    if (verdict.type !== 'banned') return verdict;
    for (const ban of verdict.bans) {
      this.#changes.push({ type: 'ban', ban });
      log.info(
        { subject: subjectKey(ban.subject), cause: ban.cause, reason: ban.reason, filter: event.filter },
        `banned ${subjectKey(ban.subject)} ${banLength(ban)}: ${ban.reason}${isOver(ban, now()) ? '; old lines, the ban is over already' : ''}`,
      );
    }
    return verdict;
  }

  /** @see Gatekeeper */
  ask(question: Question): Answer {
    return this.#options.judge.ask(question, this.#options.now());
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
    if (this.#changes.length === 0) return;
    const changes = this.#changes;
    const now = this.#options.now();
    if (this.#tryStore('bans', () => this.#options.store.saveChanges(changes, now))) this.#changes = [];
    else this.#changes = [...changes];
    const live = changes.filter((change) => change.type === 'unban' || !isOver(change.ban, now));
    for (const queue of this.#queues) queue.push(live);
  }

  /** Writes positions, counters and waiting lines in one transaction; what fails is tried again with the next. */
  checkpoint(): boolean {
    const { judge, store, now } = this.#options;
    if (this.#changes.length > 0) this.commit();
    const reading = this.#reading;
    for (const [key, value] of reading?.takePositions() ?? []) this.#unsaved.positions.set(key, value);
    for (const [key, value] of reading?.takeJoins() ?? []) this.#unsaved.joins.set(key, value);
    for (const [subject, lines] of judge.takeChangedEvidence()) {
      this.#unsaved.joins.set(EVIDENCE + subject, lines === null ? null : JSON.stringify(lines));
    }
    for (const [pair, time] of judge.knownGood.takeChanged())
      this.#unsaved.joins.set(KNOWN_GOOD + pair, time === null ? null : String(time));
    const changed = judge.takeChangedCounters();
    const again = [...this.#unsavedSubjects].flatMap((subject) => judge.counters(subject));
    const counters = [...again, ...changed];
    const { positions, joins } = this.#unsaved;
    if (positions.size === 0 && joins.size === 0 && counters.length === 0) return true;
    if (!this.#tryStore('checkpoint', () => store.checkpoint({ positions, counters, joins }))) {
      for (const { subject } of changed) this.#unsavedSubjects.add(subject);
      return false;
    }
    positions.clear();
    joins.clear();
    this.#unsavedSubjects = new Set();
    this.lastCheckpoint = now();
    return true;
  }

  /** Ends what is over. The kernel has let go by itself; this is for the log and for enforcers that do not. */
  expire(): void {
    const { judge, now, log } = this.#options;
    for (const ban of judge.expire(now())) {
      log.debug({ subject: subjectKey(ban.subject) }, `the ban of ${subjectKey(ban.subject)} is over`);
      for (const queue of this.#queues) queue.ended(ban.subject);
    }
  }

  bans(): BanView[] {
    return [...this.#options.judge.activeBans()].map(banView);
  }

  async ban(request: BanRequest): Promise<BanView> {
    const { judge, banTime } = this.#options;
    const subject = readSubject(request.subject, judge);
    if (!request.force) this.#refuse(subject, request.from);
    const duration = request.duration === undefined ? banTime() : request.duration;
    const ban = judge.ban(
      { subject, duration, reason: request.reason ?? 'by hand', cause: 'manual' },
      this.#options.now(),
    );
    this.#options.log.info(
      { subject: subjectKey(subject) },
      `banned ${subjectKey(subject)} ${banLength(ban)} by hand: ${ban.reason}`,
    );
    await this.#carryOut([{ type: 'ban', ban }]);
    return banView(ban);
  }

  async unban(request: UnbanRequest): Promise<string[]> {
    const { judge, now, log } = this.#options;
    const subjects =
      'all' in request ? [...judge.activeBans()].map((ban) => ban.subject) : subjectsOf(request.subject, judge);
    const freed = subjects.flatMap((subject) => judge.unban(subject, now()));
    if (freed.length === 0 && 'subject' in request) throw notBanned(request.subject, judge);
    const keys = freed.map(subjectKey);
    log.info(
      { subjects: keys.length },
      `unbanned ${keys.length > 5 ? `${keys.length} subjects` : keys.join(', ')} by hand`,
    );
    await this.#carryOut(freed.map((subject) => ({ type: 'unban', subject })));
    return keys;
  }

  explain(request: ExplainRequest): SubjectView {
    const { judge, store, now } = this.#options;
    return explainSubject(readSubject(request.subject, judge), { asked: request.subject, judge, store, now: now() });
  }

  allowed(): AllowedView[] {
    const { store, alwaysAllowed } = this.#options;
    const own = store
      .allowed()
      .map(({ network, note, since }) => ({ network, why: note === '' ? 'allowed by hand' : note, since }));
    return [...alwaysAllowed().map(([network, why]) => ({ network, why, since: null })), ...own];
  }

  async allow(request: AllowRequest): Promise<string[]> {
    const { store, now, log } = this.#options;
    const network = readNetwork(request.network);
    store.allow(network, request.note, now());
    log.info({ network }, `allowed ${network} by hand`);
    return this.refreshAllowed();
  }

  async disallow(request: DisallowRequest): Promise<void> {
    const network = readNetwork(request.network);
    if (!this.#options.store.disallow(network)) {
      const fixed = this.#options.alwaysAllowed().find(([other]) => other === network);
      if (fixed)
        throw new Refusal(
          409,
          `${network} is allowed for another reason: ${fixed[1]}`,
          'What the configuration allows is taken out there',
        );
      throw new Refusal(404, `${network} is not on the allow-list`, 'tailban allow --list shows it');
    }
    this.#options.log.info({ network }, `took ${network} off the allow-list by hand`);
    await this.refreshAllowed();
  }

  async distrust({ login, network }: DistrustRequest): Promise<string[]> {
    const { judge, log } = this.#options;
    const subject = readSubject(`login:${login}`, judge);
    const name = nameOf(subject);
    const gone = judge.distrust(name, network === undefined ? null : readNetwork(network));
    if (gone.length === 0)
      throw new Refusal(
        404,
        `The login ${name} has never worked from ${network ?? 'anywhere'}, as far as is known`,
        `tailban explain --login ${name} shows from where it has`,
      );
    log.info({ subject: subjectKey(subject) }, `forgot by hand that ${name} works from ${gone.length} networks`);
    this.checkpoint();
    // Enforcers that know from where its owner is let in are told anew.
    const lock = judge.activeBan(subject);
    if (lock !== undefined) await this.#carryOut([{ type: 'ban', ban: lock }]);
    return gone;
  }

  async import(request: ImportRequest): Promise<{ imported: number; skipped: string[] }> {
    const { judge, now } = this.#options;
    const skipped: string[] = [];
    const changes: Change[] = [];
    for (const { subject: text, until, reason } of request.bans) {
      const subject = findSubject(text, judge);
      const allowed = subject === null ? null : judge.allowedWithin(subject);
      if (subject === null) skipped.push(`${text} is no address, network or login`);
      else if (allowed !== null) skipped.push(`${text} is allowed: ${allowed}`);
      else if (until !== null && until <= now()) skipped.push(`${text}: the ban is over`);
      else if (judge.activeBan(subject) !== undefined) skipped.push(`${text} is banned already`);
      else {
        const duration = until === null ? null : until - now();
        changes.push({ type: 'ban', ban: judge.ban({ subject, duration, reason, cause: 'imported' }, now()) });
      }
    }
    await this.#carryOut(changes);
    return { imported: changes.length, skipped };
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
    if (lifted.length > 0) await this.#carryOut(lifted.map(({ subject }) => ({ type: 'unban', subject })));
    return lifted.map(({ subject }) => subjectKey(subject));
  }

  /** Stores what an admin asked for together with the state that it belongs to, and waits until it is in force. */
  async #carryOut(changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return;
    this.#changes.push(...changes);
    this.commit();
    this.checkpoint();
    await carriedOut(this.#queues);
  }

  #refuse(subject: Subject, from: string | undefined): void {
    const allowed = this.#options.judge.allowedWithin(subject);
    const key = subjectKey(subject);
    if (allowed !== null)
      throw new Refusal(409, `${key} is allowed: ${allowed}`, 'tailban ban --force bans it all the same');
    const admin = from === undefined ? null : parseAddress(from);
    const target = subject.type === 'login' ? null : parseNetwork(key);
    if (admin === null || target === null || !contains(target, admin)) return;
    throw new Refusal(
      409,
      `You are logged in from ${admin}, which ${key} would lock out`,
      'tailban ban --force bans it all the same',
    );
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
