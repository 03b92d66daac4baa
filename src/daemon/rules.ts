/** What the configuration means for the judge, together with the host and with whoever carries bans out. Pure. */
import type { Config } from '../config/config.ts';
import type { Network } from '../core/ip.ts';
import type { JudgeSettings } from '../core/settings.ts';
import { FAILURE_KINDS, type Millis } from '../core/types.ts';
import type { QueueStatus } from '../enforce/queue.ts';

/** @param enforcers what each does with locked logins */
export function judgeSettings(config: Config, enforcers: readonly QueueStatus[], dryRun: boolean): JudgeSettings {
  const handling = enforcers.map(({ logins }) => logins);
  const sparesOwners = !handling.includes('spares nobody');
  const isRefused = handling.includes('spares owners') || !sparesOwners;
  const enforced = !dryRun && (isRefused || refusesLogins(config));
  return { ...config, logins: { ...config.logins, enforced, sparesOwners } };
}

/** Whether a gate refuses locked logins before their passwords are looked at; the others know no logins. */
export function refusesLogins({ enabled, dovecot }: Config): boolean {
  return enabled && dovecot.authPolicy.listen !== null;
}

/** How far back what happened can still matter. */
export function longestWindow({ limits, loginLimit }: Config): Millis {
  return Math.max(...FAILURE_KINDS.map((kind) => limits[kind]?.period ?? 0), loginLimit?.period ?? 0);
}

/**
 * Who is never banned, and why: the host's own networks, what the configuration names, and the trusted proxies.
 * @param host what the host knows of itself; of another host, as far as it is known
 */
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
