/** What Stalwart's two management APIs, that up to 0.15 and that from 0.16 on, have in common: a list of blocked addresses. */
import { parseSubject, subjectKey } from '../../core/subject.ts';
import type { Millis } from '../../core/types.ts';

/** An address or a network to block. */
export interface Block {
  readonly address: string;
  /** Null means permanent. */
  readonly until: Millis | null;
  readonly reason: string;
}

/** Every method throws an EnforceError where the server did not do it; part of it may be done then. */
export interface BlockList {
  /** Every address and network that is blocked, whoever did it. Null where the server does not have this API. */
  read(): Promise<ReadonlySet<string> | null>;
  /** Which of these are blocked. */
  among(addresses: readonly string[]): Promise<ReadonlySet<string>>;
  /** Blocks, where that is done already until another time. */
  block(blocks: readonly Block[]): Promise<void>;
  /** What is not blocked is no error. */
  unblock(addresses: readonly string[]): Promise<void>;
  /** Makes what was changed take effect, also what an earlier try has changed. */
  reload(): Promise<void>;
}

/** The one spelling of an address or network; null for what is none. */
export function addressKey(text: string): string | null {
  const subject = parseSubject(text);
  return subject === null || subject.type === 'login' ? null : subjectKey(subject);
}

/** Requests of a bounded size. */
export function* piecesOf<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size);
}

/** The value at a path of keys in a JSON answer; undefined where there is none. */
export function valueAt(answer: unknown, ...path: readonly (string | number)[]): unknown {
  let value = answer;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string | number, unknown>)[key];
  }
  return value;
}

/** The entries of a JSON object; none where it is no object. */
export function entriesAt(answer: unknown, ...path: readonly (string | number)[]): [string, unknown][] {
  const value = valueAt(answer, ...path);
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}
