/** What the events of some lines would lead to, by the limits of the configuration; and what the daemon has counted. */
import type { SubjectView } from '../../api/contract.ts';
import { formatDuration } from '../../core/duration.ts';
import type { Judge } from '../../core/judge.ts';
import { banLength } from '../../core/sentence.ts';
import { subjectKey } from '../../core/subject.ts';
import type { Millis } from '../../core/types.ts';
import type { Verdict } from '../../core/verdict.ts';
import type { Joined } from '../../filter/join.ts';
import { type Line, title } from '../lines.ts';
import { expiry, grouped } from '../times.ts';

export interface EventView {
  /** The line that completed it. */
  readonly line: number;
  readonly kind: string;
  readonly ip: string;
  readonly login: string | null;
  readonly time: Millis;
  readonly filter: string;
  /** Why it counts for nothing; null where it counts. */
  readonly ignored: string | null;
  readonly counts: readonly {
    readonly subject: string;
    readonly kind: string;
    readonly count: number;
    readonly limit: { readonly count: number; readonly period: Millis };
  }[];
  /** What it would ban, with these lines alone. */
  readonly bans: readonly { readonly subject: string; readonly reason: string; readonly until: Millis | null }[];
}

/** Judges the events in their order; nothing is known of what was before. */
export function judgeEvents(events: readonly Joined[], judge: Judge, now: Millis): EventView[] {
  return events.map(({ event, line }) => {
    const { kind, ip, login, time, filter } = event;
    const verdict = judge.handle(event, now);
    return { line, kind, ip, login, time, filter, ...outcome(verdict) };
  });
}

function outcome(verdict: Verdict): Pick<EventView, 'ignored' | 'counts' | 'bans'> {
  if (verdict.type === 'ignored') return { ignored: verdict.why, counts: [], bans: [] };
  const counts = verdict.counts.map(({ subject, kind, count, limit: { count: most, period } }) => ({
    subject: subjectKey(subject),
    kind,
    count,
    limit: { count: most, period },
  }));
  const bans = verdict.type === 'counted' ? [] : verdict.bans;
  return {
    ignored: null,
    counts,
    bans: bans.map((ban) => ({
      subject: subjectKey(ban.subject),
      reason: `${banLength(ban)}: ${ban.reason}`,
      until: ban.until,
    })),
  };
}

/** The subjects to ask the daemon for: those that the events count against, each once. */
export function subjectsOf(events: readonly EventView[], judge: Judge): string[] {
  const keys = events.flatMap(({ ip, login, kind }) => {
    const subject = login === null || kind !== 'authentication' ? null : judge.loginSubject(login);
    return subject === null ? [ip] : [ip, subjectKey(subject)];
  });
  return [...new Set(keys)];
}

export function eventLines(events: readonly EventView[]): Line[] {
  if (events.length === 0) return [title('Events'), '  none: nothing counts'];
  return [title('Events'), ...events.flatMap(oneEvent)];
}

function oneEvent({ line, kind, ip, login, ignored, counts, bans }: EventView): Line[] {
  return [
    `  ${kind} of ${ip}${login === null ? '' : ` with the login ${login}`} (line ${line})`,
    ...(ignored === null ? [] : [`    does not count: ${ignored}`]),
    ...counts.map(
      (one) =>
        `    ${one.subject}: ${one.kind} ${grouped(one.count)} of ${grouped(one.limit.count)} in ${formatDuration(one.limit.period)}`,
    ),
    ...bans.map(({ subject, reason }): Line => ({ text: `    ${subject} would be banned ${reason}`, format: 'red' })),
  ];
}

/** What the running daemon knows of the same subjects. */
export function presentLines(views: readonly SubjectView[]): Line[] {
  return [title('In the daemon now'), ...views.flatMap(presentOf)];
}

function presentOf({ subject, type, bans, allowed, standing, now, countedAs }: SubjectView): Line[] {
  const name = type === 'login' ? `login ${subject}` : subject;
  const counted = standing.filter(({ count }) => count > 0);
  const facts: Line[] = [
    ...bans
      .slice(0, 1)
      .map(
        (ban): Line => ({ text: `  ${name} is banned, ends ${expiry(ban.until, now)}: ${ban.reason}`, format: 'red' }),
      ),
    ...(allowed === null ? [] : [`  ${name} is never banned: ${allowed}`]),
    ...counted.map(
      ({ kind, count, limit }) =>
        `  ${countedAs ?? name}: ${kind} ${grouped(count)} of ${grouped(limit.count)} in ${formatDuration(limit.period)}`,
    ),
  ];
  return facts.length > 0 ? facts : [`  ${name}: neither banned nor counted`];
}
