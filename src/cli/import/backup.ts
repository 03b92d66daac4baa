/**
 * Takes over a backup. All of it is checked before any of it goes to the daemon; it goes there in parts, so that logs are
 * read between them. After a failure on the way it can be run again: what is there already stays as it is.
 */
import {
  type Backup,
  LISTS,
  MARK,
  type RestoreAnswer,
  type RestoreRequest,
  readFormat,
  VERSION,
} from '../../api/backup.ts';
import type { ApiClient } from '../../api/client.ts';
import { describeIssue } from '../../api/request-problem.ts';
import { parseNetwork } from '../../core/ip.ts';
import { parseSubject } from '../../core/subject.ts';
import type { Millis } from '../../core/types.ts';
import { CliError, EXIT } from '../exit.ts';

/** With their lines, some megabytes. */
const PART = 5_000;

/** @throws CliError with the first place in the file that cannot be used. */
export function readBackup(text: string, file: string): Backup {
  const value = parse(text, file);
  const format = value[MARK];
  if (typeof format === 'number' && format > VERSION)
    throw new CliError(EXIT.badData, `${file} was written by a newer tailban`, 'Install that one here too');
  const result = readFormat(value);
  if (!result.success) throw wrong(file, describeIssue(result.error.issues[0], value));
  const problem = firstProblem(result.data);
  if (problem !== null) throw wrong(file, problem);
  return result.data;
}

/** What is over by now is not banned again; it stays in the history, for repeat offenders. */
export function upToDate(backup: Backup, now: Millis): Backup {
  const over = backup.bans.flatMap((ban) =>
    ban.until !== null && ban.until <= now ? [{ ...ban, endedAt: ban.until, ended: 'expired' as const }] : [],
  );
  const history = [...backup.history, ...over].sort((one, other) => other.endedAt - one.endedAt);
  return { ...backup, history, bans: backup.bans.filter(({ until }) => until === null || until > now) };
}

/** @throws ApiError where the daemon cannot take over a part; those before it are in force. */
export async function sendBackup(client: ApiClient, backup: Backup): Promise<RestoreAnswer> {
  const total = { allowed: 0, history: 0, bans: 0, knownGood: 0 };
  const skipped: string[] = [];
  for (const list of LISTS) {
    for (let at = 0; at < backup[list].length; at += PART) {
      const part: RestoreRequest = { [list]: backup[list].slice(at, at + PART) };
      const answer = await client.restore(part);
      total[list] += answer[list];
      skipped.push(...answer.skipped);
    }
  }
  return { ...total, skipped };
}

function parse(text: string, file: string): Record<string, unknown> {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, '')) as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw wrong(file, `Cannot read it as JSON: ${error.message}`, error);
  }
}

/** What the format itself does not say: subjects and networks. */
function firstProblem({ allowed, history, bans, knownGood }: Backup): string | null {
  const subjects = Object.entries({ history, bans }).flatMap(([list, records]) => {
    const at = records.findIndex(({ subject }) => parseSubject(subject) === null);
    return at < 0 ? [] : [`"${list}.${at}.subject" is no address, network or login`];
  });
  const networks = Object.entries({ allowed, knownGood }).flatMap(([list, records]) => {
    const at = records.findIndex(({ network }) => parseNetwork(network) === null);
    return at < 0 ? [] : [`"${list}.${at}.network" is no address and no network`];
  });
  return [...subjects, ...networks][0] ?? null;
}

function wrong(file: string, problem: string, cause?: unknown): CliError {
  const hint = 'Nothing of it was taken over; write it anew with: tailban export --all';
  return new CliError(EXIT.badData, `Cannot take over ${file}: ${problem}`, hint, { cause });
}
