/** `tailban status`: what the daemon does and how it is, with whatever is wrong at the end and in red. */
import type { SourceView, Status } from '../../api/contract.ts';
import { formatDuration, formatRate, roughDuration } from '../../core/duration.ts';
import { FAILURE_KINDS } from '../../core/types.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { connect, type Invocation } from '../invocation.ts';
import { type Line, printLines, title } from '../lines.ts';
import { ago, counted, expiry, grouped, wallClock } from '../times.ts';

export interface StatusOptions {
  readonly json?: boolean;
}

const MOST_ORIGINS = 8;
/** Where a source names none, all filters are tried on it. */
const MOST_FILTERS = 6;

export async function status(invocation: Invocation, { json }: StatusOptions): Promise<ExitCode> {
  const { terminal } = invocation;
  const answer = await (await connect(invocation)).status();
  if (json) await terminal.write(`${JSON.stringify(answer, null, 2)}\n`);
  else printLines(terminal, statusLines(answer));
  return EXIT.ok;
}

function red(text: string): Line {
  return { text, format: 'red' };
}

function statusLines(status: Status): Line[] {
  return [
    ...summary(status),
    '',
    title('Limits'),
    ...limitLines(status),
    '',
    title('Rates'),
    ...rateLines(status),
    '',
    title('Sources'),
    ...(status.sources.length === 0 ? ['  none: nothing is being read'] : status.sources.flatMap(sourceLines(status))),
    '',
    title('Enforcers'),
    ...enforcerLines(status),
    ...(status.loginsEnforced ? [] : ['  logins     only recorded: nothing carries out the ban of a login']),
    ...gateLines(status),
    ...notifierLines(status),
    ...problemLines(status),
  ];
}

function summary(status: Status): Line[] {
  const { version, pid, startedAt, now, bans, events } = status;
  const failures = FAILURE_KINDS.map((kind) => `${grouped(events[kind])} ${kind}`).join(', ');
  return [
    title(`tailban ${version} has been running for ${roughDuration(now - startedAt)}`),
    `  since      ${wallClock(startedAt)}, process ${pid}`,
    `  config     ${status.configFile ?? 'none, the defaults hold'}`,
    ...status.dropIns.map((file) => `             ${file}`),
    ...(status.dryRun ? ['  dry run    nothing is really banned'] : []),
    `  banned     ${bansText(bans)}`,
    `  read       ${counted(status.lines, 'line')}`,
    `  failures   ${failures}`,
    `  logins     ${grouped(events.success)} that worked; ${counted(status.knownGood, 'network')} known to be good, ${grouped(bans.logins)} locked`,
    `  counting   ${counted(status.subjects, 'subject')} with failures`,
    `  saved      ${status.lastCheckpoint === null ? 'not yet' : ago(status.lastCheckpoint, now)}`,
  ];
}

function bansText({ active, addresses, networks, logins }: Status['bans']): string {
  if (active === 0) return 'nobody';
  const parts = [counted(addresses, 'address'), counted(networks, 'network'), counted(logins, 'login')];
  return `${grouped(active)}: ${parts.filter((part) => !part.startsWith('0 ')).join(', ')}`;
}

function limitLines({ limits }: Status): Line[] {
  return limits.map(({ kind, limit, banTime }) => {
    if (limit === null) return `  ${kind.padEnd(15)} off`;
    const length = banTime === null ? 'for good' : `for ${formatDuration(banTime)}`;
    return `  ${kind.padEnd(15)} ${formatRate(limit).padEnd(9)} banned ${length}`;
  });
}

