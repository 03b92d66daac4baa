/** The small parts of the report that several of its sections say in the same way. */
import { formatDuration, formatRate } from '../../core/duration.ts';
import { oneLine } from '../../core/one-line.ts';
import { subjectKey } from '../../core/subject.ts';
import type { Ban, Subject } from '../../core/types.ts';
import type { Change } from '../../replay/sparing.ts';
import type { Tally } from '../../replay/tally.ts';
import { grouped, wallClock } from '../times.ts';

/** As `tailban list` shows it. */
export function subjectName(subject: Subject): string {
  return subject.type === 'login' ? `login ${oneLine(subject.login)}` : subjectKey(subject);
}

/** `1h`, `for good`; a ban for being over a rate, which ends when a window has room, in whole seconds. */
export function lengthOf({ since, until }: Ban): string {
  return until === null ? 'for good' : formatDuration(Math.ceil((until - since) / 1_000) * 1_000);
}

/** `2026-11-22 08:47:29 for 1h` */
export function banTimes(ban: Ban): string {
  return ban.until === null ? `${wallClock(ban.since)} for good` : `${wallClock(ban.since)} for ${lengthOf(ban)}`;
}

/** `authentication = "12/1d"` */
export function asSetting({ name, proposed }: Change): string {
  return `${name} = "${formatRate(proposed)}"`;
}

/** `alice (7), bob (2) and 3 others` */
export function namesOf({ names, others }: Tally, most: number): string {
  const sorted = [...names].sort(([, one], [, other]) => other - one);
  const shown = sorted
    .slice(0, most)
    .map(([name, count]) => (names.size === 1 && others === 0 ? oneLine(name) : `${oneLine(name)} (${count})`));
  const left = sorted.slice(most).reduce((sum, [, count]) => sum + count, others);
  return left === 0 ? shown.join(', ') : `${shown.join(', ')} and ${grouped(left)} times as others`;
}

/** `12 %` */
export function share(part: number, whole: number): string {
  return whole === 0 ? '0 %' : `${Math.round((part / whole) * 100)} %`;
}
