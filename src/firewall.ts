/** Chooses what carries bans of addresses out, and says why. */
import type { Config } from './config/config.ts';
import type { Millis } from './core/types.ts';
import { commandRunner, type Run } from './enforce/command.ts';
import { dryRun } from './enforce/firewall/dry-run.ts';
import { nftables } from './enforce/firewall/nftables.ts';
import type { Enforcer } from './enforce/types.ts';
import type { Logger } from './log.ts';

export interface FirewallChoice {
  readonly enforcer: Enforcer;
  /** Why nothing is blocked, where nothing is. */
  readonly problem: string | null;
}

export async function chooseFirewall(
  config: Config,
  isDryRun: boolean,
  log: Logger,
  now: () => Millis,
): Promise<FirewallChoice> {
  const run = commandRunner();
  const idle = (problem: string): FirewallChoice => ({
    enforcer: dryRun({ say: (text) => log.info(text), now }),
    problem,
  });
  if (isDryRun) return idle('dry run: nothing is blocked');
  const firewall = nftables({
    ports: config.firewall.ports,
    action: config.firewall.action,
    ipv6Prefix: config.ipv6Prefix,
    run,
    now,
    killSockets: true,
    warn: (message) => log.warn(message),
  });
  if (!config.enabled) {
    await firewall.remove().catch((error: unknown) => log.warn({ err: error }, 'our firewall table cannot be removed'));
    return idle('tailban is switched off: nothing is blocked');
  }
  if (config.firewall.backend === 'none') return idle('firewall.backend is "none": nothing is blocked');
  const missing = await unusable(run);
  if (missing === null) return { enforcer: firewall, problem: null };
  // An admin who asks for nftables gets it as soon as it works; the queue tries on.
  if (config.firewall.backend === 'nftables') return { enforcer: firewall, problem: missing };
  return idle(`${missing}: nothing is blocked`);
}

/** Why nftables cannot be used here, or null. */
async function unusable(run: Run): Promise<string | null> {
  try {
    const { exitCode, stderr } = await run(['nft', 'list', 'tables']);
    return exitCode === 0 ? null : `nftables cannot be used (${stderr.trim().split('\n')[0]})`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
