/** What the daemon says of its configuration at the start. */
import type { Config } from '../config/config.ts';
import { type Filter, ownFilterNotes } from '../config/filter-files.ts';
import { type Loaded, noteText } from '../config/load.ts';
import { formatRate } from '../core/duration.ts';
import { FAILURE_KINDS } from '../core/types.ts';
import type { EnforcerQueue } from '../enforce/queue.ts';
import type { Logger } from '../log.ts';
import type { FirewallChoice } from './firewall.ts';
import { refusesLogins } from './rules.ts';

export function announceStart(
  { version, dryRun, configPath }: { version: string; dryRun: boolean; configPath: string | null },
  log: Logger,
): void {
  const config = configPath === null ? 'without a configuration file' : `configuration ${configPath}`;
  log.info(`tailban ${version} starts${dryRun ? ' as a dry run' : ''}, ${config}`);
}

export function announce({ config, notes, files }: Loaded, filters: ReadonlyMap<string, Filter>, log: Logger): void {
  for (const dropIn of files.slice(1)) log.info(`configuration also from ${dropIn}`);
  for (const note of notes) log.warn(noteText(note));
  const limits = [
    ...FAILURE_KINDS.map((kind) => [kind, config.limits[kind]] as const),
    ['login', config.loginLimit] as const,
    ['escalate', config.requests.escalate] as const,
  ].map(([name, limit]) => `${name} ${limit === null ? 'off' : formatRate(limit)}`);
  log.info(`limits: ${limits.join(', ')}`);
  for (const note of ownFilterNotes(filters)) log.info(note);
  if (!config.enabled) log.warn('tailban is switched off (server.fail2ban.enabled = false): nobody is banned');
}

/** What shuts addresses out, or why nothing does. */
export function announceFirewall({ state, why }: FirewallChoice, log: Logger): void {
  if (state === 'used') log.info(`firewall: ${why}`);
  else log.warn(why);
}

/** What becomes of locked logins with these gates and enforcers. */
export function announceLogins(config: Config, queues: readonly EnforcerQueue[], log: Logger): void {
  if (config.loginLimit === null || refusesLogins(config)) return;
  const telling = queues.map((queue) => queue.status()).filter(({ logins }) => logins !== null);
  const locking = telling.filter(({ logins }) => logins !== 'does not stop guesses');
  for (const { enforcer, logins } of locking) {
    if (logins === 'spares nobody')
      log.warn(`${enforcer} locks the owner of a login out too, wherever he comes from, while others attack it`);
  }
  if (locking.length > 0) return;
  log.warn(
    telling.length === 0
      ? 'bans of logins are only recorded: no enforcer for logins is configured, so they do not stop anybody'
      : 'locked logins cannot be used, but nothing stops who guesses their passwords: see docs/logins.md',
  );
}
