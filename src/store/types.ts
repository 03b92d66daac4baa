/** What the store keeps: bans with their history, and the daemon's state between two checkpoints. */
import type { Network } from '../core/ip.ts';
import type { Ban, FailureKind, Millis } from '../core/types.ts';

/** A ban and how it ended. Both are null while it holds. */
export interface BanRecord extends Ban {
  readonly endedAt: Millis | null;
  /** `replaced`: a later ban of the same subject took its place. */
  readonly ended: 'expired' | 'unbanned' | 'replaced' | null;
}

/** A ban that is over. */
export type PastBan = BanRecord & { readonly endedAt: Millis; readonly ended: 'expired' | 'unbanned' | 'replaced' };

/** An entry of the allow-list that was made at run time. */
export interface AllowedNetwork {
  readonly network: Network;
  readonly note: string;
  readonly since: Millis;
}

/** The failures of one subject inside the window of one kind, oldest first. */
export interface Counter {
  readonly subject: string;
  readonly kind: FailureKind;
  readonly times: readonly Millis[];
}

/** Begins the key of a subject's evidence. */
export const EVIDENCE = 'evidence ';
/** Under it and a pair of login and network: when the login last worked from there. */
export const KNOWN_GOOD = 'known ';

/**
 * Everything that changed since the last checkpoint; it is written in one transaction, so that positions and counts
 * always belong to the same instant. A null or empty value deletes the row.
 */
export interface Checkpoint {
  readonly positions: ReadonlyMap<string, string | null>;
  readonly counters: Iterable<Counter>;
  /** State of lines that wait for other lines, by key; under `EVIDENCE` and a subject, its last lines as JSON. */
  readonly joins: ReadonlyMap<string, string | null>;
}
