/**
 * The judge owns all counting state. An event goes in, a verdict comes out; it acts on nothing and has no clock, so the
 * same code serves the daemon, dry runs, replays and tests.
 */
import { AllowList } from './allow-list.ts';
import { BanBook } from './bans.ts';
import { formatDuration, formatRate, roughDuration } from './duration.ts';
import { Evidence } from './evidence.ts';
import type { Address, Network } from './ip.ts';
import type { JudgeSettings, LimitSetting } from './settings.ts';
import { normalLogin, subjectKey, subjectNetwork, subjectOf } from './subject.ts';
import {
  type Ban,
  type BanCause,
  type Event,
  FAILURE_KINDS,
  type FailureKind,
  type Limit,
  type Millis,
  type Subject,
} from './types.ts';
import { type WindowRow, Windows } from './windows.ts';

/** One counter that an event moved. */
export interface Count {
  readonly subject: Subject;
  readonly kind: FailureKind;
  readonly count: number;
  readonly limit: Limit;
}

/** What the judge says of an event. */
export type Verdict =
  | { readonly type: 'ignored'; readonly why: string }
  | { readonly type: 'counted'; readonly counts: readonly Count[] }
  | { readonly type: 'banned'; readonly counts: readonly Count[]; readonly bans: readonly Ban[] };

/** A ban that somebody asks for. */
export interface BanRequest {
  readonly subject: Subject;
  /** How long; null means permanent. */
  readonly duration: Millis | null;
  readonly reason: string;
  readonly cause: BanCause;
}

const NOUNS: Record<FailureKind, string> = {
  authentication: 'failed logins',
  'invalid-rcpt': 'rejected recipients',
  loitering: 'idle connections',
  scan: 'probes',
};

const EVIDENCE_SUBJECTS = 20_000;

export class Judge {
  #settings: JudgeSettings;
  readonly #windows: Windows;
  readonly #bans = new BanBook();
  readonly #evidence = new Evidence(EVIDENCE_SUBJECTS);
  #allowed = new AllowList();
  /** Bans have been taken over that the allow-list may forbid. */
  #hasRestored = false;

  constructor(settings: JudgeSettings) {
    this.#settings = settings;
    this.#windows = new Windows(settings.maxSubjects);
  }

  get subjects(): number {
    return this.#windows.size;
  }

  /** New limits; counters and bans stay. A new maximum of subjects takes effect at the next start. */
  configure(settings: JudgeSettings): void {
    this.#settings = settings;
  }

