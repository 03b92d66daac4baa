/** The report of a replay for programs. These fields are a contract; `docs/replay.md` describes them. */
import { subjectKey } from '../../core/subject.ts';
import type { Ban, Limit, Millis, Subject } from '../../core/types.ts';
import type { Difference } from '../../replay/comparison.ts';
import type { BanRecord } from '../../replay/dossier.ts';
import type { Innocent } from '../../replay/innocents.ts';
import type { Change } from '../../replay/sparing.ts';
import type { Tally } from '../../replay/tally.ts';
import type { Trial } from '../../replay/trial.ts';
import { bansByTime, failuresAmong, type Outcome } from './outcome.ts';

export interface JsonOptions {
  /** So many bans; null is all. */
  readonly limit: number | null;
  /** Also the lines that led to each ban. */
  readonly verbose: boolean;
}

export function jsonReport(outcome: Outcome, { limit, verbose }: JsonOptions): unknown {
  const { logs, lines, first, last, events, trial, innocents, advice, other } = outcome;
  const bans = bansByTime(trial);
  return {
    logs: logs.map(({ name, files }) => ({ name, files: files.map((file) => file.name) })),
    lines,
    first: first === null ? null : isoTime(first),
    last: last === null ? null : isoTime(last),
    events,
    ...totals(trial, failuresAmong(events)),
    bans: bans.slice(0, limit ?? bans.length).map((record) => banFields(record, verbose)),
    innocents: innocents.map((one) => innocentFields(one, verbose)),
    advice: advice.map((one) => ({ ...changeFields(one), spares: one.spares, others: one.others })),
    compare:
      other === null
        ? null
        : {
            file: other.file,
            ...totals(other.trial, failuresAmong(events)),
            same: other.comparison.same,
            onlyThis: other.comparison.onlyOne.map(differenceFields),
            onlyOther: other.comparison.onlyOther.map(differenceFields),
            changed: other.comparison.changed.map(differenceFields),
            innocents: other.comparison.otherInnocents.map((one) => innocentFields(one, verbose)),
          },
  };
}

function totals(trial: Trial, failures: number): Record<string, unknown> {
  return {
    failures,
    allowed: trial.allowed,
    stopped: trial.stopped,
    banCount: trial.banCount,
    subjectCount: trial.banned.size,
  };
}

function banFields({ ban, stopped }: BanRecord, verbose: boolean): Record<string, unknown> {
  return {
    ...subjectFields(ban.subject),
    ...timeFields(ban),
    cause: ban.cause,
    reason: ban.reason,
    offence: ban.offence,
    stopped,
    ...(verbose ? { evidence: ban.evidence } : {}),
  };
}

function innocentFields(innocent: Innocent, verbose: boolean): Record<string, unknown> {
  const { subject, bans, failures, successes, before, during, after, spared } = innocent;
  return {
    ...subjectFields(subject),
    case: innocent.case,
    bans: bans.map((record) => banFields(record, verbose)),
    failures: failures === null ? null : tallyFields(failures),
    successes: { ...tallyFields(successes), before, during, after },
    sparedBy: spared.map(changeFields),
  };
}

function differenceFields({ subject, one, other }: Difference): Record<string, unknown> {
  const times = (bans: readonly BanRecord[]): unknown[] => bans.map(({ ban }) => timeFields(ban));
  return { ...subjectFields(subject), this: times(one), other: times(other) };
}

function subjectFields(subject: Subject): { subject: string; type: Subject['type'] } {
  return { subject: subject.type === 'login' ? subject.login : subjectKey(subject), type: subject.type };
}

function timeFields({ since, until }: Ban): { since: string; until: string | null } {
  return { since: isoTime(since), until: until === null ? null : isoTime(until) };
}

function tallyFields({ total, first, last, names, others, unnamed }: Tally): Record<string, unknown> {
  return { total, first: isoTime(first), last: isoTime(last), names: Object.fromEntries(names), others, unnamed };
}

function changeFields({ name, limit, proposed }: Change): Record<string, unknown> {
  return { limit: name, from: rateFields(limit), to: rateFields(proposed) };
}

function rateFields({ count, period }: Limit): { count: number; period: Millis } {
  return { count, period };
}

/** No calendar holds a later time; a damaged journal may. */
const LATEST: Millis = 8.64e15;

function isoTime(time: Millis): string {
  return new Date(Math.max(-LATEST, Math.min(LATEST, time))).toISOString();
}
