/**
 * Lists of bans as other programs write them, read into one form. Whatever is no ban is told with its place and left
 * out; a list is never refused for one bad line.
 */
import { LONGEST_SUBJECT } from '../../api/contract.ts';
import { parseDuration } from '../../core/duration.ts';
import { parseSubject, subjectKey } from '../../core/subject.ts';
import type { Millis } from '../../core/types.ts';

export interface ImportEntry {
  /** As the API takes it. */
  readonly subject: string;
  /** Null for ever; left out where the list does not say. */
  readonly until?: Millis | null;
  readonly reason?: string;
}

export interface Reading {
  readonly entries: readonly ImportEntry[];
  /** What was left out, each with its place and why. */
  readonly skipped: readonly string[];
}

export type ImportFormat = 'stalwart' | 'plain' | 'json';

/** The prefix under which Stalwart keeps blocked addresses. */
export const BLOCKED = 'server.blocked-ip.';
/** A number of seconds since 1970 stays below this until the year 5138; milliseconds have been above it since 1973. */
const FIRST_MILLIS = 1e11;

/** A key of Stalwart at the beginning of a line, not a login or a comment that only mentions it. */
const BLOCKED_KEY = /^[ \t]*\[*[ \t]*["']?(?:server["']?\.["']?)?blocked-ip\b/m;

/** What a text looks like: JSON, keys of Stalwart, or lines with addresses. */
export function guessFormat(text: string): ImportFormat {
  if (/^[\s\uFEFF]*\{|^[\s\uFEFF]*\[\s*[[\]{"]/.test(text) && isJson(text)) return 'json';
  return BLOCKED_KEY.test(text) ? 'stalwart' : 'plain';
}

/** A subject as it stands in a list; null where it is none, or longer than any, for which the API would refuse the rest too. */
export function listedSubject(text: string): string | null {
  const subject = text.length > LONGEST_SUBJECT ? null : parseSubject(text);
  return subject === null ? null : subjectKey(subject);
}

/**
 * When a ban ends: a time (ISO 8601, or a number of seconds or milliseconds), how long it lasts from now, or `never`.
 * Undefined where the text says none of that.
 */
export function readExpiry(text: string, now: Millis): Millis | null | undefined {
  if (/^(?:never|permanent)$/i.test(text)) return null;
  if (/^\d{9,15}$/.test(text)) return readInstant(Number(text));
  if (/^\d{4}-\d\d-\d\d/.test(text)) {
    const time = Date.parse(text);
    return Number.isNaN(time) ? undefined : time;
  }
  try {
    return now + parseDuration(text);
  } catch {
    return undefined;
  }
}

/** A number of seconds or of milliseconds. */
export function readInstant(number: number): Millis | undefined {
  if (!Number.isFinite(number) || number < 0) return undefined;
  return number < FIRST_MILLIS ? number * 1000 : number;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text.replace(/^\uFEFF/, ''));
    return true;
  } catch {
    return false;
  }
}
