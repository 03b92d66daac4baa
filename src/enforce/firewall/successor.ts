/**
 * A firewall that takes over from others: what they hold, be it from another configuration or from a start that was
 * killed, is removed, but only when all bans are in force here.
 */
import type { Enforcer } from '../types.ts';

/** @param warn told what could not be removed */
export function successor(
  firewall: Enforcer,
  others: readonly Enforcer[],
  warn: (message: string, error: unknown) => void,
): Enforcer {
  let isAlone = false;
  return {
    name: firewall.name,
    logins: null,
    blocksPackets: true,
    handles: (subject) => firewall.handles(subject),
    apply: (changes) => firewall.apply(changes),
    intact: () => firewall.intact(),
    remaining: () => firewall.remaining(),
    remove: () => firewall.remove(),
    reset: async (bans) => {
      await firewall.reset(bans);
      if (isAlone) return;
      isAlone = true;
      for (const other of others)
        await other.remove().catch((error: unknown) => warn(`what ${other.name} holds of us stays behind`, error));
    },
  };
}
