/** The nouns that every part of tailban shares. Pure data: no behaviour, nothing imported but core. */
import type { Address, Network } from './ip.ts';

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Millis = number;

/** The kinds that count against somebody, and have limits. */
export const FAILURE_KINDS = ['authentication', 'invalid-rcpt', 'loitering', 'scan'] as const;
export type FailureKind = (typeof FAILURE_KINDS)[number];

/** What a line can say: a failure, a login that worked, or a request of which an access log tells. */
export const KINDS = [...FAILURE_KINDS, 'success', 'request'] as const;
export type Kind = (typeof KINDS)[number];

/** One thing that happened at a mail server, read out of a log. */
export interface Event {
  readonly kind: Kind;
  readonly ip: Address;
  /** The login name as the server logged it; null where the line does not carry one. */
  readonly login: string | null;
  /** What tells one wrong password from another, such as the beginning of its hash; missing where the log does not say. */
  readonly password?: string;
  /** When it happened, by the log's own clock. */
  readonly time: Millis;
  /** The filter that recognised it, such as `postfix`. */
  readonly filter: string;
  /** The line itself, kept as evidence. */
  readonly text: string;
  /** What an access log tells of a request; missing for all that is none. */
  readonly request?: RequestInfo;
  /** On whose behalf a proxy asked, as it says; whether it is believed is for the judge. */
  readonly forwarded?: ForwardingHeaders;
}

/** One HTTP request. */
export interface RequestInfo {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** The status of the answer; null where the log does not say. */
  readonly status: number | null;
  /** How long it took, to the end of the answer. */
  readonly duration: Millis | null;
  /** What the web server calls this request. */
  readonly id: string | null;
  /**
   * Whether credentials came with it; null where the log does not say. A log that names no user proves nothing: of tokens
   * servers log no name.
   */
  readonly credentials: boolean | null;
}

/** The headers in which proxies name their clients, unread; several lines of one joined by commas in their order. */
export interface ForwardingHeaders {
  readonly forwarded?: string | undefined;
  readonly xForwardedFor?: string | undefined;
}

export type ForwardingHeader = 'forwarded' | 'x-forwarded-for';

/** Who is counted and banned. */
export type Subject =
  | { readonly type: 'address'; readonly address: Address }
  | { readonly type: 'network'; readonly network: Network }
  | { readonly type: 'login'; readonly login: string };

/**
 * Why a ban is there: a limit that was reached; a rate that is exceeded, which ends when there is room again, or was
 * exceeded too often; an admin, a file, or found in the firewall after the store was lost.
 */
export const BAN_CAUSES = [...FAILURE_KINDS, 'rate-limit', 'escalated', 'manual', 'imported', 'adopted'] as const;
export type BanCause = (typeof BAN_CAUSES)[number];

export interface Ban {
  readonly subject: Subject;
  readonly since: Millis;
  /** When it ends; null means never. */
  readonly until: Millis | null;
  readonly cause: BanCause;
  /** One sentence for the admin. */
  readonly reason: string;
  /** How many bans this subject has had within the memory for repeat offenders, this one included. */
  readonly offence: number;
  /** The last log lines that led to it, oldest first. */
  readonly evidence: readonly string[];
  /** The address has only been seen behind a proxy: a firewall would never meet it, or hit the proxy. */
  readonly behindProxy?: true;
}

/** What an enforcer is told. */
export type Change =
  | { readonly type: 'ban'; readonly ban: Ban }
  | { readonly type: 'unban'; readonly subject: Subject };

/**
 * What becomes of a locked login: its owner gets in from the networks that are known to be good, or nobody does; the last:
 * nobody does, but passwords are still looked at, so what fails is a real guess.
 */
export type LoginHandling = 'spares owners' | 'spares nobody' | 'does not stop guesses';

/** What may only happen so often; named as the settings are. */
export const RATE_NAMES = ['authentication', 'jmap-authentication', 'anonymous', 'account'] as const;
export type RateName = (typeof RATE_NAMES)[number];

/** `count/period`: the Nth failure inside any period trips it. */
export interface Limit {
  readonly count: number;
  readonly period: Millis;
}
