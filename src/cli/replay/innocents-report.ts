/** The section on those whom the bans would have hurt: who they are, what they did, and which limit would spare them. */
import { formatRate } from '../../core/duration.ts';
import { oneLine } from '../../core/one-line.ts';
import { CASES, type Case, type Innocent } from '../../replay/innocents.ts';
import { counted, grouped, wallClock } from '../times.ts';
import type { Outcome } from './outcome.ts';
import type { ReportOptions } from './report.ts';
import { asSetting, banTimes, namesOf, subjectName } from './words.ts';

const TITLES: Readonly<Record<Case, string>> = {
  innocent: 'probably innocent',
  attacked: 'a login that others attacked',
  shared: 'perhaps an address that several people share',
  guessed: 'perhaps a guessed password',
};
const MOST_NAMES = 3;

export function innocentLines(
  { trial, innocents, advice }: Outcome,
  { limit, verbose }: ReportOptions,
  bold: (text: string) => string,
): string[] {
  if (trial.banCount === 0) return [];
  if (innocents.length === 0) return ['None of the banned logged in with success'];
  const lines = [
    bold(`${grouped(innocents.length)} of the banned logged in with success too: ${casesOf(innocents)}`),
    ...innocents.slice(0, limit).flatMap((one) => describe(one, verbose)),
  ];
  if (innocents.length > limit)
    lines.push('', `The first ${grouped(limit)} of ${grouped(innocents.length)}; --limit shows more`);
  if (trial.forgotten > 0)
    lines.push('', `There may be more: ${counted(trial.forgotten, 'subject')} with successes had to be forgotten`);
  for (const one of advice)
    lines.push(
      '',
      `${asSetting(one)} instead of "${formatRate(one.limit)}" would have spared the ${grouped(one.spares)} probably ` +
        `innocent whom it hit, and ${one.others === 0 ? 'nobody else' : counted(one.others, 'other')}`,
    );
  return lines;
}

/** `3 probably innocent, 1 perhaps a guessed password` */
export function casesOf(innocents: readonly Innocent[]): string {
  return CASES.flatMap((one) => {
    const count = innocents.filter((innocent) => innocent.case === one).length;
    return count === 0 ? [] : `${grouped(count)} ${TITLES[one]}`;
  }).join(', ');
}

function describe(innocent: Innocent, verbose: boolean): string[] {
  const { subject, bans, spared } = innocent;
  const [first] = bans;
  if (first === undefined) return [];
  const more = bans.length > 1 ? `, and ${counted(bans.length - 1, 'time')} more` : '';
  const lines = [
    '',
    `${subjectName(subject)}: ${TITLES[innocent.case]}`,
    `  banned ${banTimes(first.ban)}${more}: ${first.ban.reason}`,
    `  ${failuresOf(innocent)}${successesOf(innocent)}`,
  ];
  if (spared.length > 0 && innocent.case !== 'guessed')
    lines.push(`  would have been spared by ${spared.map(asSetting).join(' and ')}`);
  if (verbose) lines.push(...first.ban.evidence.map((line) => `    ${oneLine(line)}`));
  return lines;
}

function failuresOf({ failures, subject }: Innocent): string {
  if (failures === null) return '';
  const who = namesOf(failures, MOST_NAMES);
  const whom = who === '' ? '' : subject.type === 'login' ? ` from ${who}` : ` as ${who}`;
  return `failed to log in ${counted(failures.total, 'time')}${whom}; `;
}

function successesOf({ successes, subject, before, during, after }: Innocent): string {
  const who = namesOf(successes, MOST_NAMES);
  const whom = who === '' ? '' : subject.type === 'login' ? ` from ${who}` : ` as ${who}`;
  const span =
    successes.total === 1
      ? `at ${wallClock(successes.first)}`
      : `between ${wallClock(successes.first)} and ${wallClock(successes.last)}`;
  const parts = [
    ...(before > 0 ? [`${grouped(before)} before the first ban`] : []),
    ...(during > 0 ? [`${grouped(during)} while banned`] : []),
    ...(after > 0 ? [`${grouped(after)} later`] : []),
  ];
  return `logged in ${counted(successes.total, 'time')}${whom} ${span}: ${parts.join(', ')}`;
}
