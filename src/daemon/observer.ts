/** What the guard and the queues of the enforcers tell whoever keeps accounts of it. None of it may wait or fail. */
import type { Ban, Change, Subject } from '../core/types.ts';

export interface Observer {
  /** A ban was made; one that takes the place of another is one too. */
  banned(ban: Ban): void;
  /** A ban has come to its end. */
  expired(ban: Ban): void;
  /** A subject is free before that: by hand, or because it is allowed now. */
  lifted(subject: Subject): void;
  /** An enforcer has carried these out. */
  applied(enforcer: string, changes: readonly Change[]): void;
  /** A call of an enforcer failed. */
  failed(enforcer: string): void;
}
