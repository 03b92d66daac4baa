/** Which limits would have spared those who are probably innocent, and whom else. */
import type { Dossier } from './dossier.ts';
import type { Innocent } from './innocents.ts';
import type { Peak } from './peak.ts';
import { type Change, isSpared, type LimitName, limitName, sparing } from './sparing.ts';

export interface Advice extends Change {
  /** How many of the innocents it would have kept from being banned by this limit: all of them. */
  readonly spares: number;
  /** How many others it would have let go. */
  readonly others: number;
}

interface Group {
  readonly innocents: Peak[];
  readonly others: Peak[];
}

/** One for each limit that hit somebody who is probably innocent. */
export function advise(innocents: readonly Innocent[], banned: Iterable<Dossier>): Advice[] {
  const victims = new Set(
    innocents.filter((one) => one.case === 'innocent' || one.case === 'attacked').map(({ bans }) => bans),
  );
  const groups = new Map<LimitName, Group>();
  for (const { subject, bans, peaks } of banned) {
    for (const peak of peaks) {
      const name = limitName(subject, peak);
      const group = groups.get(name) ?? { innocents: [], others: [] };
      groups.set(name, group);
      (victims.has(bans) ? group.innocents : group.others).push(peak);
    }
  }
  return [...groups].flatMap(([name, group]): Advice[] => {
    const change = sparing(name, group.innocents);
    if (change === null) return [];
    const others = group.others.filter((peak) => isSpared(peak, change)).length;
    return [{ ...change, spares: group.innocents.length, others }];
  });
}
