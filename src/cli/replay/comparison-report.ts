/** The section on what another configuration would have changed. */
import { oneLine } from '../../core/one-line.ts';
import type { Difference } from '../../replay/comparison.ts';
import type { BanRecord } from '../../replay/dossier.ts';
import { counted, grouped } from '../times.ts';
import { casesOf } from './innocents-report.ts';
import type { OtherOutcome, Outcome } from './outcome.ts';
import type { ReportOptions } from './report.ts';
import { banTimes, subjectName } from './words.ts';

export function compareLines(
  { trial, innocents }: Outcome,
  { file, trial: other, comparison }: OtherOutcome,
  { limit }: ReportOptions,
  bold: (text: string) => string,
): string[] {
  const { onlyOne, onlyOther, changed, same, otherInnocents } = comparison;
  const hurt = (some: typeof innocents): string =>
    some.length === 0 ? 'none of whom logged in with success' : `of whom ${casesOf(some)}`;
  const lines = [
    bold(`With ${oneLine(file)}`),
    `${counted(other.banCount, 'ban')} instead of ${grouped(trial.banCount)}`,
    `${grouped(other.stopped)} failures stopped instead of ${grouped(trial.stopped)}`,
    `${counted(other.banned.size, 'subject')} banned, ${hurt(otherInnocents)}, instead of ${grouped(trial.banned.size)}, ${hurt(innocents)}`,
    `${counted(same, 'subject')} banned at the same times`,
    ...differences('banned by it and not now', onlyOther, limit, ({ other: bans }) => timesOf(bans)),
    ...differences('banned now and not by it', onlyOne, limit, ({ one: bans }) => timesOf(bans)),
    ...differences(
      'banned at other times',
      changed,
      limit,
      ({ one, other: bans }) => `${timesOf(bans)} instead of ${timesOf(one)}`,
    ),
  ];
  return lines;
}

function differences(
  what: string,
  some: readonly Difference[],
  limit: number,
  times: (difference: Difference) => string,
): string[] {
  if (some.length === 0) return [];
  const rows = some.slice(0, limit).map((one) => `  ${subjectName(one.subject)}  ${times(one)}`);
  const more = some.length > limit ? [`  and ${grouped(some.length - limit)} more; --limit shows them`] : [];
  return ['', `${counted(some.length, 'subject')} ${what}:`, ...rows, ...more];
}

function timesOf(bans: readonly BanRecord[]): string {
  const [first] = bans;
  if (first === undefined) return '';
  return bans.length === 1 ? banTimes(first.ban) : `${counted(bans.length, 'time')} from ${banTimes(first.ban)}`;
}
