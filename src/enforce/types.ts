/** The contract between the daemon and whatever carries bans out. */
import type { Ban, Change, LoginHandling, Millis, Subject } from '../core/types.ts';

/** A subject that is shut out somewhere, and until when; null is for good. */
export interface Held {
  readonly subject: Subject;
  readonly until: Millis | null;
}

export interface Enforcer {
  /** Such as `nftables`. */
  readonly name: string;
  /** What becomes of locked logins; null where it has nothing to do with them. */
  readonly logins: LoginHandling | null;
  /** Bans do not end there by themselves, as they do in the kernel: it has to be told of the end of each. */
  readonly needsEnds?: true;
  /** It acts on packets, so it never meets those who are only known from a proxy, and must not hit the proxy. */
  readonly blocksPackets?: true;
  /** Whether this enforcer can do anything about such a subject. */
  handles(subject: Subject): boolean;
  /**
   * Carries out one batch, all or nothing; a ban that is there already is brought to the new end, an unban of what is
   * not there is no error. The first call of all is `reset`, so that the outside is known.
   * @throws EnforceError
   */
  apply(changes: readonly Change[]): Promise<void>;
  /** Brings the outside to exactly these bans in one step, whatever was there before. @throws EnforceError */
  reset(bans: readonly Ban[]): Promise<void>;
  /** Whether the outside still looks as `reset` and `apply` left it; false after a foreign flush. @throws EnforceError */
  intact(): Promise<boolean>;
  /** What the outside still holds, to be adopted when the store is lost. */
  remaining(): Promise<readonly Held[]>;
  /** Removes every trace of us. */
  remove(): Promise<void>;
}
