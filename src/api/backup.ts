/**
 * A backup of what a host has learned. As a file it is one JSON object, with a line for each ban, past ban, allowed network
 * and known network of a login; it goes to the daemon in parts of the same form.
 */
import * as z from 'zod/mini';
import { BAN_CAUSES } from '../core/types.ts';

/** Milliseconds since the epoch, no later than a `Date` can tell (ECMA-262, "Time Values"). */
const TIME = z.number().check(z.gte(0), z.lte(8.64e15));
/** A login in a log line may be as long as the line. */
const RECORDED_SUBJECT = z.string().check(z.minLength(1), z.maxLength(20_000));
const NETWORK = z.string().check(z.minLength(1), z.maxLength(100));
const BAN_RECORD = {
  subject: RECORDED_SUBJECT,
  since: TIME,
  /** Null means permanent. */
  until: z.nullable(TIME),
  cause: z.enum(BAN_CAUSES),
  reason: z.string().check(z.maxLength(2_000)),
  offence: z.int().check(z.gte(0)),
  evidence: z.array(z.string().check(z.maxLength(20_000))).check(z.maxLength(100)),
  behindProxy: z.optional(z.literal(true)),
};

/** What a backup holds, one object of each. */
const BACKUP_BAN = z.strictObject(BAN_RECORD);
export type BackupBan = z.infer<typeof BACKUP_BAN>;
const BACKUP_PAST_BAN = z.strictObject({
  ...BAN_RECORD,
  endedAt: TIME,
  ended: z.enum(['expired', 'unbanned', 'replaced']),
});
export type BackupPastBan = z.infer<typeof BACKUP_PAST_BAN>;
const BACKUP_ALLOWED = z.strictObject({ network: NETWORK, note: z.string().check(z.maxLength(500)), since: TIME });
export type BackupAllowed = z.infer<typeof BACKUP_ALLOWED>;
/** A network from which a login has worked. */
const BACKUP_KNOWN = z.strictObject({
  login: RECORDED_SUBJECT,
  network: NETWORK,
  last: TIME,
});
export type BackupKnown = z.infer<typeof BACKUP_KNOWN>;

const records = <Schema extends z.ZodMiniType>(schema: Schema) =>
  z.optional(z.array(schema).check(z.maxLength(1_000_000)));

/** A part of a backup, as it goes to the daemon. */
export const RESTORE_REQUEST = z.strictObject({
  allowed: records(BACKUP_ALLOWED),
  history: records(BACKUP_PAST_BAN),
  bans: records(BACKUP_BAN),
  knownGood: records(BACKUP_KNOWN),
});
export type RestoreRequest = z.infer<typeof RESTORE_REQUEST>;

/** How many of each were new here, and what was left out, each with why. */
export interface RestoreAnswer {
  readonly allowed: number;
  readonly history: number;
  readonly bans: number;
  readonly knownGood: number;
  readonly skipped: readonly string[];
}

export const MARK = 'tailban-backup';
/** Of the format, not of tailban. */
export const VERSION = 1;

const BACKUP = z.required(
  z.strictObject({
    [MARK]: z.literal(VERSION),
    /** Of tailban. */
    version: z.string(),
    /** Milliseconds since the epoch. */
    written: z.number(),
    ...RESTORE_REQUEST.shape,
  }),
);
export type Backup = z.infer<typeof BACKUP>;

/** The lists in the order in which they are written, and taken over: whom an allowed network covers is not banned. */
export const LISTS = ['allowed', 'history', 'bans', 'knownGood'] as const;

/** Whether a text is a backup, also one whose keys another program has sorted. */
export function isBackup(text: string): boolean {
  if (/^[\s\uFEFF]*\{\s*"tailban-backup"\s*:/.test(text)) return true;
  if (!text.includes(`"${MARK}"`)) return false;
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return typeof value === 'object' && value !== null && Object.hasOwn(value, MARK);
  } catch {
    return false;
  }
}

/** What is in a backup, or the first thing that is wrong with it. */
export function readFormat(value: unknown): z.core.util.SafeParseResult<Backup> {
  return z.safeParse(BACKUP, value);
}
