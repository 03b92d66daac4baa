/** The configuration as the rest of tailban takes it: checked, complete, times in milliseconds, networks parsed. */
import type { Network } from '../core/ip.ts';
import type { JudgeSettings } from '../core/settings.ts';
import type { FailureKind, Limit, Millis } from '../core/types.ts';

/** What the judge goes by, and all the rest; null limits are switched off, a null ban time is for ever. */
export interface Config extends JudgeSettings {
  /** Off: nothing is banned, and our table is removed from the firewall. */
  readonly enabled: boolean;
  /** Each has its ban time, be it of its own or the common one. */
  readonly limits: Readonly<Record<FailureKind, LimitRule | null>>;
  readonly loginLimit: LimitRule | null;
  /** Never banned, from `allowed-ip` (no name) and from the networks with `never-block`. */
  readonly allowed: readonly AllowedNetwork[];
  readonly networks: readonly NamedNetwork[];
  /** Empty: the daemon finds the logs by itself. */
  readonly sources: readonly SourceConfig[];
  readonly firewall: FirewallConfig;
  readonly store: { readonly path: string; readonly history: Millis };
  readonly api: { readonly socket: string };
  readonly log: {
    readonly level: 'debug' | 'info' | 'warn' | 'error';
    readonly format: 'auto' | 'json' | 'pretty';
  };
  /** Not counted in this version. */
  readonly requests: RequestLimits;
}

export interface LimitRule extends Limit {
  /** How long the first ban lasts; null is for ever. */
  readonly banTime: Millis | null;
}

export interface AllowedNetwork {
  readonly network: Network;
  readonly name: string | null;
}

export interface NamedNetwork {
  readonly name: string;
  readonly networks: readonly Network[];
  readonly neverBlock: boolean;
}

export type SourceConfig = FileSourceConfig | JournalSourceConfig;

interface CommonSourceConfig {
  readonly name: string;
  /** Null is all of them. */
  readonly filters: readonly string[] | null;
  /** IANA name; null is the host's own. */
  readonly zone: string | null;
}

export interface FileSourceConfig extends CommonSourceConfig {
  readonly type: 'files';
  /** Absolute globs. */
  readonly files: readonly string[];
}

export interface JournalSourceConfig extends CommonSourceConfig {
  readonly type: 'journal';
  /** Null is all of the journal. */
  readonly units: readonly string[] | null;
}

export interface FirewallConfig {
  readonly backend: 'auto' | 'nftables' | 'none';
  /** TCP ports; empty is every port and protocol. */
  readonly ports: readonly number[];
  readonly action: 'drop' | 'reject';
}

/** Each limit is null where it is off. */
export interface RequestLimits {
  readonly authentication: Limit | null;
  readonly useForwarded: boolean;
  readonly jmapAuthentication: Limit | null;
  readonly anonymous: Limit | null;
  readonly account: Limit | null;
  readonly cacheSize: number;
  readonly concurrentRequests: number;
  readonly concurrentUploads: number;
}
