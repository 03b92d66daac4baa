/**
 * Calls iptables and ip6tables. There are two of them on many hosts, one that keeps its rules in nftables and the older,
 * "legacy" one; which of them the plain names mean, the host has chosen (update-alternatives(1)), and its other rules
 * live there.
 */
import { isMissing, type Run } from '../command.ts';
import { call, refused } from './call.ts';
import { type FilterTable, readFilterTable } from './chains.ts';
import type { Family } from './ipset.ts';

export type Variant = 'legacy' | 'nft';

export interface Xtables {
  /** The table `filter`. @throws EnforceError */
  read(family: Family): Promise<FilterTable>;
  /** The same, but makes the kernel load nothing; empty where there is no such program. */
  peek(family: Family): Promise<FilterTable>;
  /** Carries out a text for iptables-restore, all of it or nothing. @throws EnforceError */
  restore(family: Family, text: string, purpose: string): Promise<void>;
}

/** In seconds: how long to wait while somebody else changes rules. */
const LOCK_TIMEOUT = '10';

/** @param variant the one that the plain names mean, where it is null */
export function xtables(run: Run, variant: Variant | null): Xtables {
  const program = (family: Family, verb: string): string =>
    `${family === 4 ? 'iptables' : 'ip6tables'}${variant === null ? '' : `-${variant}`}-${verb}`;
  return {
    read: async (family) => {
      const argv = [program(family, 'save'), '-t', 'filter'] as const;
      const outcome = await call(run, argv, 'iptables');
      if (outcome.exitCode !== 0) throw refused('read the rules of the firewall', argv, outcome);
      return readFilterTable(outcome.stdout);
    },
    peek: async (family) => {
      try {
        return readFilterTable((await run([program(family, 'save')])).stdout);
      } catch (error) {
        if (isMissing(error)) return new Map();
        throw error;
      }
    },
    restore: async (family, text, purpose) => {
      const argv = [program(family, 'restore'), '-w', LOCK_TIMEOUT, '--noflush'] as const;
      const outcome = await call(run, argv, 'iptables', text);
      if (outcome.exitCode !== 0) throw refused(purpose, argv, outcome);
    },
  };
}

/** Which one the plain names mean; before version 1.8 there was but one. @throws EnforceError where there is none */
export async function plainVariant(run: Run): Promise<Variant> {
  const { stdout } = await call(run, ['iptables', '-V'], 'iptables');
  return stdout.includes('nf_tables') ? 'nft' : 'legacy';
}
