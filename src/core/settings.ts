/** What the judge goes by. */
import type { Limit, Millis } from './types.ts';

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
  /** Null means permanent. */
  readonly banTime: Millis | null;
  readonly increment: Increment | null;
  /** IPv6 addresses are counted and banned together in prefixes of so many bits. */
  readonly ipv6Prefix: number;
  readonly maxSubjects: number;
}
