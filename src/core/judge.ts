/**
 * The judge owns all counting state. An event goes in, a verdict comes out; it acts on nothing and has no clock, so the
 * same code serves the daemon, dry runs, replays and tests.
 */
import { AllowList } from './allow-list.ts';
import type { Address, Network } from './ip.ts';
import type { KnownGood, Origin } from './known-good.ts';
import { isCovered, Ledger } from './ledger.ts';
import { LoginDesk } from './login-desk.ts';
import { type NameChange, nameChanges } from './login-names.ts';
import { RequestDesk, type Seen } from './request-desk.ts';
import type { JudgeSettings, LimitSetting } from './settings.ts';
import { subjectKey, subjectOf } from './subject.ts';
import { type LoginTarget, type Peer, type Target, Targets } from './targets.ts';
import {
  type Ban,
  type BanCause,
  type Event,
  FAILURE_KINDS,
  type FailureKind,
  type Millis,
  type Subject,
} from './types.ts';
import type { Admission, Answer, Count, Question, Request, Standing, Verdict } from './verdict.ts';
import type { ChangedWindows, WindowRow } from './windows.ts';

/** A ban that somebody asks for. */
export interface BanRequest {
  readonly subject: Subject;
  /** How long; null means permanent. */
  readonly duration: Millis | null;
  readonly reason: string;
  readonly cause: BanCause;
}

/** A counter that a failure moves. */
type Limited = Target & { readonly limit: LimitSetting };

/** A failure, and whom it is about. */
interface Failure {
  readonly seen: Seen;
  readonly kind: FailureKind;
  readonly peer: Peer;
  readonly login: LoginTarget | null;
  readonly time: Millis;
}

export class Judge {
  readonly #ledger: Ledger;
  readonly #desk: LoginDesk;
  readonly requests: RequestDesk;
  #allowed = new AllowList();
  /** Bans have been taken over that the allow-list may forbid. */
  #hasRestored = false;
  #targets: Targets;