function rateLines({ rates: view, now }: Status): Line[] {
  const { rates, subjects, most, running, atOnce, limited, limitedCount } = view;
  const more = limitedCount - limited.length;
  return [
    ...rates.map(({ name, limit }) => `  ${name.padEnd(19)} ${limit === null ? 'off' : formatRate(limit)}`),
    `  at the same time    ${counted(atOnce.requests, 'request')} and ${counted(atOnce.uploads, 'upload')} of an account`,
    `  counting            ${grouped(subjects)} of at most ${counted(most, 'address')} and accounts, ${counted(running, 'request')} running`,
    ...limited.map(({ subject, rate, freeAt }) =>
      red(`  over the rate       ${subject} (${rate}), room again ${expiry(freeAt, now)}`),
    ),
    ...(more > 0 ? [red(`                      and ${grouped(more)} more`)] : []),
  ];
}

function sourceLines({ now }: Status): (source: SourceView) => Line[] {
  return (source) => {
    const { name, state, problem, filters, lines, cut, events, lastEvent, origins } = source;
    const read = `${counted(lines, 'line')}${cut === 0 ? '' : ` (${grouped(cut)} cut at 16 KiB)`}`;
    const last = lastEvent === null ? '' : `, the last ${ago(lastEvent, now)}`;
    const more =
      origins.length > MOST_ORIGINS ? [`    and ${counted(origins.length - MOST_ORIGINS, 'more file')}`] : [];
    return [
      `  ${name.padEnd(10)} ${state}, ${read}, ${counted(events, 'event')}${last} (${filters.length > MOST_FILTERS ? counted(filters.length, 'filter') : filters.join(', ')})`,
      ...(problem === null ? [] : [red(`    problem: ${problem}`)]),
      ...origins.slice(0, MOST_ORIGINS).map(originLine),
      ...more,
    ];
  };
}

function originLine({ origin, offset, size }: SourceView['origins'][number]): Line {
  const behind = Math.max(0, size - offset);
  return behind === 0 ? `    ${origin}` : `    ${origin}, ${bytes(behind)} behind`;
}

function bytes(count: number): string {
  if (count < 1024) return counted(count, 'byte');
  if (count < 1024 ** 2) return `${(count / 1024).toFixed(0)} KiB`;
  return `${(count / 1024 ** 2).toFixed(1)} MiB`;
}

function enforcerLines({ enforcers, now }: Status): Line[] {
  if (enforcers.length === 0) return ['  none: bans are only recorded'];
  return enforcers.map(({ name, pending, failingSince, problem, logins }) => {
    if (name === 'none') return '  addresses  only recorded: nothing is blocked';
    const waiting = pending === 0 ? '' : `, ${counted(pending, 'change')} to carry out`;
    const state = failingSince === null ? 'works' : `has been failing for ${roughDuration(now - failingSince)}`;
    const text = `  ${name.padEnd(10)} ${state}${waiting}${problem === null ? '' : `: ${problem}`}${logins === null ? '' : `; locked logins: ${logins}`}`;
    return failingSince === null ? text : red(text);
  });
}

function gateLines({ gates }: Status): Line[] {
  if (gates.length === 0) return [];
  const width = Math.max(...gates.map(({ name }) => name.length));
  return [
    '',
    title('Gates'),
    ...gates.map(({ name, address, listening, refusesLogins }): Line => {
      const logins = refusesLogins ? '; locked logins: spares owners' : '';
      const text = `  ${name.padEnd(width)} ${listening ? 'listens on' : 'cannot listen on'} ${address}${logins}`;
      return listening ? text : red(text);
    }),
  ];
}

function notifierLines({ notifiers, now }: Status): Line[] {
  if (notifiers.length === 0) return [];
  return [
    '',
    title('Notifications'),
    ...notifiers.map(({ name, waiting, failingSince, problem }): Line => {
      const state = failingSince === null ? 'works' : `has been failing for ${roughDuration(now - failingSince)}`;
      const text = `  ${name.padEnd(10)} ${state}${waiting === 0 ? '' : `, ${counted(waiting, 'event')} to be sent`}`;
      return failingSince === null ? text : red(`${text}: ${problem}`);
    }),
  ];
}

function problemLines({ problems }: Status): Line[] {
  return problems.length === 0 ? [] : ['', red('Problems'), ...problems.map((text) => red(`  ${text}`))];
}
