/** Takes back what the daemon has told others: for the removal of tailban, and for admins who want everybody in at once. */
import type { Config } from '../config/config.ts';
import type { Millis } from '../core/types.ts';
import type { Logger } from '../log.ts';
import { loginEnforcers, removeGone } from './enforcers.ts';
import { chooseFirewall } from './firewall.ts';

/**
 * Removes every trace from the firewall and from the mail servers. Bans stay known, and are in force again when the daemon
 * starts. What cannot be removed is logged as a warning.
 */
export async function withdraw(config: Config, log: Logger, now: () => Millis): Promise<void> {
  // Just what the daemon itself does when it is switched off.
  const off = { ...config, enabled: false };
  const { others } = await chooseFirewall(off, false, log, now);
  const context = { activeBans: () => [], owners: () => new Map(), now, log };
  await removeGone([...others, ...loginEnforcers(off, context)], [], log);
}
