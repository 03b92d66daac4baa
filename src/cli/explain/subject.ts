/** `tailban explain ADDRESS` and `--login NAME`: what the daemon knows of somebody, the answer first, the reasons below. */
import type { BanView, LoginView, PastBanView, StandingView, Status, SubjectView } from '../../api/contract.ts';
import { formatDuration, roughDuration } from '../../core/duration.ts';
import type { Millis } from '../../core/types.ts';
import { type Line, title } from '../lines.ts';
import { ago, counted, expiry, grouped, wallClock } from '../times.ts';

/** @param status of the same daemon: a ban that cannot be carried out keeps nobody out. */
export function subjectLines(view: SubjectView, status: Status): Line[] {
  return [
    ...banLines(view),
    ...warnings(view, status),
    ...limitLines(view),
    ...rateLines(view),
    ...withinLines(view),
    ...evidenceLines(view),
    ...originLines(view),
    ...historyLines(view),
  ];
}

function banLines(view: SubjectView): Line[] {
  const { allowed, bans, countedAs, now, type, login } = view;
  const banned = type === 'login' ? 'locked' : 'banned';
  const name = nameOf(view);
  const never = type === 'network' ? 'is never banned as a whole' : 'is never banned';
  const facts = [
    ...(allowed === null ? [] : [fact('allowed', allowed)]),
    ...(countedAs === null || countedAs === view.subject ? [] : [fact('counted as', countedAs)]),
    ...(login === null || login.asked === null ? [] : [fact('written', `${login.asked}${reasons(login.changes)}`)]),
  ];
  const [ban, ...wider] = bans;
  if (ban === undefined) {
    const text = allowed === null ? `${name} is not ${banned}${refusal(view)}${closeness(view)}` : `${name} ${never}`;
    return [{ text, format: allowed === null ? 'bold' : 'green' }, ...facts];
  }
  const whole = ban.subject === view.subject ? '' : ` as part of ${ban.subject}`;
  return [
    { text: `${name} is ${banned}${whole}${ban.until === null ? ', for good' : ''}`, format: 'red' },
    ...facts,
    fact('why', ban.cause === 'manual' && ban.reason !== 'by hand' ? `by hand: ${ban.reason}` : ban.reason),
    fact('since', `${wallClock(ban.since)}, ${ago(ban.since, now)}`),
    fact('until', ban.until === null ? 'for good' : `${wallClock(ban.until)}, ${expiry(ban.until, now)}`),
    ...(ban.behindProxy ? [fact('refused', 'by gates and proxies, not in the firewall: known from a proxy only')] : []),
    ...(ban.offence > 1 ? [fact('offence', `number ${ban.offence}`)] : []),
    ...wider.map((other) =>
      fact('and also', `${other.subject} is banned, ends ${expiry(other.until, now)}: ${other.reason}`),
    ),
    fact('to lift it', bans.map((one) => `tailban unban ${argumentOf(one)}`).join('; ')),
  ];
}

function reasons(changes: LoginView['changes']): string {
  return changes.length === 0 ? '' : `, the same login by ${changes.join(' and ')}`;
}

/** Who is over a rate has been counted on: then both are the same lines. */
function evidenceLines({ bans: [ban], evidence }: SubjectView): Line[] {
  const led = ban?.evidence ?? [];
  const isSame = evidence.length === led.length && evidence.every((line, index) => line === led[index]);
  return [
    ...linesOf(led, 'Lines that led to the ban'),
    ...(isSame ? [] : linesOf(evidence, 'Last lines that counted')),
  ];
}

/** From where its owner gets in while it is locked. */
function originLines({ login, now }: SubjectView): Line[] {
  if (login === null) return [];
  const { knownGood, knownGoodCount } = login;
  if (knownGoodCount === 0) return ['', 'No network is known from where it worked'];
  const more = knownGoodCount - knownGood.length;
  return [
    '',
    title('Known good: networks from where it worked'),
    ...knownGood.map(({ network, last }) => `  ${network.padEnd(20)} last ${wallClock(last)}, ${ago(last, now)}`),
    ...(more > 0 ? [`  and ${counted(more, 'more network')}`] : []),
  ];
}

/** Who is over a rate gets no further either. */
function refusal({ rates }: SubjectView): string {
  const full = rates.filter(({ remaining }) => remaining === 0).map(({ name }) => name);
  return full.length === 0 ? '' : `, but over a rate for now (${full.join(', ')})`;
}

/** The limit that is nearest to being reached. */
function closeness({ standing }: SubjectView): string {
  const share = ({ count, limit }: StandingView): number => count / limit.count;
  const [nearest] = standing.toSorted((one, other) => share(other) - share(one));
  if (nearest === undefined || nearest.count === 0) return '';
  return `, it has ${grouped(nearest.count)} of the ${counted(nearest.limit.count, `${nearest.kind} failure`)} that ban it`;
}

