/** What the configuration means for the judge, together with the host and with whoever carries bans out. Pure. */
import type { Config } from './config/config.ts';
import type { Network } from './core/ip.ts';
import type { JudgeSettings } from './core/settings.ts';
import { FAILURE_KINDS, type Millis } from './core/types.ts';
import type { QueueStatus } from './enforce/queue.ts';
import { refusesLogins } from './gates.ts';

/** @param enforcers what each does with locked logins */
export function judgeSettings(config: Config, enforcers: readonly QueueStatus[], dryRun: boolean): JudgeSettings {
  const handling = enforcers.map(({ logins }) => logins);
  const sparesOwners = !handling.includes('spares nobody');
  const isRefused = handling.includes('spares owners') || !sparesOwners;
  const enforced = !dryRun && (isRefused || refusesLogins(config));
  return { ...config, logins: { ...config.logins, enforced, sparesOwners } };
}

/** How far back what happened can still matter. */
export function longestWindow({ limits, loginLimit }: Config): Millis {
  return Math.max(...FAILURE_KINDS.map((kind) => limits[kind]?.period ?? 0), loginLimit?.period ?? 0);
}

/** Who is never banned, and why: the host's own networks, the trusted proxies, and what the configuration names. */
export function alwaysAllowed(
  { allowed, requests }: Config,
  host: readonly (readonly [Network, string])[],
): (readonly [Network, string])[] {
  const configured = allowed.map(({ network, name }): [Network, string] => [
    network,
    name === null ? 'configuration' : `configuration, network ${name}`,
  ]);
  const proxies = requests.trustedProxies.map((network): [Network, string] => [network, 'trusted proxy']);
  return [...host, ...configured, ...proxies];
}
