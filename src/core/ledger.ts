/** What is counted against whom and who is banned: the state of the judge, and how a ban comes about. No clock, no I/O. */
import { BanBook } from './bans.ts';
import { Evidence } from './evidence.ts';
import type { Address } from './ip.ts';
import { banDuration, banReason, offenceNumber } from './sentence.ts';
import type { JudgeSettings, LimitSetting } from './settings.ts';
import { subjectKey } from './subject.ts';
import type { Target } from './targets.ts';
import type { Ban, BanCause, FailureKind, Millis, Subject } from './types.ts';
import type { Standing } from './verdict.ts';
import { fullWindow, Windows } from './windows.ts';

const EVIDENCE_SUBJECTS = 20_000;

export class Ledger {
  settings: JudgeSettings;
  readonly windows: Windows;
  readonly bans = new BanBook();
  /** Bans that only last until a rate has room again: no offences, and what happens meanwhile goes on counting. */
  readonly shortBans = new BanBook(0);
  readonly evidence = new Evidence(EVIDENCE_SUBJECTS);

  constructor(settings: JudgeSettings) {
    this.settings = settings;
    this.windows = new Windows(settings.maxSubjects);
  }

  /** How close a subject is to each of its limits. */
  standing(subject: Subject, now: Millis): Standing[] {
    const key = subjectKey(subject);
    const limits: [FailureKind, LimitSetting | null][] =
      subject.type === 'login'
        ? [['authentication', this.settings.loginLimit]]
        : (Object.entries(this.settings.limits) as [FailureKind, LimitSetting | null][]);
    return limits.flatMap(([kind, limit]) => {
      if (limit === null) return [];
      const times = this.windows.times(key, kind).filter((time) => time > now - limit.period && time <= now);
      const banTime = this.duration(limit, this.offence(key, now));
      return [{ subject, kind, limit, count: times.length, oldest: times[0] ?? null, banTime }];
    });
  }

  /**
   * The ban that an event of this time falls under. Bans that have ended count too: after a crash old lines are read
   * again, and what a ban covered then it covers now.
   */
  covering(subject: Subject, key: string, address: Address, time: Millis): Ban | undefined {
    const last = this.bans.last(key);
    if (last !== undefined && isCovered(time, last)) return last;
    if (subject.type === 'login') return undefined;
    return this.bans.ofNetworks(address).find((ban) => isCovered(time, ban));
  }

  /** The ban for good reason that is in force at that time, not one until there is room again; null where there is none. */
  inForce(key: string, time: Millis): Ban | null {
    const ban = this.bans.get(key);
    return ban !== undefined && time >= ban.since && isCovered(time, ban) ? ban : null;
  }

  /** A limit is reached: bans from the first full window on. */
  banForLimit({ subject, key }: Target, tripped: Tripped, time: Millis, now: Millis): Ban {
    const { kind, limit, behindProxy } = tripped;
    const { from, to } = fullWindow(this.windows.times(key, kind), time, limit);
    const offence = this.offence(key, to);
    const duration = this.duration(limit, offence);
    const reason = banReason(kind, limit, to - from, offence);
    const ban = this.#add({ subject, since: to, duration, cause: kind, reason, behindProxy }, key, offence, now);
    this.evidence.clear(key);
    // What happened after the end of the ban, in lines that were read before these, goes on counting.
    this.windows.clear(key, ban.until ?? Number.POSITIVE_INFINITY);
    return ban;
  }

  /** The ban that keeps a subject out at that time, for long or until there is room again; null where there is none. */
  banAt(key: string, time: Millis): Ban | null {
    const short = this.shortBans.get(key);
    return this.inForce(key, time) ?? (short !== undefined && isCovered(time, short) ? short : null);
  }

  /** The same for an address, whether it, its prefix or a network around it is banned. */
  banOfAddress(ip: Address, { key }: Target, time: Millis): Ban | null {
    const own = this.banAt(key, time) ?? this.banAt(ip, time);
    const isOn = (ban: Ban): boolean => this.bans.get(subjectKey(ban.subject)) === ban && isCovered(time, ban);
    return own ?? this.bans.ofNetworks(ip).find(isOn) ?? null;
  }

