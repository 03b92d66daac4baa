/** What is told of bans: the firewall, the mail servers that refuse locked logins, and whatever an admin adds. */
import type { Config } from './config/config.ts';
import type { Ban, Millis } from './core/types.ts';
import { EnforcerQueue } from './enforce/queue.ts';
import type { Enforcer } from './enforce/types.ts';
import type { Logger } from './log.ts';

export interface EnforcerContext {
  readonly activeBans: () => Iterable<Ban>;
  readonly now: () => Millis;
  readonly log: Logger;
}

/** Those beside the firewall, in the order of the configuration. */
export function loginEnforcers(_config: Config, _context: EnforcerContext): readonly Enforcer[] {
  return [];
}

/** The queue in front of an enforcer; what becomes of its work stands in the log. */
export function queueFor(enforcer: Enforcer, { activeBans, now, log }: EnforcerContext): EnforcerQueue {
  return new EnforcerQueue({
    enforcer,
    activeBans,
    now,
    onFailure: (error, retryIn) =>
      log.error(
        { err: error },
        `${enforcer.name} failed: ${error.message}; ${retryIn === null ? 'giving up at stop' : `next try in ${retryIn / 1000} s`}`,
      ),
    onRecovery: () => log.info(`${enforcer.name} works again, all bans are in force`),
    onRestored: (bans) =>
      log.warn(`somebody changed our rules in ${enforcer.name}; they are restored with ${bans} bans`),
  });
}
