/** Brings the judge back to where it was: the bans of the store, the counters of the last checkpoint, waiting lines. */
import { setImmediate } from 'node:timers/promises';
import type { Judge } from '../core/judge.ts';
import type { Change, Millis } from '../core/types.ts';
import type { Enforcer, Held } from '../enforce/types.ts';
import type { Logger } from '../log.ts';
import type { Store } from '../store/store.ts';
import { type Counter, EVIDENCE, KNOWN_GOOD } from '../store/types.ts';
import type { Reading } from './reading.ts';

export interface RestoreOptions {
  readonly judge: Judge;
  readonly store: Store;
  readonly reading: Reading;
  readonly firewall: Enforcer | null;
  /** For how long ended bans still matter. */
  readonly memory: Millis;
  readonly now: Millis;
  readonly log: Logger;
}

/** So many counters are read in some milliseconds. */
const AT_A_TIME = 5_000;

/**
 * Restores what enforcers are told: the bans, and from where logins are used. Gives the waiting lines, for
 * `restoreCounts`.
 */
export async function restoreBans(options: RestoreOptions): Promise<Map<string, string>> {
  const { judge, store, memory, now } = options;
  let bans = store.recentBans(now - memory);
  const isFresh = bans.length === 0 && store.positions().size === 0 && store.recentBans(0).length === 0;
  if (store.recovered || isFresh) {
    await adopt(options);
    bans = store.recentBans(now - memory);
  }
  for (const ban of bans) {
    judge.restore(ban.ended === 'unbanned' ? { ...ban, until: ban.endedAt, offence: 0 } : ban, now);
  }
  const joins = store.joins();
  restoreKnownGood(judge, joins);
  return joins;
}

/**
 * Restores the counters and the waiting lines; nothing may be judged before. The bans have to be there: what they cover
 * is left out of the counters, and lines that are read again fall under them.
 */
export async function restoreCounts(options: RestoreOptions, joins: Map<string, string>): Promise<void> {
  const { judge, store, reading, log } = options;
  const covered: Counter[] = [];
  let read = 0;
  for (const counter of store.counters()) {
    const times = judge.loadCounter(counter);
    if (times.length < counter.times.length) covered.push({ ...counter, times });
    // The firewall is being fed at the same time.
    if (++read % AT_A_TIME === 0) await setImmediate();
  }
  const stale = restoreEvidence(judge, joins);
  // Killed between a ban and the next checkpoint: nobody else would ever take these out of the store.
  if (covered.length + stale.size > 0) store.checkpoint({ positions: new Map(), counters: covered, joins: stale });
  reading.load(store.positions(), joins);
  log.info(`database ${store.path}: ${judge.banCount} bans in force, ${judge.subjects} subjects with failures`);
}

/** Takes the pairs of login and network out of the waiting lines. */
function restoreKnownGood(judge: Judge, joins: Map<string, string>): void {
  const pairs: [string, Millis][] = [];
  for (const [key, time] of joins) {
    if (!key.startsWith(KNOWN_GOOD)) continue;
    joins.delete(key);
    pairs.push([key.slice(KNOWN_GOOD.length), Number(time)]);
  }
  // The oldest first, so that they are the first to go where there are too many.
  judge.knownGood.load(pairs.sort(([, one], [, other]) => one - other));
}

/** Takes the evidence out of the waiting lines; returns what belongs to nobody who is counted any more. */
function restoreEvidence(judge: Judge, joins: Map<string, string>): Map<string, null> {
  const stale = new Map<string, null>();
  for (const [key, state] of joins) {
    if (!key.startsWith(EVIDENCE)) continue;
    joins.delete(key);
    const subject = key.slice(EVIDENCE.length);
    const isCounted = judge.counters(subject).some(({ times }) => times.length > 0);
    if (isCounted) judge.loadEvidence(subject, JSON.parse(state) as string[]);
    else stale.set(key, null);
  }
  return stale;
}

/** What the firewall holds; where it cannot be read, that is said and none. */
export async function remainingIn(firewall: Enforcer | null, log: Logger): Promise<readonly Held[]> {
  try {
    return (await firewall?.remaining()) ?? [];
  } catch (error) {
    log.error({ err: error }, 'the bans that are left in the firewall cannot be read');
    return [];
  }
}

/** The store was lost, or is new beside a firewall that is not: what that still holds is taken over. */
async function adopt({ store, firewall, now, log }: RestoreOptions): Promise<void> {
  const remaining = await remainingIn(firewall, log);
  const changes = remaining.map(
    ({ subject, until }): Change => ({
      type: 'ban',
      ban: {
        subject,
        since: now,
        until,
        cause: 'adopted',
        reason: 'found in the firewall, the database did not know it',
        offence: 1,
        evidence: [],
      },
    }),
  );
  if (changes.length === 0) return;
  store.saveChanges(changes, now);
  log.warn(`${changes.length} bans were taken over from the firewall`);
}