  /** Judges one event. A time ahead of `now` counts as now; an older one counts at its own time. */
  handle(event: Event, now: Millis): Verdict {
    const { kind } = event;
    if (kind === 'success' || kind === 'request') return { type: 'ignored', why: 'no failure' };
    const allowed = this.allowedBy(event.ip);
    if (allowed !== null) return { type: 'ignored', why: `${event.ip} is allowed: ${allowed}` };
    const time = Math.min(event.time, now);
    const subjects = this.#subjectsOf(event, kind);
    const counts: Count[] = [];
    const bans: Ban[] = [];
    let covered: Ban | undefined;
    for (const { subject, limit } of subjects) {
      const key = subjectKey(subject);
      const ban = this.#covering(subject, key, event.ip, time);
      if (ban !== undefined) {
        covered = ban;
        continue;
      }
      this.#evidence.add(key, event.text);
      const count = this.#windows.add(key, kind, time, limit);
      counts.push({ subject, kind, count, limit });
      if (count >= limit.count) bans.push(this.#ban(subject, key, kind, limit, time, now));
    }
    if (bans.length > 0) return { type: 'banned', counts, bans };
    if (counts.length > 0) return { type: 'counted', counts };
    return {
      type: 'ignored',
      why: covered ? `${subjectKey(covered.subject)} is banned already` : `the limit for ${kind} is off`,
    };
  }

  /** Bans by hand. Whether the subject is allowed is for the caller to ask first, with `allowedWithin`. */
  ban(request: BanRequest, now: Millis): Ban {
    const key = subjectKey(request.subject);
    const ban: Ban = {
      subject: request.subject,
      since: now,
      until: request.duration === null ? null : now + request.duration,
      cause: request.cause,
      reason: request.reason,
      offence: this.#offence(key, now),
      evidence: this.#evidence.of(key),
    };
    this.#bans.add(ban, now);
    this.#forget(key);
    return ban;
  }

  /**
   * Lifts the ban of a subject, which is no offence any more, and forgets its failures; for an IPv6 address those of its
   * prefix, for a network all bans within it. Returns the subjects that are free now, banned before or only counted.
   */
  unban(subject: Subject, now: Millis): Subject[] {
    const freed = new Map<string, Subject>();
    const network = subjectNetwork(subject);
    const targets = network === null ? [] : this.#bans.within(network).map((ban) => ban.subject);
    if (subject.type === 'address') targets.push(subjectOf(subject.address, this.#settings.ipv6Prefix));
    for (const [key, target] of new Map([subject, ...targets].map((one) => [subjectKey(one), one]))) {
      const ban = this.#bans.remove(target, now);
      const counted = this.#forget(key);
      if (ban !== undefined || counted) freed.set(key, target);
    }
    return [...freed.values()];
  }

  /** The ban of a larger network that keeps an address banned, if any. */
  covering(address: Address): Ban | undefined {
    return this.#bans.ofNetworks(address).find((ban) => this.activeBan(ban.subject) === ban);
  }

  /** Takes over a stored or adopted ban, also one that has ended; before the counters. */
  restore(ban: Ban, now: Millis): void {
    this.#hasRestored = true;
    this.#bans.add(ban, now);
  }

  /** Takes over a stored counter. What a ban has covered since it was stored counts no more; returns what still does. */
  loadCounter(row: WindowRow): readonly Millis[] {
    const last = this.#bans.last(row.subject);
    const times = row.times.filter((time) => last === undefined || !isCovered(time, last));
    if (times.length > 0) this.#windows.load({ ...row, times });
    return times;
  }

  /** Takes over the stored lines of a subject that is being counted. */
  loadEvidence(subject: string, lines: readonly string[]): void {
    this.#evidence.load(subject, lines);
  }

  /** The last lines of each subject that changed since the last call; null where there are none any more. */
  takeChangedEvidence(): [string, readonly string[] | null][] {
    return this.#evidence.takeChanged();
  }

  /** All windows of one subject, also the empty ones. */
  counters(subject: string): WindowRow[] {
    return FAILURE_KINDS.map((kind) => ({ subject, kind, times: this.#windows.times(subject, kind) }));
  }

  takeChangedCounters(): WindowRow[] {
    return this.#windows.takeChanged();
  }

  /** The bans that have ended; they stay known as offences. */
  expire(now: Millis): Ban[] {
    return this.#bans.expire(now);
  }

  /** Forgets failures that no window can reach any more. */
  tidy(now: Millis): void {
    const { limits, loginLimit } = this.#settings;
    const periods = [...Object.values(limits), loginLimit].map((limit) => limit?.period ?? 0);
    this.#windows.forgetBefore(now - Math.max(...periods));
  }

  activeBans(): IterableIterator<Ban> {
    return this.#bans.active();
  }

  activeBan(subject: Subject): Ban | undefined {
    return this.#bans.get(subjectKey(subject));
  }

  get banCount(): number {
    return this.#bans.size;
  }

  /** How close a subject is to each of its limits. */
  standing(subject: Subject, now: Millis): Count[] {
    const key = subjectKey(subject);
    const limits: [FailureKind, LimitSetting | null][] =
      subject.type === 'login'
        ? [['authentication', this.#settings.loginLimit]]
        : (Object.entries(this.#settings.limits) as [FailureKind, LimitSetting | null][]);
    return limits.flatMap(([kind, limit]) =>
      limit === null ? [] : [{ subject, kind, limit, count: this.#windows.count(key, kind, now, limit.period) }],
    );
  }

  /**
   * Replaces the allow-list: networks and why each is on it. Returns the bans that it lifts. What was on the list before
   * lifts nothing again: whoever bans somebody in spite of it means it.
   */
  allow(networks: Iterable<readonly [Network, string]>, now: Millis): Ban[] {
    const before = this.#hasRestored ? new AllowList() : this.#allowed;
    this.#allowed = new AllowList(networks);
    this.#hasRestored = false;
    const added = this.#allowed.without(before);
    const lifted = added.size === 0 ? [] : [...this.#bans.active()].filter(({ subject }) => added.whyWithin(subject));
    for (const ban of lifted) {
      this.#bans.remove(ban.subject, now);
      this.#forget(subjectKey(ban.subject));
    }
    return lifted;
  }

  /** Why an address is on the allow-list, or null. */
  allowedBy(address: Address): string | null {
    return this.#allowed.why(address);
  }

  /** Why a ban of this subject would hit somebody who is allowed, or null. */
  allowedWithin(subject: Subject): string | null {
    return this.#allowed.whyWithin(subject);
  }

  #subjectsOf(event: Event, kind: FailureKind): { subject: Subject; limit: LimitSetting }[] {
    const { limits, loginLimit, ipv6Prefix } = this.#settings;
    const subjects: { subject: Subject; limit: LimitSetting }[] = [];
    const limit = limits[kind];
    if (limit !== null) {
      const prefix = subjectOf(event.ip, ipv6Prefix);
      // A prefix that holds somebody who is allowed is never banned as a whole.
      const mayBan = prefix.type === 'address' || this.allowedWithin(prefix) === null;
      const subject = mayBan ? prefix : subjectOf(event.ip, 128);
      subjects.push({ subject, limit });
    }
    if (kind === 'authentication' && loginLimit !== null && event.login !== null) {
      const login = normalLogin(event.login);
      if (login !== '') subjects.push({ subject: { type: 'login', login }, limit: loginLimit });
    }
    return subjects;
  }

  /**
   * The ban that an event of this time falls under. Bans that have ended count too: after a crash old lines are read
   * again, and what a ban covered then it covers now.
   */
  #covering(subject: Subject, key: string, address: Address, time: Millis): Ban | undefined {
    const last = this.#bans.last(key);
    if (last !== undefined && isCovered(time, last)) return last;
    if (subject.type === 'login') return undefined;
    return this.#bans.ofNetworks(address).find((ban) => isCovered(time, ban));
  }

  #ban(subject: Subject, key: string, kind: FailureKind, limit: LimitSetting, time: Millis, now: Millis): Ban {
    const { from, to } = fullWindow(this.#windows.times(key, kind), time, limit);
    const offence = this.#offence(key, to);
    const duration = this.#duration(limit, offence);
    const span = roughDuration(to - from);
    const ban: Ban = {
      subject,
      since: to,
      until: duration === null ? null : to + duration,
      cause: kind,
      reason: `${limit.count} ${NOUNS[kind]} in ${span} (limit ${formatRate(limit)}${offence > 1 ? `, ban number ${offence}` : ''})`,
      offence,
      evidence: this.#evidence.of(key),
    };
    this.#bans.add(ban, now);
    this.#evidence.clear(key);
    // What happened after the end of the ban, in lines that were read before these, goes on counting.
    this.#windows.clear(key, ban.until ?? Number.POSITIVE_INFINITY);
    return ban;
  }

  #offence(key: string, time: Millis): number {
    const last = this.#bans.last(key);
    const { increment } = this.#settings;
    if (last === undefined || increment === null) return 1;
    const ended = last.until ?? time;
    return time - ended > increment.forgetAfter ? 1 : last.offence + 1;
  }

  /** Null means permanent. */
  #duration(limit: LimitSetting, offence: number): Millis | null {
    const base = limit.banTime === undefined ? this.#settings.banTime : limit.banTime;
    const { increment } = this.#settings;
    if (base === null || increment === null) return base;
    return Math.max(base, Math.min(Math.round(base * increment.factor ** (offence - 1)), increment.max));
  }

  #forget(key: string): boolean {
    this.#evidence.clear(key);
    return this.#windows.clear(key);
  }
}

/** Whether what happened at `time` falls under a ban: everything before its end does, however late it is read. */
function isCovered(time: Millis, ban: Ban): boolean {
  return ban.until === null || time < ban.until;
}

/** The first full window that holds `time`: when its oldest and its newest failure happened. */
function fullWindow(times: readonly Millis[], time: Millis, limit: Limit): { from: Millis; to: Millis } {
  for (const [last, to] of times.entries()) {
    const from = times[last + 1 - limit.count];
    if (to >= time && from !== undefined && from <= time && from > to - limit.period) return { from, to };
  }
  return { from: time, to: time };
}

/** `banned for 1h` or `banned for good`. */
export function banLength(ban: Ban): string {
  return ban.until === null ? 'for good' : `for ${formatDuration(ban.until - ban.since)}`;
}
