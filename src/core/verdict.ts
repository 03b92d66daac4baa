/** What the judge is asked, and what it answers. */
import type { Address } from './ip.ts';
import type { Ban, FailureKind, Limit, Millis, Subject } from './types.ts';

/** One counter that an event moved. */
export interface Count {
  readonly subject: Subject;
  readonly kind: FailureKind;
  readonly count: number;
  readonly limit: Limit;
}

/** How close a subject is to a limit. */
export interface Standing extends Count {
  /** When the first of the failures in the window that ends now was; null without any. */
  readonly oldest: Millis | null;
  /** How long the ban would last; null means permanent. */
  readonly banTime: Millis | null;
}

/** What the judge says of an event. */
export type Verdict =
  | { readonly type: 'ignored'; readonly why: string }
  | { readonly type: 'counted'; readonly counts: readonly Count[] }
  | { readonly type: 'banned'; readonly counts: readonly Count[]; readonly bans: readonly Ban[] };

/** Somebody is about to log in; null where the asker does not know. */
export interface Question {
  readonly ip: Address | null;
  readonly login: string | null;
}

/** What the judge says to it: how many failures there are against the address or the login, or which ban forbids it. */
export type Answer =
  | { readonly type: 'allow'; readonly failures: number }
  | { readonly type: 'refuse'; readonly ban: Ban };
