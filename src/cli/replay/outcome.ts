/** What a replay found, ready to be told. */
import type { Millis } from '../../core/types.ts';
import type { Advice } from '../../replay/advice.ts';
import type { Comparison } from '../../replay/comparison.ts';
import type { BanRecord, Dossier } from '../../replay/dossier.ts';
import type { Innocent } from '../../replay/innocents.ts';
import type { EventCount } from '../../replay/replay.ts';
import type { RotatedLog } from '../../replay/rotation.ts';
import type { Trial } from '../../replay/trial.ts';
import type { ReplayFile } from './files.ts';

export interface Outcome {
  readonly logs: readonly RotatedLog<ReplayFile>[];
  readonly lines: number;
  /** The times of the first and of the last line that had one. */
  readonly first: Millis | null;
  readonly last: Millis | null;
  readonly events: readonly EventCount[];
  readonly trial: Trial;
  readonly innocents: readonly Innocent[];
  readonly advice: readonly Advice[];
  readonly other: OtherOutcome | null;
}

/** What the configuration of `--compare` would have done. */
export interface OtherOutcome {
  readonly file: string;
  readonly trial: Trial;
  readonly comparison: Comparison;
}

/** All bans that were written down, in the order of time. */
export function bansByTime(trial: Trial): BanRecord[] {
  const bans = [...trial.banned.values()].flatMap((banned) => banned.bans);
  return bans.sort((one, other) => one.ban.since - other.ban.since);
}

/** Who would have been banned more than once, most often first. */
export function repeatOffenders(trial: Trial): Dossier[] {
  const often = [...trial.banned.values()].filter(({ bans }) => bans.length > 1);
  return often.sort((one, other) => other.bans.length - one.bans.length);
}

/** Failures: successes and requests count against nobody. */
export function failuresAmong(events: readonly EventCount[]): number {
  return events.reduce((sum, { kind, events: n }) => (kind === 'success' || kind === 'request' ? sum : sum + n), 0);
}
