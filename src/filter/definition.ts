/** What a filter file says, after its TOML has been read and checked. Plain data; `compile.ts` makes it run. */
import type { Kind } from '../core/types.ts';

/**
 * How a line that matches is to be taken.
 *
 * - `event`: it counts as it stands.
 * - `summary`: the end of a session that does not say how many logins failed on it: it counts as often as echoes and hints of
 *   that session told of one, and at least once.
 * - `echo`: a layer behind the server (Dovecot's auth process, PAM) tells of an attempt that the server's own line
 *   tells too. It counts only if that line does not come, and lends its login if that line has none.
 * - `hint`: as an echo, but good logins write such lines too, so it never counts; it only lends its login.
 * - `held`: waits for the end of its connection and is forgotten if the client turns out to be logged in. Without an
 *   address it also waits for a line of the connection that has one.
 * - `fallback`: as held, and counts only if nothing else did on that connection.
 * - `excused`: an attempt that the server did not judge, through no fault of the client; it explains one failure.
 * - `end`: the end of a connection; `<worked>`/`<tried>` are its logins, `<mails>` its accepted senders, and
 *   `<taken>`/`<given>` its recipients. With a kind it counts as a fallback does.
 * - `start`: the beginning of a connection; it tells whose the later lines are.
 * - `note`: keeps the address for later lines of the connection and explains its end; counts nothing.
 * - `broken`: the server failed; whatever waits on this connection is forgotten.
 */
export const ROLES = [
  'event',
  'summary',
  'echo',
  'hint',
  'held',
  'fallback',
  'excused',
  'end',
  'start',
  'note',
  'broken',
] as const;
export type Role = (typeof ROLES)[number];

export interface Sample {
  /** A whole line, as the log has it. */
  readonly line: string;
  readonly ip?: string | undefined;
  readonly login?: string | undefined;
  readonly attempts?: number | undefined;
}

export interface PatternDefinition {
  readonly name: string;
  readonly as: Role;
  /** Null for roles that make no event. */
  readonly kind: Kind | null;
  /** A second event that the same line makes. */
  readonly also: Kind | null;
  /** For echoes and hints: which layer speaks. One attempt has one line a layer. */
  readonly layer: string;
  /** The line tells of an AUTH that failed without counting as a failed login. */
  readonly explainsLogin: boolean;
  /** A regular expression with tokens such as `<ip>`; it is anchored at both ends of the message. */
  readonly pattern: string;
  readonly samples: readonly Sample[];
}

/** Lines that are read one after another, and the events that come out of them. */
export interface Story {
  readonly name: string;
  readonly lines: readonly string[];
  readonly events: readonly { readonly kind: Kind; readonly ip: string; readonly login?: string | undefined }[];
}

export interface FilterDefinition {
  readonly name: string;
  /** Program names as syslog shows them; `*` stands for anything. */
  readonly programs: readonly string[];
  /** `pid`: each connection has a process to itself, so the process id joins its lines. */
  readonly session: 'pid' | 'none';
  /** The end of every connection is logged, and tells whether the client was logged in: refused recipients wait for it. */
  readonly logsEnds: boolean;
  /**
   * The program also writes a log of its own, without its name in the lines: there a pattern is matched against what
   * stands behind the time stamp that leads the line, or against all of it where none does.
   */
  readonly ownLog: boolean;
  /**
   * The program writes some lines to two logs, which may be one file in the end (Exim's main and reject log over syslog):
   * the second of two equal lines is no event.
   */
  readonly copies: boolean;
  /** Stands in front of every pattern. */
  readonly prefix: string;
  /** systemd units whose journal holds these lines. */
  readonly units: readonly string[];
  readonly patterns: readonly PatternDefinition[];
  /** Lines that must not match anything. */
  readonly negatives: readonly string[];
  readonly stories: readonly Story[];
}
