/** Why somebody is banned or how close to it, put together from judge and store: the answer to `tailban explain`. */
import type { BanView, LoginView, PastBanView, StandingView, SubjectView } from '../api/contract.ts';
import { type Address, type Network, networkBase } from '../core/ip.ts';
import type { Judge } from '../core/judge.ts';
import { parseSubject, subjectKey, subjectNetwork } from '../core/subject.ts';
import type { Ban, Millis, Subject } from '../core/types.ts';
import type { Store } from '../store/store.ts';
import type { BanRecord } from '../store/types.ts';

export interface ExplainParts {
  /** The subject as it was written. */
  readonly asked: string;
  readonly judge: Judge;
  readonly store: Store;
  readonly now: Millis;
}

const MOST_BANS = 20;
const MOST_SHORT_BANS = 5;
const FAR_BACK = 500;
const MOST_ORIGINS = 20;

export function explainSubject(subject: Subject, { asked, judge, store, now }: ExplainParts): SubjectView {
  const network = subjectNetwork(subject);
  const counted = countedSubject(subject, judge);
  const within = network === null || subject.type !== 'network' ? [] : bansInside(judge, network);
  const bans = network === null ? judge.activeBan(subject) : judge.bansAround(network);
  return {
    now,
    subject: nameOf(subject),
    type: subject.type,
    countedAs: counted === null ? null : nameOf(counted),
    login: subject.type === 'login' ? loginView(subject.login, asked, judge, now) : null,
    allowed: judge.allowedWithin(subject),
    bans: [bans ?? []].flat().map(banView),
    within: within.slice(0, MOST_BANS).map(banView),
    withinCount: within.length,
    standing: counted === null ? [] : standingViews(counted, judge, now),
    rates: counted === null ? [] : judge.requests.standing(subjectKey(counted), now),
    running: judge.requests.running(subjectKey(counted ?? subject), now),
    evidence: counted === null ? [] : judge.evidenceOf(counted),
    history: [
      ...historyOf(store, subject),
      ...(counted === null || sameSubject(counted, subject) ? [] : historyOf(store, counted)),
    ]
      .sort((one, other) => other.since - one.since)
      .slice(0, MOST_BANS),
  };
}

/** A ban as the API shows it. */
export function banView(ban: Ban): BanView {
  const { subject, since, until, cause, reason, offence, evidence, behindProxy } = ban;
  const view = { subject: nameOf(subject), type: subject.type, since, until, cause, reason, offence, evidence };
  return behindProxy ? { ...view, behindProxy } : view;
}

function loginView(login: string, asked: string, judge: Judge, now: Millis): LoginView {
  const written = parseSubject(asked);
  const name = written?.type === 'login' ? written.login : login;
  const origins = judge.originsOf(login, now);
  return {
    asked: name === login ? null : name,
    changes: judge.nameChanges(name),
    knownGood: origins.slice(0, MOST_ORIGINS),
    knownGoodCount: origins.length,
  };
}

/** Null for a network that is not what an IPv6 address of it counts as. */
function countedSubject(subject: Subject, judge: Judge): Subject | null {
  if (subject.type === 'address') return judge.countedAs(subject.address);
  if (subject.type === 'login') return subject;
  const base: Address = networkBase(subject.network);
  const counted = judge.countedAs(base);
  return sameSubject(counted, subject) ? counted : null;
}

function bansInside(judge: Judge, network: Network): Ban[] {
  return judge
    .bansWithin(network)
    .filter(({ subject }) => subjectKey(subject) !== network)
    .sort((one, other) => other.since - one.since);
}

function standingViews(subject: Subject, judge: Judge, now: Millis): StandingView[] {
  return judge.standing(subject, now).map(({ kind, limit: { count: most, period }, banTime, count, oldest }) => ({
    kind,
    limit: { count: most, period },
    banTime,
    count,
    oldestLeaves: oldest === null ? null : oldest + period,
  }));
}

function historyOf(store: Store, subject: Subject): PastBanView[] {
  const past = store.history(subjectKey(subject), FAR_BACK);
  // Short bans may be many, and must not hide the real ones.
  const short = new Set(past.filter(({ cause }) => cause === 'rate-limit').slice(MOST_SHORT_BANS));
  return past
    .filter((record) => !short.has(record))
    .slice(0, MOST_BANS)
    .map((record: BanRecord) => ({ ...banView(record), endedAt: record.endedAt, ended: record.ended }));
}

/** As people write it, without what tells a login from an address. */
export function nameOf(subject: Subject): string {
  return subject.type === 'login' ? subject.login : subjectKey(subject);
}

function sameSubject(one: Subject, other: Subject): boolean {
  return subjectKey(one) === subjectKey(other);
}
