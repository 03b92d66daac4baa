/** The report of a replay for people: sections in words and tables, each cut at the limit that was asked for. */
import { roughDuration } from '../../core/duration.ts';
import { oneLine } from '../../core/one-line.ts';
import type { Subject } from '../../core/types.ts';
import type { Trial } from '../../replay/trial.ts';
import { renderTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { counted, grouped, wallClock } from '../times.ts';
import { compareLines } from './comparison-report.ts';
import { innocentLines } from './innocents-report.ts';
import { bansByTime, failuresAmong, type Outcome, repeatOffenders } from './outcome.ts';
import { lengthOf, share, subjectName } from './words.ts';

export interface ReportOptions {
  /** So many rows of each table. */
  readonly limit: number;
  /** Also the lines that led to each ban. */
  readonly verbose: boolean;
}

export async function printReport(terminal: Terminal, outcome: Outcome, options: ReportOptions): Promise<void> {
  const bold = (text: string): string => terminal.style('bold', text);
  const table = (head: readonly string[], rows: readonly (readonly string[])[], flexible: number): string =>
    renderTable(rows, { head, flexible, width: terminal.width, style: bold });
  const sections = [
    summary(outcome),
    eventSection(outcome, table),
    banSection(outcome, options, table),
    repeatSection(outcome, options, table),
    innocentLines(outcome, options, bold),
    outcome.other === null ? [] : compareLines(outcome, outcome.other, options, bold),
  ];
  const texts = sections.filter((lines) => lines.length > 0).map((lines) => lines.join('\n'));
  await terminal.write(`${texts.join('\n\n')}\n`);
}

type Table = (head: readonly string[], rows: readonly (readonly string[])[], flexible: number) => string;

function summary({ logs, lines, first, last, trial }: Outcome): string[] {
  const files = logs.reduce((sum, log) => sum + log.files.length, 0);
  const names = logs.map(({ name }) => (name === '-' ? 'standard input' : oneLine(name))).join(', ');
  const period =
    first === null || last === null
      ? 'without any time in them'
      : `from ${wallClock(first)} to ${wallClock(last)} (${roughDuration(last - first)})`;
  const text = [`${names}: ${counted(files, 'file')}, ${counted(lines, 'line')} ${period}`];
  if (!trial.config.enabled) text.push('The configuration switches bans off; this is what they would have been');
  return text;
}

function eventSection({ events, trial }: Outcome, table: Table): string[] {
  if (events.length === 0) return ['No filter found anything in them'];
  const rows = events.map(({ filter, kind, events: count, stopped }) => [
    filter,
    kind,
    grouped(count),
    kind === 'success' || kind === 'request' ? '' : grouped(stopped),
  ]);
  const lines = [table(['filter', 'kind', 'events', 'stopped'], rows, 1)];
  if (trial.allowed > 0) lines.push(`${counted(trial.allowed, 'failure')} of addresses that are never banned`);
  return lines;
}

function banSection({ trial, events }: Outcome, { limit, verbose }: ReportOptions, table: Table): string[] {
  const failures = failuresAmong(events);
  if (trial.banCount === 0) return [`Nobody would have been banned for the ${counted(failures, 'failure')}`];
  const bans = bansByTime(trial);
  const shown = bans.slice(0, limit);
  const head = ['banned', 'subject', 'for', 'stopped', 'reason'];
  const lines = [...banSentences(trial, failures), ''];
  const rowOf = ({ ban, stopped }: (typeof bans)[number]): string[] => [
    wallClock(ban.since),
    subjectName(ban.subject),
    lengthOf(ban),
    grouped(stopped),
    ban.reason,
  ];
  const text = table(head, shown.map(rowOf), 4);
  lines.push(
    verbose
      ? withEvidence(
          text,
          shown.map(({ ban }) => ban.evidence),
        )
      : text,
  );
  if (shown.length < trial.banCount)
    lines.push('', `The first ${grouped(shown.length)} of ${counted(trial.banCount, 'ban')}; --limit shows more`);
  if (trial.unrecorded > 0) lines.push(`${counted(trial.unrecorded, 'ban')} too many to be written down one by one`);
  return lines;
}

/** `3 bans of 1 address and 1 network would have stopped 12 of 40 failures (30 %)` */
function banSentences(trial: Trial, failures: number): string[] {
  const all = [...trial.banned.values()];
  const of = (type: Subject['type'], noun: string): { subjects: number; bans: number; who: string } => {
    const some = all.filter(({ subject }) => subject.type === type);
    return {
      subjects: some.length,
      bans: some.reduce((sum, { bans }) => sum + bans.length, 0),
      who: counted(some.length, noun),
    };
  };
  const [addresses, networks, logins] = [of('address', 'address'), of('network', 'network'), of('login', 'login')];
  const hosts = [addresses, networks].filter(({ subjects }) => subjects > 0);
  const sentences: string[] = [];
  if (hosts.length > 0) {
    const bans = counted(addresses.bans + networks.bans, 'ban');
    const whom = hosts.map(({ who }) => who).join(' and ');
    const stops = `${grouped(trial.stopped)} of ${counted(failures, 'failure')} (${share(trial.stopped, failures)})`;
    sentences.push(`${bans} of ${whom} would have stopped ${stops}`);
    const short = all.flatMap((one) => one.bans).filter(({ ban }) => ban.cause === 'rate-limit').length;
    if (short > 0) sentences.push(`${grouped(short)} of them only until a rate had room again`);
  }
  if (logins.bans > 0) sentences.push(`${counted(logins.bans, 'ban')} of ${logins.who}, which would only be recorded`);
  return sentences;
}

/** Puts the lines that led to a ban under its row; the first line of the table is its head. */
function withEvidence(table: string, evidence: readonly (readonly string[])[]): string {
  return table
    .split('\n')
    .flatMap((row, index) => [row, ...(index === 0 ? [] : (evidence[index - 1] ?? []).map(evidenceLine))])
    .join('\n');
}

function evidenceLine(line: string): string {
  return `    ${oneLine(line)}`;
}

function repeatSection({ trial }: Outcome, { limit }: ReportOptions, table: Table): string[] {
  const offenders = repeatOffenders(trial);
  if (offenders.length === 0) return [];
  const rows = offenders.slice(0, limit).map(({ subject, bans }) => {
    const last = bans.at(-1)?.ban;
    const stopped = bans.reduce((sum, record) => sum + record.stopped, 0);
    return [
      subjectName(subject),
      grouped(bans.length),
      grouped(stopped),
      last === undefined ? '' : lengthOf(last),
      last === undefined ? '' : wallClock(last.since),
    ];
  });
  return [
    `${counted(offenders.length, 'subject')} would have been banned more than once`,
    '',
    table(['subject', 'bans', 'stopped', 'last for', 'last ban'], rows, 0),
    ...(rows.length < offenders.length
      ? ['', `The first ${grouped(rows.length)} of ${grouped(offenders.length)}; --limit shows more`]
      : []),
  ];
}
