/** What the store keeps between two checkpoints. */
import type { FailureKind, Millis } from '../core/types.ts';

/** The failures of one subject inside the window of one kind, oldest first. */
export interface Counter {
  readonly subject: string;
  readonly kind: FailureKind;
  readonly times: readonly Millis[];
}

/**
 * Everything that changed since the last checkpoint; it is written in one transaction, so that positions and counts
 * always belong to the same instant. A null or empty value deletes the row.
 */
export interface Checkpoint {
  readonly positions: ReadonlyMap<string, string | null>;
  readonly counters: Iterable<Counter>;
  /** State of lines that wait for other lines, by key. */
  readonly joins: ReadonlyMap<string, string | null>;
}