  /** The ban that is listed for a subject, whatever the time; the long one where there are two. */
  active(key: string): Ban | undefined {
    return this.bans.get(key) ?? this.shortBans.get(key);
  }

  *allActive(): Generator<Ban> {
    yield* this.bans.active();
    yield* this.shortBans.active();
  }

  /** Bans until there is room again; what was counted stays. */
  shortBan({ subject, since, until, reason, evidence, behindProxy }: ShortSentence, now: Millis): Ban {
    const key = subjectKey(subject);
    const ban: Ban = {
      subject,
      since,
      until,
      cause: 'rate-limit',
      reason,
      offence: 1,
      evidence: evidence.length > 0 ? evidence : this.evidence.of(key),
      ...(behindProxy ? { behindProxy: true as const } : {}),
    };
    this.shortBans.add(ban, now);
    return ban;
  }

  /** Takes over a ban that was made before. */
  restore(ban: Ban, now: Millis): void {
    (ban.cause === 'rate-limit' ? this.shortBans : this.bans).add(ban, now);
  }

  /** Somebody who is banned and was only known from a proxy has come by himself: the same ban, now for the firewall too. */
  seenDirectly(ban: Ban, now: Millis): Ban[] {
    const { behindProxy, ...direct } = ban;
    if (behindProxy === undefined || this.bans.get(subjectKey(ban.subject)) !== ban) return [];
    this.bans.add(direct, now);
    return [direct];
  }

  /** Takes a ban out of force; undefined where there is none. */
  lift(subject: Subject, now: Millis): Ban | undefined {
    const short = this.shortBans.remove(subject, now);
    return this.bans.remove(subject, now) ?? short;
  }

  /** The bans that have ended, where no other holds instead. */
  expire(now: Millis): Ban[] {
    return [...this.bans.expire(now), ...this.shortBans.expire(now)].filter(
      ({ subject }) => this.active(subjectKey(subject)) === undefined,
    );
  }

  /** Bans for another reason than a limit; what was counted is forgotten. */
  banFor(sentence: Sentence, now: Millis): Ban {
    const key = subjectKey(sentence.subject);
    const ban = this.#add(sentence, key, this.offence(key, sentence.since), now);
    this.forget(key);
    return ban;
  }

  /** Which ban of the subject one at that time would be. */
  offence(key: string, time: Millis): number {
    return offenceNumber(this.bans.last(key), this.settings.increment, time);
  }

  /** How long the nth ban lasts; null means permanent. */
  duration(limit: LimitSetting | null, offence: number): Millis | null {
    const { banTime, increment } = this.settings;
    return banDuration(limit?.banTime === undefined ? banTime : limit.banTime, increment, offence);
  }

  /** Whether there was anything to forget. */
  forget(key: string): boolean {
    this.evidence.clear(key);
    return this.windows.clear(key);
  }

  #add(sentence: Sentence, key: string, offence: number, now: Millis): Ban {
    const { subject, since, duration, cause, reason, evidence = [], behindProxy = false } = sentence;
    const until = duration === null ? null : since + duration;
    const ban: Ban = {
      subject,
      since,
      until,
      cause,
      reason,
      offence,
      evidence: evidence.length > 0 ? evidence : this.evidence.of(key),
      ...(behindProxy ? { behindProxy: true as const } : {}),
    };
    this.bans.add(ban, now);
    this.shortBans.remove(subject, now);
    return ban;
  }
}

/** The limit that is reached, and how its last failure came. */
interface Tripped {
  readonly kind: FailureKind;
  readonly limit: LimitSetting;
  readonly behindProxy: boolean;
}

export interface Sentence {
  readonly subject: Subject;
  readonly since: Millis;
  /** Null means permanent. */
  readonly duration: Millis | null;
  readonly cause: BanCause;
  readonly reason: string;
  /** The lines that led to it, where they are not those that were counted. */
  readonly evidence?: readonly string[];
  readonly behindProxy?: boolean;
}

interface ShortSentence {
  readonly subject: Subject;
  readonly since: Millis;
  readonly until: Millis;
  readonly reason: string;
  readonly evidence: readonly string[];
  readonly behindProxy: boolean;
}

/** Whether what happened at `time` falls under a ban: everything before its end does, however late it is read. */
export function isCovered(time: Millis, ban: Ban): boolean {
  return ban.until === null || time < ban.until;
}
