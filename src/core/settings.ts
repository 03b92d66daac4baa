/** What the judge goes by. */
import type { Network } from './ip.ts';
import type { LoginNameSettings } from './login-names.ts';
import type { ForwardingHeader, Limit, Millis } from './types.ts';

/** The limit for one kind of failure; `banTime` overrides the common one, null there means permanent. */
export interface LimitSetting extends Limit {
  readonly banTime?: Millis | null;
}

/** Repeat offenders: the nth ban lasts `factor ** (n - 1)` times as long, up to `max`. */
export interface Increment {
  readonly factor: number;
  readonly max: Millis;
  /** A subject that behaved for so long after its last ban begins at one again. */
  readonly forgetAfter: Millis;
}

/** How logins are treated, beside their limit. */
export interface LoginSettings {
  readonly names: LoginNameSettings;
  readonly knownGood: KnownGoodSettings;
  /** A wrong password that is tried again counts once within the period, where the log tells passwords apart. */
  readonly distinct: boolean;
  /** A server refuses locked logins: what fails on one then is our own doing. */
  readonly enforced: boolean;
  /** Every server that does lets the owners in from the networks that are known for them. */
  readonly sparesOwners: boolean;
  /** Addresses that try a locked login, and never knew its password, are banned at once. */
  readonly banAttackers: boolean;
}

export interface KnownGoodSettings {
  /** For how long after its last success a network is known; null remembers nobody. */
  readonly memory: Millis | null;
  /** Addresses that share so many bits are one origin. */
  readonly prefix4: number;
  readonly prefix6: number;
  /** How many pairs of login and network are remembered. */
  readonly max: number;
}

/** What may only happen so often, or so many times at once: who is over it is refused until there is room again. */
export interface RequestSettings {
  /** Attempts to log in of one address, over all services; null is off, also in what follows. */
  readonly authentication: Limit | null;
  /** What counts as such where it is asked about beforehand: all attempts, or only those that the logs call failed. */
  readonly counts: 'attempts' | 'failures';
  /** HTTP requests of one address that are attempts to log in. */
  readonly jmapAuthentication: Limit | null;
  /** HTTP requests of one address without a login. */
  readonly anonymous: Limit | null;
  /** HTTP requests of one account. */
  readonly account: Limit | null;
  /** Who is over a rate so often is banned. */
  readonly escalate: LimitSetting | null;
  /** How many addresses and accounts are remembered. */
  readonly cacheSize: number;
  /** Requests of one account at the same time. */
  readonly concurrentRequests: number;
  readonly concurrentUploads: number;
  /** The paths whose requests count where logs tell of them; `*` stands for anything. */
  readonly paths: readonly string[];
  /** Those of them where one logs in, and where one uploads. */
  readonly loginPaths: readonly string[];
  readonly uploadPaths: readonly string[];
  /** How long a request holds its slot where nobody tells of its end. */
  readonly lease: Millis;
  /** Requests are asked about before they are served, so that their lines in a log tell of nothing new. */
  readonly gated: boolean;
  /** Whether a proxy's word on who its client is counts. */
  readonly useForwarded: boolean;
  /** The header that the proxies write: the other one they pass on as the client sent it. */
  readonly forwardedHeader: ForwardingHeader;
  readonly trustedProxies: readonly Network[];
}

export interface JudgeSettings {
  /** Null switches a limit off. */
  readonly limits: {
    readonly authentication: LimitSetting | null;
    readonly 'invalid-rcpt': LimitSetting | null;
    readonly loitering: LimitSetting | null;
    readonly scan: LimitSetting | null;
  };
  /** Failed logins on one login name, from whatever addresses. */
  readonly loginLimit: LimitSetting | null;
  readonly logins: LoginSettings;
  readonly requests: RequestSettings;
  /** Null means permanent. */
  readonly banTime: Millis | null;
  readonly increment: Increment | null;
  /** IPv6 addresses are counted and banned together in prefixes of so many bits. */
  readonly ipv6Prefix: number;
  readonly maxSubjects: number;
}