function warnings({ bans, type }: SubjectView, status: Status): Line[] {
  if (bans.length === 0) return [];
  const failing = status.enforcers.filter(
    ({ failingSince, logins }) => failingSince !== null && (type !== 'login' || logins !== null),
  );
  const texts = [
    ...(status.dryRun ? ['The daemon runs as a dry run: nothing is really blocked'] : []),
    ...(type === 'login' && !status.loginsEnforced
      ? ['The ban is only recorded: nothing carries out the ban of a login']
      : []),
    ...failing.map(
      ({ name, failingSince }) =>
        `${name} has been failing for ${roughDuration(status.now - (failingSince ?? status.now))}, so the ban may not be in force`,
    ),
  ];
  return texts.map((text) => ({ text: `  ${text}`, format: 'red' }));
}

function limitLines({ standing, countedAs, type, now, bans, allowed }: SubjectView): Line[] {
  // Nobody is counted while banned or allowed.
  const isQuiet = (bans.length > 0 || allowed !== null) && standing.every(({ count }) => count === 0);
  if (countedAs === null || isQuiet) return [];
  const head: Line[] = ['', title('Limits')];
  if (standing.length === 0)
    return [...head, type === 'login' ? '  The limit for logins is off' : '  All limits are off'];
  return [...head, ...standing.map((one) => limitLine(one, now))];
}

function limitLine({ kind, count, limit, banTime, oldestLeaves }: StandingView, now: Millis): Line {
  const state = `  ${kind.padEnd(15)} ${grouped(count)} of ${grouped(limit.count)} in ${formatDuration(limit.period)}`;
  if (count === 0 || oldestLeaves === null) return state;
  const left = limit.count - count;
  const length = banTime === null ? 'for good' : `for ${formatDuration(banTime)}`;
  const next = left > 0 ? `; ${grouped(left)} more and it is banned ${length}` : '';
  return {
    text: `${state}, the oldest leaves ${expiry(oldestLeaves, now)}${next}`,
    format: left * 5 <= limit.count ? 'yellow' : 'bold',
  };
}

/** What may only happen so often, and what runs at once. */
function rateLines({ rates, running, now }: SubjectView): Line[] {
  const { requests, uploads } = running;
  if (rates.length === 0 && requests + uploads === 0) return [];
  return [
    '',
    title('Rates'),
    ...rates.map(({ name, limit, remaining, freeAt }): Line => {
      const text = `  ${name.padEnd(19)} ${grouped(limit.count - remaining)} of ${grouped(limit.count)} in ${formatDuration(limit.period)}`;
      if (remaining > 0) return `${text}, room for ${grouped(remaining)} more`;
      return { text: `${text}; refused until ${wallClock(freeAt)}, ${expiry(freeAt, now)}`, format: 'red' };
    }),
    ...(requests + uploads === 0
      ? []
      : [`  running             ${counted(requests, 'request')}, ${counted(uploads, 'upload')}`]),
  ];
}

function withinLines({ within, withinCount, now, type }: SubjectView): Line[] {
  if (type !== 'network') return [];
  if (withinCount === 0) return ['', 'Nobody else inside it is banned'];
  const more = withinCount > within.length ? [`  and ${counted(withinCount - within.length, 'more ban')}`] : [];
  return [
    '',
    title(`${counted(withinCount, 'ban')} inside it`),
    ...within.map(
      ({ subject, until, reason }) => `  ${subject.padEnd(18)} ends ${expiry(until, now).padEnd(10)} ${reason}`,
    ),
    ...more,
  ];
}

function historyLines({ history, bans }: SubjectView): Line[] {
  const past = history.filter((one) => one.endedAt !== null || !bans.some(({ since }) => since === one.since));
  if (past.length === 0) return ['', 'No earlier bans'];
  return ['', title('Earlier bans'), ...past.map(pastLine)];
}

function pastLine({ since, endedAt, ended, reason }: PastBanView): Line {
  const end = ended === 'unbanned' ? 'lifted by hand' : ended === 'replaced' ? 'replaced by a later ban' : 'ran out';
  const length = endedAt === null ? '' : ` after ${roughDuration(endedAt - since)}`;
  return `  ${wallClock(since)}  ${end}${length}: ${reason}`;
}

function linesOf(lines: readonly string[], heading: string): Line[] {
  return lines.length === 0 ? [] : ['', title(heading), ...lines.map((line) => `  ${line}`)];
}

function fact(name: string, text: string): string {
  return `  ${name.padEnd(11)} ${text}`;
}

function nameOf({ type, subject }: SubjectView): string {
  return type === 'login' ? `login ${subject}` : subject;
}

function argumentOf({ type, subject }: BanView): string {
  return type === 'login' ? `--login ${subject}` : subject;
}
