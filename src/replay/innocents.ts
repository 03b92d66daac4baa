/**
 * Whom the bans would have hurt: banned subjects that also logged in with success. Whether they are innocent is a guess
 * from what they did, and said as one. A success counts only for the address that it came from: an attacker is not
 * innocent because somebody else logs in by the login that he attacks.
 */
import type { Subject } from '../core/types.ts';
import type { BanRecord, Dossier } from './dossier.ts';
import { type Change, limitName, sparing } from './sparing.ts';
import type { Tally } from './tally.ts';

/**
 * - `innocent`: failed with the very logins that it also used with success, or for something else than logins.
 * - `attacked`: a login that others tried; its owner, who logs in from elsewhere, would have been locked out with them.
 * - `shared`: logged in before, but failed mostly with other logins: several people behind one address, or a mail server.
 * - `guessed`: got in only after many failures: perhaps a password was guessed.
 */
export const CASES = ['innocent', 'attacked', 'shared', 'guessed'] as const;
export type Case = (typeof CASES)[number];

export interface Innocent {
  readonly subject: Subject;
  readonly case: Case;
  /** In the order of time; at least one. */
  readonly bans: readonly BanRecord[];
  /** The failed logins that led to the first ban for failed logins; null where there was none. */
  readonly failures: Tally | null;
  readonly successes: Tally;
  /** How many of the successes came before the first ban, fell into a ban, and came later. */
  readonly before: number;
  readonly during: number;
  readonly after: number;
  /** The smallest changes of limits that would have spared it; all are needed. */
  readonly spared: readonly Change[];
}

/** More wrong passwords than that before the first right one are no typing errors. */
const MOST_TYPING_ERRORS = 20;

/** Who is most probably innocent comes first. */
export function findInnocents(banned: Iterable<Dossier>): Innocent[] {
  const found: Innocent[] = [];
  for (const one of banned) {
    const { subject, bans, failures, successes, before, during } = one;
    if (successes === null) continue;
    found.push({
      subject,
      case: caseOf(one, successes),
      bans,
      failures,
      successes,
      before,
      during,
      after: successes.total - before - during,
      spared: one.peaks.flatMap((peak) => sparing(limitName(subject, peak), [peak]) ?? []),
    });
  }
  return found.sort(byInnocence);
}

function caseOf({ subject, failures, before }: Dossier, successes: Tally): Case {
  if (failures === null) return before > 0 ? 'innocent' : 'shared';
  const { own, named } = shares(failures, successes, subject.type === 'login');
  // Where no line names anybody, it may have been the same one.
  const isOwn = named === 0 || own * 2 >= named;
  const isGuess = before === 0 && failures.total > MOST_TYPING_ERRORS;
  if (isOwn) return isGuess ? 'guessed' : 'innocent';
  if (subject.type === 'login') return 'attacked';
  return before > 0 ? 'shared' : 'guessed';
}

/** How many of the failures named somebody, and how many of these somebody who also succeeded. */
function shares(failures: Tally, successes: Tally, isLogin: boolean): { own: number; named: number } {
  const known = new Set([...successes.names.keys()].map((name) => (isLogin ? name : localPart(name))));
  let own = 0;
  let named = failures.others;
  for (const [name, count] of failures.names) {
    named += count;
    if (known.has(isLogin ? name : localPart(name))) own += count;
  }
  return { own, named };
}

/** Servers write one login with its domain or without. */
function localPart(login: string): string {
  return login.replace(/@.*$/s, '');
}

function byInnocence(one: Innocent, other: Innocent): number {
  return (
    CASES.indexOf(one.case) - CASES.indexOf(other.case) ||
    other.during - one.during ||
    other.successes.total - one.successes.total ||
    (one.bans[0]?.ban.since ?? 0) - (other.bans[0]?.ban.since ?? 0)
  );
}
