/** The configuration as the rest of tailban takes it: checked, complete, times in milliseconds, networks parsed. */
import type { Network } from '../core/ip.ts';
import type { JudgeSettings, RequestSettings } from '../core/settings.ts';
import type { FailureKind, Limit, Millis, Subject } from '../core/types.ts';

/** What the judge goes by, and all the rest; null limits are switched off, a null ban time is for ever. */
export interface Config extends JudgeSettings {
  /** Off: nothing is banned, and our table is removed from the firewall. */
  readonly enabled: boolean;
  /** Each has its ban time, be it of its own or the common one. */
  readonly limits: Readonly<Record<FailureKind, LimitRule | null>>;
  readonly loginLimit: LimitRule | null;
  /** A file with further names of logins. */
  readonly aliasFile: string | null;
  /** Never banned, from `allowed-ip` (no name) and from the networks with `never-block`. */
  readonly allowed: readonly AllowedNetwork[];
  readonly networks: readonly NamedNetwork[];
  /** Empty: the daemon finds the logs by itself. */
  readonly sources: readonly SourceConfig[];
  readonly firewall: FirewallConfig;
  readonly dovecot: DovecotConfig;
  readonly exim: { readonly denyFile: EximDenyFileConfig };
  readonly postfix: PostfixConfig;
  readonly stalwart: StalwartConfig;
  readonly commands: readonly CommandConfig[];
  readonly store: { readonly path: string; readonly history: Millis };
  readonly api: { readonly socket: string };
  readonly log: {
    readonly level: 'debug' | 'info' | 'warn' | 'error';
    readonly format: 'auto' | 'json' | 'pretty' | 'journal';
    /** Null is standard output. */
    readonly file: string | null;
  };
  readonly metrics: { readonly listen: Endpoint | null };
  readonly notify: readonly NotifyConfig[];
  /** Each limit has its ban time. */
  readonly requests: RequestSettings & { readonly escalate: LimitRule | null };
  readonly http: HttpConfig;
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

export type SourceConfig = FileSourceConfig | JournalSourceConfig | WebhookSourceConfig;

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
  /** Beside them whatever logs as mail or authpriv is read. Null: the units of the filters. */
  readonly units: readonly string[] | null;
}

export interface WebhookSourceConfig extends CommonSourceConfig {
  readonly type: 'webhook';
  readonly listen: Endpoint;
  /** What its requests are signed with. */
  readonly key: string;
}

/** Where a server listens: an address and a TCP port. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Where a gate listens: in the network, or at a unix socket. */
export type Listen = Endpoint | { readonly path: string };

/** Stalwart's management API. */
export interface StalwartConfig {
  /** Null: it is told nothing. */
  readonly url: string | null;
  readonly token: string | null;
  readonly tokenFile: string | null;
  readonly version: 'auto' | '0.15' | '0.16';
  readonly addresses: boolean;
  readonly logins: boolean;
}

export interface FirewallConfig {
  readonly backend: 'auto' | 'nftables' | 'iptables' | 'firewalld' | 'ufw' | 'none';
  /** TCP ports; empty is every port and protocol. */
  readonly ports: readonly number[];
  readonly action: 'drop' | 'reject';
  /** Of iptables, for the backend of that name. */
  readonly chains: readonly string[];
}

export interface PostfixConfig {
  readonly action: 'reject' | 'defer' | 'hang-up';
  /** Printable ASCII. */
  readonly text: string;
  /** Null where nobody is to ask. */
  readonly policy: Listen | null;
  readonly socketmap: Listen | null;
}

/** Where a web server asks before it serves a request. */
export interface HttpConfig {
  readonly gate: {
    /** Null where nobody is to ask. */
    readonly listen: Listen | null;
    readonly key: string | null;
    /** In lower case. */
    readonly accountHeader: string | null;
  };
  readonly denyFile: {
    /** Null: no such file is written. */
    readonly path: string | null;
    readonly format: 'nginx' | 'list';
    readonly reload: readonly [string, ...string[]] | null;
  };
}

export interface DovecotConfig {
  readonly authPolicy: AuthPolicyConfig;
  readonly denyFile: DovecotDenyFileConfig;
}

export interface DovecotDenyFileConfig {
  /** Null: no such file is written. */
  readonly path: string | null;
  readonly spareOwners: boolean;
  readonly addresses: boolean;
  readonly kick: boolean;
}

/** Null: no such file is written. */
export interface EximDenyFileConfig {
  readonly logins: string | null;
  readonly addresses: string | null;
}

export interface CommandConfig {
  readonly name: string;
  readonly ban: readonly [string, ...string[]];
  readonly unban: readonly [string, ...string[]] | null;
  readonly reset: readonly [string, ...string[]] | null;
  readonly batch: boolean;
  readonly types: readonly Subject['type'][];
  /** Whether a server refuses locked logins because of it: what fails then counts against nobody. */
  readonly refusesLogins: boolean;
  readonly timeout: Millis;
}

export interface AuthPolicyConfig {
  /** Null: nobody may ask. */
  readonly listen: Endpoint | null;
  readonly key: string | null;
  /** Null delays nobody. */
  readonly maxDelay: Millis | null;
  /** Whether what Dovecot reports is an event. */
  readonly reports: boolean;
  readonly message: string;
}

/** Somebody who is told what happens. */
export interface NotifyConfig {
  readonly name: string;
  readonly way:
    | { readonly type: 'webhook'; readonly url: string; readonly key: string | null }
    | {
        readonly type: 'mail';
        readonly recipients: readonly string[];
        /** Null: tailban at this host. */
        readonly from: string | null;
        /** Both null: the sendmail of this host, or where that cannot be used, SMTP on loopback. */
        readonly sendmail: string | null;
        readonly smtp: Endpoint | null;
      }
    | { readonly type: 'command'; readonly argv: readonly [string, ...string[]] };
  readonly events: readonly ('ban' | 'unban' | 'login' | 'enforcer' | 'source' | 'store')[];
  /** How long to gather. */
  readonly every: Millis;
  /** Messages in a period; null is no limit. */
  readonly max: Limit | null;
}
