/** What another configuration would have changed. */
import type { Subject } from '../core/types.ts';
import type { BanRecord } from './dossier.ts';
import { findInnocents, type Innocent } from './innocents.ts';
import type { Trial } from './trial.ts';

/** A subject and its bans under both configurations. */
export interface Difference {
  readonly subject: Subject;
  readonly one: readonly BanRecord[];
  readonly other: readonly BanRecord[];
}

export interface Comparison {
  /** Subjects that only the first configuration bans, and that only the other one bans. */
  readonly onlyOne: readonly Difference[];
  readonly onlyOther: readonly Difference[];
  /** Banned by both, at other times. */
  readonly changed: readonly Difference[];
  /** Banned by both in the same way. */
  readonly same: number;
  /** Whom the other configuration would have hit. */
  readonly otherInnocents: readonly Innocent[];
}

export function compareTrials(one: Trial, other: Trial): Comparison {
  const onlyOne: Difference[] = [];
  const onlyOther: Difference[] = [];
  const changed: Difference[] = [];
  let same = 0;
  for (const [key, { subject, bans }] of one.banned) {
    const others = other.banned.get(key)?.bans;
    if (others === undefined) onlyOne.push({ subject, one: bans, other: [] });
    else if (areSame(bans, others)) same++;
    else changed.push({ subject, one: bans, other: others });
  }
  for (const [key, { subject, bans }] of other.banned)
    if (!one.banned.has(key)) onlyOther.push({ subject, one: [], other: bans });
  return { onlyOne, onlyOther, changed, same, otherInnocents: findInnocents(other.banned.values()) };
}

function areSame(some: readonly BanRecord[], others: readonly BanRecord[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ ban }, index) => {
      const twin = others[index]?.ban;
      return twin !== undefined && ban.since === twin.since && ban.until === twin.until;
    })
  );
}
