/**
 * Whose rules stand on a host beside ours: it says from where our chains have to be reached. Only bare iptables and ufw
 * are here; firewalld, which wants to be told, is in `firewalld.ts`.
 */
import { EnforceError } from '../../errors.ts';
import type { FilterTable, Place } from './chains.ts';
import type { Family } from './ipset.ts';

export interface RuleOwner {
  /** The name of the backend. */
  readonly name: 'iptables' | 'ufw' | 'firewalld';
  /** The chains that jump to ours. @throws EnforceError where there is none to jump from */
  places(family: Family, table: FilterTable): readonly Place[];
  /** Tells the owner of the jumps that are about to be placed. @throws EnforceError */
  announce?(family: Family, places: readonly Place[], target: string): Promise<void>;
  /** Takes back what was announced; an owner that is not there is no error. */
  withdraw?(target: string): Promise<void>;
}

/** Docker's chain for the rules of others; it stands before Docker's own and is never emptied by it. */
export const DOCKER = 'DOCKER-USER';

/** These are there even while the kernel does not show them. */
const BUILT_IN: readonly string[] = ['INPUT', 'FORWARD', 'OUTPUT'];

/** What our chains and sets are called, so that no backend ever meets what another one has left. */
export function ownName({ name }: Pick<RuleOwner, 'name'>): string {
  return name === 'iptables' ? 'tailban' : `tailban-${name}`;
}

/** A host without a program that owns the rules. Of `chains` those are used that are there. */
export function bareHost(chains: readonly string[]): RuleOwner {
  return {
    name: 'iptables',
    places: (_family, table) => {
      const found = chains.filter((chain) => BUILT_IN.includes(chain) || table.has(chain));
      if (found.length === 0)
        throw new EnforceError(
          `Cannot find a chain to begin from: there is none of ${chains.join(', ')}, see firewall.chains`,
          [],
          '',
        );
      return found.map(placeOf);
    },
  };
}

/**
 * Our jumps stand in ufw's own chains before its rules, where it means the rules of others to stand (ufw-framework(8)).
 * Where ufw leaves IPv6 alone, they stand in the built-in chains.
 */
export function ufw(): RuleOwner {
  return {
    name: 'ufw',
    places: (family, table) => {
      const prefix = family === 4 ? 'ufw' : 'ufw6';
      const theirs = [`${prefix}-before-input`, `${prefix}-before-forward`];
      const areThere = theirs.every((chain) => table.has(chain));
      if (!areThere && family === 4)
        throw new EnforceError(
          `Cannot find the chains ${theirs.join(' and ')}: ufw is not active, run "ufw enable" or write firewall.backend = "auto"`,
          [],
          '',
        );
      return [...(areThere ? theirs : ['INPUT', 'FORWARD']), ...dockers(table)].map(placeOf);
    },
  };
}

/** Docker's chain, where it is there: what Docker forwards never comes to the chains of others. */
export function dockers(table: FilterTable): readonly string[] {
  return table.has(DOCKER) ? [DOCKER] : [];
}

export function placeOf(chain: string): Place {
  return { chain, forwarded: !/input/i.test(chain) };
}
