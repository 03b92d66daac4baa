/** What the judge is asked, and what it answers. */
import type { Address } from './ip.ts';
import type { Ban, FailureKind, Limit, Millis, RateName, Subject } from './types.ts';

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
  /** A password is about to be looked at, which counts as an attempt; where it is missing, nothing counts. */
  readonly isAttempt?: boolean;
}

/** What the judge says to it: how many failures there are against the address or the login, or which ban forbids it. */
export type Answer =
  | { readonly type: 'allow'; readonly failures: number }
  | { readonly type: 'refuse'; readonly ban: Ban }
  | { readonly type: 'wait'; readonly rate: RateState };

/** Where somebody stands in one rate. */
export interface RateState {
  readonly name: RateName;
  readonly limit: Limit;
  readonly remaining: number;
  /** When there is room for one more; in the past where there is some. */
  readonly freeAt: Millis;
  /** When the oldest leaves the window; null where it is empty. */
  readonly nextLeaves: Millis | null;
}

/** Somebody is about to be served an HTTP request. */
export interface Request {
  /** The client, not a proxy. */
  readonly ip: Address;
  /** The address is known from a proxy only. */
  readonly behindProxy: boolean;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Who it is, by credentials or by the server's word; null for nobody. */
  readonly account: Account | null;
  /** What the web server calls this request; null where it does not say. */
  readonly id: string | null;
}

export interface Account {
  /** The login, where it is known. */
  readonly login: string | null;
  /** What tells these credentials from others, never the credentials themselves; null where the server has checked them. */
  readonly credentials: string | null;
}

/** Whether a request may go on, and the bans that the refusal of it leads to. */
export type Admission =
  | { readonly type: 'admit'; readonly rate: RateState | null }
  | { readonly type: 'banned'; readonly ban: Ban }
  | { readonly type: 'limited'; readonly rate: RateState; readonly bans: readonly Ban[] }
  | { readonly type: 'busy'; readonly what: 'requests' | 'uploads'; readonly most: number };

/** Somebody who is over a rate, or runs as much as may run at once. */
export interface Limited {
  readonly subject: string;
  readonly rate: RateName;
  readonly limit: Limit;
  readonly freeAt: Millis;
}
