/** The contract between a source and the daemon. A source reads bytes; it knows nothing of what the lines mean. */
import type { Millis } from '../core/types.ts';

/** Where reading goes on after a restart. Kept by the store as JSON under `positionKey`. */
export type Position = FilePosition | JournalPosition | WebhookPosition;

/** A log file is known by device, inode and its first bytes, never by its name alone: names rotate, inodes are reused. */
export interface FilePosition {
  readonly type: 'file';
  readonly source: string;
  readonly path: string;
  readonly device: number;
  readonly inode: number;
  /** Everything before this byte has been delivered; always the start of a line. */
  readonly offset: number;
  readonly fingerprint: Fingerprint;
  /** When the file had last been changed as it was read, by its file system: what was made after that is unread. */
  readonly modified?: Millis;
}

/** A hash over the first `length` bytes of a file. */
export interface Fingerprint {
  readonly length: number;
  readonly hash: string;
}

export interface JournalPosition {
  readonly type: 'journal';
  readonly source: string;
  readonly cursor: string;
}

/** A webhook goes on by itself; what is kept are the events that it may send once more. */
export interface WebhookPosition {
  readonly type: 'webhook';
  readonly source: string;
  readonly ids: readonly string[];
}

/** The key of a position in the store: one per log file (by source, device and inode), per journal or per webhook. */
export function positionKey(position: Position): string {
  return position.type === 'file'
    ? `${position.source}:${position.device}:${position.inode}`
    : `${position.source}:${position.type}`;
}

/**
 * Complete lines, each ended by a newline, and the position behind them. `data` is only valid during the call; it is
 * empty where there is only a position to keep, such as that of a file that has just been found.
 */
export interface Chunk {
  readonly source: string;
  /** The file's path, `journal` or `webhook`. */
  readonly origin: string;
  /** `text` holds log lines, `journal` holds one JSON object of journalctl a line. */
  readonly format: 'text' | 'journal';
  readonly data: Buffer;
  readonly position: Position;
  /** How many lines of this chunk were longer than 16 KiB and have been cut to that. */
  readonly cut: number;
}

/** What a source tells the daemon. All calls are synchronous; a chunk counts as read when `chunk` returns. */
export interface Sink {
  chunk(chunk: Chunk): void;
  /** A file is going to be read from here on that no position was known of. */
  begin(position: Position): void;
  /** The file behind this position has been read to its end and is gone for good. */
  forget(position: Position): void;
  /** Something an admin should know, once per problem and not once per try. */
  warn(message: string): void;
  info(message: string): void;
}

export interface Source {
  readonly name: string;
  /** Whether a file of this path is one of its logs; absent where it reads no files. */
  readonly follows?: (path: string) => boolean;
  /**
   * Begins to read at the stored positions, or without any at about `since`, and goes on until `stop`. Resolves when
   * everything that was there at the call has been delivered. A problem (file missing, unreadable, journalctl dying) is
   * reported through the sink and tried again; it never rejects for that.
   */
  start(positions: readonly Position[], since: Millis, sink: Sink): Promise<void>;
  stop(): Promise<void>;
  status(): SourceStatus;
}

export interface SourceStatus {
  readonly name: string;
  readonly state: 'starting' | 'reading' | 'waiting' | 'failed' | 'stopped';
  /** What is wrong, for `waiting` and `failed`. */
  readonly problem: string | null;
  /** The files that are being followed, `journal`, or the address of a webhook. */
  readonly origins: readonly { readonly origin: string; readonly offset: number; readonly size: number }[];
}

/** The time that a line carries, or null; how the file source finds where to begin. */
export type TimeOfLine = (line: string) => Millis | null;