  constructor(settings: JudgeSettings) {
    this.#ledger = new Ledger(settings);
    this.requests = new RequestDesk(this.#ledger);
    this.#desk = new LoginDesk(this.#ledger, this.requests);
    this.#targets = new Targets(settings, this.#allowed);
  }

  get subjects(): number {
    return this.#ledger.windows.size;
  }

  /** New limits; counters and bans stay. A new maximum of subjects takes effect at the next start. */
  configure(settings: JudgeSettings): void {
    this.#ledger.settings = settings;
    this.#targets = new Targets(settings, this.#allowed);
    this.#desk.logins.configure(settings.logins);
    this.requests.configure(settings.requests);
  }

  /** From where each login has been used with success. */
  get knownGood(): KnownGood {
    return this.#desk.logins.known;
  }

  /** The subject that a login is, however it is spelled; null for a name of blanks alone. */
  loginSubject(name: string): Subject | null {
    return this.#targets.ofLogin(name)?.subject ?? null;
  }

  /** What makes that subject of a login different from what is written. */
  nameChanges(name: string): NameChange[] {
    return nameChanges(name, this.#ledger.settings.logins.names);
  }

  /** From where a login has been used with success, the latest first. */
  originsOf(login: string, now: Millis): Origin[] {
    return this.#desk.logins.originsOf(login, now);
  }

  /** The networks from where each of some logins is let in while it is locked; one without any is missing. */
  originsOfMany(logins: ReadonlySet<string>, now: Millis): ReadonlyMap<string, readonly Network[]> {
    return this.#desk.logins.originsOfMany(logins, now);
  }

  /** Forgets from where a login has been used: within or around the network, or from anywhere. Returns from where. */
  distrust(login: string, network: Network | null): Network[] {
    return this.#desk.logins.distrust(login, network);
  }

  /** Judges one event. A time ahead of `now` counts as now; an older one counts at its own time. */
  handle(written: Event, now: Millis): Verdict {
    const seen = this.requests.seenThrough(written);
    const { event } = seen;
    const { kind, request } = event;
    if (this.requests.takeRefusal(request?.id ?? null)) return { type: 'ignored', why: 'we refused it ourselves' };
    const time = Math.min(event.time, now);
    const isNamed = kind === 'authentication' || kind === 'success' || kind === 'request';
    const login = isNamed && event.login !== null ? this.#targets.ofLogin(event.login) : null;
    const peer = this.#targets.ofAddress(event.ip);
    if (kind === 'success' && login !== null) this.#desk.succeeded(login, peer, time);
    // Without the request itself, the line tells that the server refused one for being over a rate of its own.
    if (kind === 'request' && request === undefined) return this.requests.refusedElsewhere(seen, peer, now);
    const asRequest = request === undefined ? null : this.requests.logged(seen, request, peer, login, now);
    if (kind === 'success' || kind === 'request') return asRequest ?? { type: 'ignored', why: 'no failure' };
    const asFailure = this.#handleFailure({ seen, kind, peer, login, time }, now);
    // One line of an access log may be a request too many and a failed login, and each of them may ban.
    return asRequest?.type === 'banned' ? withBans(asFailure, asRequest.bans) : asFailure;
  }

  #handleFailure({ seen, kind, peer, login, time }: Failure, now: Millis): Verdict {
    const { event, behindProxy } = seen;
    const { allowed, target, origin } = peer;
    if (allowed !== null) return { type: 'ignored', why: `${event.ip} is allowed: ${allowed}` };
    const isOwner = login !== null && this.#desk.logins.isGood(login.subject.login, origin, time);
    const uncounted = login && this.#desk.failed({ event, login, peer, isOwner, time }, now);
    if (uncounted) return uncounted;
    const bans: Ban[] = [];
    const counts: Count[] = [];
    let covering: Ban | undefined;
    for (const limited of this.#limitsOf(kind, target, login)) {
      const { subject, key, limit } = limited;
      const ban = this.#ledger.covering(subject, key, event.ip, time);
      if (ban !== undefined) {
        covering = ban;
        continue;
      }
      this.#ledger.evidence.add(key, event.text);
      const count = this.#ledger.windows.add(key, kind, time, limit);
      counts.push({ subject, kind, count, limit });
      if (count >= limit.count) bans.push(this.#ledger.banForLimit(limited, { kind, limit, behindProxy }, time, now));
    }
    if (isOwner && counts.length > 0)
      this.#desk.logins.ownerFailed(login.subject.login, origin, { addressKey: target.key, time });
    if (kind === 'authentication' && covering === undefined && !isOwner && bans.length === 0)
      bans.push(...this.requests.failed(target, seen, now));
    if (covering !== undefined && !behindProxy) bans.push(...this.#ledger.seenDirectly(covering, now));
    if (bans.length > 0) return { type: 'banned', counts, bans };
    if (counts.length > 0) return { type: 'counted', counts };
    return {
      type: 'ignored',
      why: covering ? `${subjectKey(covering.subject)} is banned already` : `the limit for ${kind} is off`,
    };
  }

  /** Whether an HTTP request may be served now; counts it, and takes its slot, where it may. */
  admit(request: Request, now: Millis): Admission {
    const peer = this.#targets.ofAddress(request.ip);
    const name = request.account?.login ?? null;
    const login = name === null ? null : this.#targets.ofLogin(name);
    if (peer.allowed !== null) return { type: 'admit', rate: null };
    const ban = this.#desk.forbids(peer, request.ip, login, now);
    if (ban === null) return this.requests.admit(request, peer, login, now);
    this.requests.refuse(request.id);
    return { type: 'banned', ban };
  }

  /** Whether somebody may try to log in now: for who is asked before the password is looked at. */
  ask(question: Question, now: Millis): Answer {
    return this.#desk.ask(question, this.#targets, now);
  }

  /** We have refused an attempt: the server will tell of it as of a failure, which is not to count. */
  refused(question: Question, now: Millis): void {
    this.#desk.refused(question, this.#targets, now);
  }

  /** Bans by hand. Whether the subject is allowed is for the caller to ask first, with `allowedWithin`. */
  ban(request: BanRequest, now: Millis): Ban {
    return this.#ledger.banFor({ ...request, since: now }, now);
  }

  /**
   * Lifts the ban of a subject, which is no offence any more, and forgets its failures; for an IPv6 address those of its
   * prefix, for a network all bans within it. Returns the subjects that are free now, banned before or only counted.
   */
  unban(subject: Subject, now: Millis): Subject[] {
    const more =
      subject.type === 'network'
        ? this.bansWithin(subject.network).map((ban) => ban.subject)
        : subject.type === 'address'
          ? [subjectOf(subject.address, this.#ledger.settings.ipv6Prefix)]
          : [];
    return this.#free([subject, ...more], now);
  }

  /** Lifts all bans. */
  unbanAll(now: Millis): Subject[] {
    return this.#free(
      [...this.#ledger.allActive()].map(({ subject }) => subject),
      now,
    );
  }

  #free(subjects: readonly Subject[], now: Millis): Subject[] {
    const freed = new Map<string, Subject>();
    for (const target of subjects) {
      const key = subjectKey(target);
      const ban = this.#ledger.lift(target, now);
      const counted = this.#ledger.forget(key);
      const limited = this.requests.forget(key);
      if (ban !== undefined || counted || limited) freed.set(key, target);
    }
    return [...freed.values()];
  }

  /** The bans in force that keep all of a network out: of itself and of those around it, the smallest first. */
  bansAround(network: Network): Ban[] {
    return [...this.#ledger.bans.around(network), ...this.#ledger.shortBans.around(network)];
  }

  /** The bans in force of a network and of all that lies in it. */
  bansWithin(network: Network): Ban[] {
    return [...this.#ledger.bans.within(network), ...this.#ledger.shortBans.within(network)];
  }

  /** Takes over a stored or adopted ban, also one that has ended; before the counters. */
  restore(ban: Ban, now: Millis): void {
    this.#hasRestored = true;
    this.#ledger.restore(ban, now);
  }

  /** Takes over a stored counter. What a ban has covered since it was stored counts no more; returns what still does. */
  loadCounter(row: WindowRow): readonly Millis[] {
    const last = this.#ledger.bans.last(row.subject);
    const times = row.times.filter((time) => last === undefined || !isCovered(time, last));
    if (times.length > 0) this.#ledger.windows.load({ ...row, times });
    return times;
  }

  /** The last lines of a subject that is being counted, oldest first. */
  evidenceOf(subject: Subject): readonly string[] {
    return this.#ledger.evidence.of(subjectKey(subject));
  }

  /** Takes over the stored lines of a subject that is being counted. */
  loadEvidence(subject: string, lines: readonly string[]): void {
    this.#ledger.evidence.load(subject, lines);
  }

  /** The last lines of each subject that changed since the last call; null where there are none any more. */
  takeChangedEvidence(): [string, readonly string[] | null][] {
    return this.#ledger.evidence.takeChanged();
  }

  /** All windows of one subject, also the empty ones. */
  counters(subject: string): WindowRow[] {
    return FAILURE_KINDS.map((kind) => ({ subject, kind, times: this.#ledger.windows.times(subject, kind) }));
  }

  get changedCounters(): ChangedWindows {
    return this.#ledger.windows;
  }

  /** The bans that have ended; they stay known as offences. */
  expire(now: Millis): Ban[] {
    return this.#ledger.expire(now);
  }

  /** Forgets failures that no window can reach any more. */
  tidy(now: Millis): void {
    const { limits, loginLimit } = this.#ledger.settings;
    const periods = [...Object.values(limits), loginLimit].map((limit) => limit?.period ?? 0);
    this.#ledger.windows.forgetBefore(now - Math.max(...periods));
    this.#desk.logins.tidy(now);
    this.requests.tidy(now);
  }

  activeBans(): IterableIterator<Ban> {
    return this.#ledger.allActive();
  }

  activeBan(subject: Subject): Ban | undefined {
    return this.#ledger.active(subjectKey(subject));
  }

  get banCount(): number {
    return this.#ledger.bans.size + this.#ledger.shortBans.size;
  }

  /** Whom the failures of an address count against: itself, or for IPv6 its prefix. */
  countedAs(address: Address): Subject {
    return this.#targets.ofAddress(address).target.subject;
  }

  /** How close a subject is to each of its limits. */
  standing(subject: Subject, now: Millis): Standing[] {
    return this.#ledger.standing(subject, now);
  }

  /**
   * Replaces the allow-list: networks and why each is on it. Returns the bans that it lifts. What was on the list before
   * lifts nothing again: whoever bans somebody in spite of it means it.
   */
  allow(networks: Iterable<readonly [Network, string]>, now: Millis): Ban[] {
    const before = this.#hasRestored ? new AllowList() : this.#allowed;
    this.#allowed = new AllowList(networks);
    this.#targets = new Targets(this.#ledger.settings, this.#allowed);
    this.#hasRestored = false;
    const added = this.#allowed.without(before);
    const lifted =
      added.size === 0 ? [] : [...this.#ledger.allActive()].filter(({ subject }) => added.whyWithin(subject));
    for (const ban of lifted) {
      this.#ledger.lift(ban.subject, now);
      this.#ledger.forget(subjectKey(ban.subject));
      this.requests.forget(subjectKey(ban.subject));
    }
    return lifted;
  }

  /** Why a ban of this subject would hit somebody who is allowed, or null. */
  allowedWithin(subject: Subject): string | null {
    return this.#allowed.whyWithin(subject);
  }

  #limitsOf(kind: FailureKind, { subject, key }: Target, login: LoginTarget | null): Limited[] {
    const { limits, loginLimit } = this.#ledger.settings;
    const limit = limits[kind];
    const found: Limited[] = limit === null ? [] : [{ subject, key, limit }];
    if (login !== null && loginLimit !== null)
      found.push({ subject: login.subject, key: login.key, limit: loginLimit });
    return found;
  }
}

/** The verdict, and bans that were made before it. */
function withBans(verdict: Verdict, bans: readonly Ban[]): Verdict {
  if (verdict.type === 'banned') return { ...verdict, bans: [...bans, ...verdict.bans] };
  return { type: 'banned', counts: verdict.type === 'counted' ? verdict.counts : [], bans };
}
