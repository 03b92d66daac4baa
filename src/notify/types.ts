/** What somebody may be told, and in how large pieces. */
import type { BanCause, Millis, Subject } from '../core/types.ts';

export type NoticeKind = 'ban' | 'unban' | 'login' | 'enforcer' | 'source' | 'store';

export type Notice =
  | {
      /** `login` is the lock of a login, `ban` the ban of an address or network. */
      readonly kind: 'ban' | 'login';
      readonly time: Millis;
      readonly subject: string;
      readonly type: Subject['type'];
      readonly cause: BanCause;
      readonly reason: string;
      readonly until: Millis | null;
      readonly offence: number;
    }
  | {
      readonly kind: 'unban';
      readonly time: Millis;
      readonly subject: string;
      readonly type: Subject['type'];
      readonly why: 'expired' | 'lifted';
    }
  | {
      readonly kind: 'enforcer' | 'source' | 'store';
      readonly time: Millis;
      /** Such as `nftables`. */
      readonly name: string;
      /** Null: it works again. */
      readonly problem: string | null;
    };

/** Notices that are only counted, because there were too many. */
export type Omitted = Readonly<Partial<Record<NoticeKind, number>>>;

/** What is sent at once. */
export interface Message {
  /** The same at each try, so that a receiver can tell that it knows it. */
  readonly id: string;
  readonly host: string;
  readonly time: Millis;
  readonly notices: readonly Notice[];
  readonly omitted: Omitted;
}

/** Sends one message. It has to come to an end by itself, at once when the signal aborts if it can. @throws Error with a sentence */
export type Deliver = (message: Message, signal: AbortSignal) => Promise<void>;
