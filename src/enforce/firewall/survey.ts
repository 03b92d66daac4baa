/** Looks at what a host blocks packets with: which firewalls work, and whose rules are in force. Changes nothing. */
import { existsSync } from 'node:fs';
import type { Millis } from '../../core/types.ts';
import { messageOf } from '../../errors.ts';
import type { Run } from '../command.ts';
import type { FilterTable } from './chains.ts';
import { FAMILIES, type Family, listSets } from './ipset.ts';
import { listTables } from './nft.ts';
import { DOCKER } from './rule-owner.ts';
import { plainVariant, type Variant, xtables } from './xtables.ts';

export type Owner = 'firewalld' | 'ufw' | 'Docker' | 'iptables-legacy';

export interface Survey {
  /** Why nftables cannot be used here; null where it can. */
  readonly nftables: string | null;
  /** Why iptables with ipset cannot be used here; null where it can. */
  readonly iptables: string | null;
  /** What the plain names of iptables mean here; null where there is none. */
  readonly variant: Variant | null;
  /** Whose rules are in force. */
  readonly owners: readonly Owner[];
  readonly families: readonly Family[];
}

/** All that is asked here is answered in some hundredths of a second, also where there are many rules. */
const PATIENCE: Millis = 5_000;

export async function surveyFirewalls(run: Run): Promise<Survey> {
  let tables = '';
  const nftables = await problemOf(async () => {
    tables = await listTables(run);
  });
  let variant: Variant | null = null;
  let filter: FilterTable = new Map();
  const iptables = await problemOf(async () => {
    variant = await plainVariant(run);
    filter = await xtables(run, null).peek(4);
    await listSets(run);
  });
  return {
    nftables,
    iptables,
    variant,
    owners: ownersOf(tables, filter, variant),
    families: FAMILIES.filter((family) => family === 4 || existsSync('/proc/net/if_inet6')),
  };
}

/** By what stands in the kernel: that is true whatever services say of themselves. */
function ownersOf(tables: string, filter: FilterTable, variant: Variant | null): Owner[] {
  const owners: Owner[] = [];
  if (/^table inet firewalld$/m.test(tables) || filter.has('INPUT_direct')) owners.push('firewalld');
  if (filter.has('ufw-before-input')) owners.push('ufw');
  if (filter.has(DOCKER)) owners.push('Docker');
  if (variant === 'legacy' && [...filter.values()].some((rules) => rules.length > 0)) owners.push('iptables-legacy');
  return owners;
}

/** What hangs must not keep the daemon from reading logs; whoever uses it later has more patience. */
async function problemOf(attempt: () => Promise<void>): Promise<string | null> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const seconds = PATIENCE / 1_000;
  const timer = setTimeout(() => reject(new Error(`It has not answered within ${seconds} s`)), PATIENCE);
  try {
    await Promise.race([attempt(), tooLate]);
    return null;
  } catch (error) {
    return messageOf(error);
  } finally {
    clearTimeout(timer);
  }
}
