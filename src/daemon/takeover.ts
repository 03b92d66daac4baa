/**
 * Takes over what another host knew, out of a backup: bans as they were, past bans for repeat offenders, the allow-list,
 * and from where logins work. What this host knows itself goes before it, so taking over twice changes nothing.
 */
import type {
  BackupAllowed,
  BackupBan,
  BackupKnown,
  BackupPastBan,
  RestoreAnswer,
  RestoreRequest,
} from '../api/backup.ts';
import { parseNetwork } from '../core/ip.ts';
import type { Judge } from '../core/judge.ts';
import { pairKey } from '../core/known-good.ts';
import { parseSubject, subjectKey } from '../core/subject.ts';
import type { Ban, Change, Millis, Subject } from '../core/types.ts';
import type { Store } from '../store/store.ts';
import type { PastBan } from '../store/types.ts';

interface Host {
  readonly judge: Judge;
  readonly store: Store;
  readonly now: () => Millis;
}

/** What is to be stored and carried out is left to the caller. */
type TakenOver = RestoreAnswer & { readonly changes: readonly Change[] };

/** The store first: what cannot be written there is not taken over. @throws StoreError */
export function takeOver(request: RestoreRequest, host: Host): TakenOver {
  const now = host.now();
  const skipped: string[] = [];
  const allowed = takeAllowed(request.allowed ?? [], host, skipped);
  const history = takeHistory(request.history ?? [], host, now, skipped);
  const bans = takeBans(request.bans ?? [], host, now, skipped);
  const knownGood = takeKnown(request.knownGood ?? [], host, now, skipped);
  const changes = bans.map((ban): Change => ({ type: 'ban', ban }));
  return { allowed, history, bans: bans.length, knownGood, skipped, changes };
}

function takeAllowed(entries: readonly BackupAllowed[], { store }: Host, skipped: string[]): number {
  const known = new Set<string>(store.allowed().map(({ network }) => network));
  let added = 0;
  for (const { network: text, note, since } of entries) {
    const network = parseNetwork(text);
    if (network === null) skipped.push(`${text} is no address and no network`);
    else if (known.has(network)) skipped.push(`${network} is on the allow-list already`);
    else {
      store.allow(network, note, since);
      added++;
    }
  }
  return added;
}

/** The judge is told only of the last ban of a subject, and only if this host has never banned it. */
function takeHistory(
  entries: readonly BackupPastBan[],
  { judge, store }: Host,
  now: Millis,
  skipped: string[],
): number {
  const past: PastBan[] = [];
  const last = new Map<string, PastBan>();
  for (const entry of entries.toSorted((one, other) => other.endedAt - one.endedAt)) {
    const subject = parseSubject(entry.subject);
    if (subject === null) {
      skipped.push(`${entry.subject} is no address, network or login`);
      continue;
    }
    const { endedAt, ended } = entry;
    const ban = { ...banOf(entry, subject, now), endedAt: Math.min(endedAt, now), ended };
    const key = subjectKey(subject);
    const isNew = judge.activeBan(subject) === undefined && store.history(key, 1).length === 0;
    if (isNew && !last.has(key)) last.set(key, ban);
    past.push(ban);
  }
  const added = store.addHistory(past);
  // The latest last, as they have come about.
  for (const { endedAt, ended, ...ban } of [...last.values()].reverse())
    judge.restore(ended === 'unbanned' ? { ...ban, until: endedAt, offence: 0 } : { ...ban, until: endedAt }, now);
  return added;
}

function takeBans(entries: readonly BackupBan[], { judge }: Host, now: Millis, skipped: string[]): Ban[] {
  return entries.flatMap((entry) => {
    const subject = parseSubject(entry.subject);
    const why = subject === null ? 'is no address, network or login' : whyNot(entry, subject, judge, now);
    if (subject === null || why !== null) {
      skipped.push(`${entry.subject} ${why}`);
      return [];
    }
    const ban = banOf(entry, subject, now);
    judge.restore(ban, now);
    return [ban];
  });
}

function whyNot({ until }: BackupBan, subject: Subject, judge: Judge, now: Millis): string | null {
  const allowed = judge.allowedWithin(subject);
  if (allowed !== null) return `is allowed: ${allowed}`;
  if (until !== null && until <= now) return 'was banned until before now';
  return judge.activeBan(subject) === undefined ? null : 'is banned already';
}

function takeKnown(entries: readonly BackupKnown[], { judge }: Host, now: Millis, skipped: string[]): number {
  let added = 0;
  for (const { login, network: text, last } of entries) {
    const network = parseNetwork(text);
    const subject = judge.loginSubject(login);
    if (network === null || subject?.type !== 'login') {
      skipped.push(`${login} from ${text} is no login and network`);
      continue;
    }
    const pair = pairKey(subject.login, network);
    if (judge.knownGood.last(pair) === null) added++;
    judge.knownGood.note(pair, Math.min(last, now));
  }
  return added;
}

/** The clock of the other host may have been ahead. */
function banOf(entry: BackupBan, subject: Subject, now: Millis): Ban {
  const { since, until, cause, reason, offence, evidence, behindProxy } = entry;
  const ban = { subject, since: Math.min(since, now), until, cause, reason, offence, evidence };
  return behindProxy === undefined ? ban : { ...ban, behindProxy };
}
