/** Notices as sentences for people, and as objects for programs. Pure. */
import { oneLine } from '../core/one-line.ts';
import type { Message, Notice, NoticeKind, Omitted } from './types.ts';

/** A line of e-mail has 998 bytes at most (RFC 5322 section 2.1.1); a character may be four of them. */
const LONGEST_LINE = 240;

/** What it is all about, in a few words without any text of others: `12 bans, 1 locked login, 2 problems`. */
export function summary({ notices, omitted }: Pick<Message, 'notices' | 'omitted'>): string {
  const count = (kind: NoticeKind): number =>
    notices.filter((notice) => notice.kind === kind).length + (omitted[kind] ?? 0);
  const troubles = notices.filter((notice) => 'problem' in notice);
  const broken = troubles.filter(({ problem }) => problem !== null).length;
  const parts = [
    counted(broken, 'problem', 'problems'),
    counted(troubles.length - broken, 'problem is over', 'problems are over'),
    counted(count('ban'), 'ban', 'bans'),
    counted(count('login'), 'locked login', 'locked logins'),
    counted(count('unban'), 'end of a ban', 'ends of bans'),
  ];
  return parts.filter((part) => part !== '').join(', ');
}

/** One line, without its time. */
export function sentence(notice: Notice): string {
  const text = oneLine(sentenceOf(notice));
  return text.length > LONGEST_LINE ? `${text.slice(0, LONGEST_LINE - 1).toWellFormed()}…` : text;
}

/** What was too much to be listed; empty where all is. */
export function omission(omitted: Omitted): string {
  const count = Object.values(omitted).reduce((sum, number) => sum + number, 0);
  return count === 0 ? '' : `and ${counted(count, 'event that is', 'events that are')} not listed, see tailban list`;
}

/** As it stands in JSON; times in ISO 8601. */
export function noticeObject(notice: Notice): object {
  const { kind, time, ...rest } = notice;
  const until = 'until' in rest ? { until: rest.until === null ? null : new Date(rest.until).toISOString() } : {};
  return { event: kind, time: new Date(time).toISOString(), ...rest, ...until };
}

export function messageObject({ id, host, time, notices, omitted }: Message): object {
  return { id, host, time: new Date(time).toISOString(), events: notices.map(noticeObject), omitted };
}

function sentenceOf(notice: Notice): string {
  switch (notice.kind) {
    case 'ban':
    case 'login':
      return `${notice.kind === 'login' ? 'locked' : 'banned'} ${notice.subject} ${endOf(notice.until)}: ${notice.reason}`;
    case 'unban':
      return `${notice.subject} is free again, the ban ${notice.why === 'expired' ? 'is over' : 'was lifted'}`;
    case 'enforcer':
      return notice.problem === null
        ? `${notice.name} works again, all bans are in force`
        : `${notice.name} fails, new bans are not in force: ${notice.problem}`;
    case 'source':
      return notice.problem === null
        ? `source ${notice.name} is read again`
        : `source ${notice.name} is not read: ${notice.problem}`;
    case 'store':
      return notice.problem === null ? 'the store can be written again' : notice.problem;
  }
}

function endOf(until: number | null): string {
  return until === null ? 'for good' : `until ${new Date(until).toISOString()}`;
}

function counted(count: number, one: string, many: string): string {
  return count === 0 ? '' : `${count} ${count === 1 ? one : many}`;
}
