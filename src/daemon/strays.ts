/**
 * Unbans with what only the firewall knows: addresses that somebody else has put into our sets there. Who unbans an
 * address wants it to get in, whoever shut it out.
 */
import { Refusal, type UnbanRequest } from '../api/contract.ts';
import { contains, type Network, networkBase, networkLength } from '../core/ip.ts';
import { parseSubject, subjectKey, subjectNetwork } from '../core/subject.ts';
import type { Subject } from '../core/types.ts';
import type { EnforcerQueue } from '../enforce/queue.ts';
import type { Enforcer, Held } from '../enforce/types.ts';
import type { Logger } from '../log.ts';
import type { Admin } from './admin.ts';
import type { Guard } from './guard.ts';
import { remainingIn } from './restore.ts';

export interface Surroundings {
  readonly admin: Pick<Admin, 'bans' | 'unban'>;
  readonly guard: Pick<Guard, 'carryOut'>;
  /** What the firewall holds. It reads all of it, so it is asked only where nothing else is known. */
  readonly remaining: () => Promise<readonly Held[]>;
  readonly log: Pick<Logger, 'info'>;
}

/** What a firewall holds; nothing while it is behind: nobody is to wait for one that hangs, and its reset clears it. */
export async function heldBy(
  firewall: Enforcer | undefined,
  queue: Pick<EnforcerQueue, 'status'> | undefined,
  log: Logger,
): Promise<readonly Held[]> {
  const state = queue?.status();
  const isBehind = state === undefined || state.pending > 0 || state.failingSince !== null;
  return isBehind ? [] : remainingIn(firewall ?? null, log);
}

/** Lifts bans, and takes out of the firewall what is no ban of ours; gives the keys of both. @throws Refusal */
export async function unbanStraysToo(request: UnbanRequest, around: Surroundings): Promise<string[]> {
  const { admin, remaining } = around;
  if ('subject' in request) {
    try {
      return await admin.unban(request);
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== 404) throw error;
      const held = (await remaining()).map(({ subject }) => subject);
      const found = meant(request.subject, held);
      if (found.length === 0) throw error;
      return takeOut(found, around);
    }
  }
  const freed = await admin.unban(request);
  // Such as a ban that was made meanwhile.
  const known = new Set([...freed, ...admin.bans().map(({ subject }) => subject)]);
  const strays = (await remaining()).map(({ subject }) => subject).filter((one) => !known.has(subjectKey(one)));
  return [...freed, ...(await takeOut(strays, around))];
}

async function takeOut(strays: readonly Subject[], { guard, log }: Surroundings): Promise<string[]> {
  const keys = strays.map(subjectKey);
  if (keys.length === 0) return keys;
  const what = keys.length > 5 ? `${keys.length} addresses and networks` : keys.join(', ');
  log.info({ subjects: keys.length }, `took ${what} out of the firewall by hand, which were no bans of tailban`);
  await guard.carryOut(strays.map((subject) => ({ type: 'unban', subject })));
  return keys;
}

/** The address or network itself, and what lies in it. @throws Refusal where only a network around it is there */
function meant(text: string, held: readonly Subject[]): Subject[] {
  const target = parseSubject(text);
  const wanted = target === null ? null : subjectNetwork(target);
  if (wanted === null) return [];
  const found = held.filter((one) => liesIn(subjectNetwork(one), wanted));
  const wider = held.find((one) => liesIn(wanted, subjectNetwork(one)));
  if (found.length > 0 || wider === undefined) return found;
  throw new Refusal(
    409,
    `${text} is shut out as part of ${subjectKey(wider)}, which is in the firewall and no ban of tailban`,
    `tailban unban ${subjectKey(wider)} lets all of it in`,
  );
}

function liesIn(inner: Network | null, outer: Network | null): boolean {
  if (inner === null || outer === null) return false;
  return networkLength(inner) >= networkLength(outer) && contains(outer, networkBase(inner));
}
