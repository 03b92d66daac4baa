/**
 * Which firewall `auto` takes, and why, in words for the log. nftables goes before all others: its table stands before
 * the rules of everybody else, nobody else ever empties it, and every batch is one transaction.
 */
import type { Owner, Survey } from './survey.ts';

export type Backend = 'nftables' | 'iptables' | 'firewalld' | 'ufw';

export interface Pick {
  /** Null where nothing works. */
  readonly backend: Backend | null;
  readonly why: string;
}

export function pickFirewall(survey: Survey): Pick {
  const { nftables, iptables, owners } = survey;
  if (nftables === null) return { backend: 'nftables', why: `nftables, which works here${besides(owners)}` };
  if (iptables !== null) return { backend: null, why: `no firewall can be used (${nftables}; ${iptables})` };
  if (owners.includes('firewalld'))
    return { backend: 'firewalld', why: `firewalld, which owns the rules here. ${nftables}` };
  // Not ufw: it empties its own chains at every reload, and leaves ours alone where they are reached without it.
  return { backend: 'iptables', why: `iptables (${survey.variant}) with ipset${besides(owners)}. ${nftables}` };
}

/** Why a backend that was asked for cannot be used here, or null. */
export function problemWith(backend: Backend, { nftables, iptables, owners, variant }: Survey): string | null {
  if (backend === 'nftables') return nftables;
  if (iptables !== null) return iptables;
  const isMissing = (backend === 'ufw' || backend === 'firewalld') && !owners.includes(backend);
  return isMissing
    ? `${backend} is not active here: there are no rules of it in iptables (${variant}) or nftables`
    : null;
}

function besides(owners: readonly Owner[]): string {
  if (owners.length === 0) return '';
  return `; the rules of ${owners.join(' and ')} are left alone, ours come before them`;
}
