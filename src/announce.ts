/** What the daemon says of its configuration at the start. */
import { type Filter, ownFilterNotes } from './config/filter-files.ts';
import type { Loaded } from './config/load.ts';
import { formatRate } from './core/duration.ts';
import { FAILURE_KINDS } from './core/types.ts';
import { refusesLogins } from './gates.ts';
import type { Logger } from './log.ts';

export function announce(
  { config, notes }: Loaded,
  filters: ReadonlyMap<string, Filter>,
  configPath: string | null,
  log: Logger,
): void {
  for (const note of notes) log.warn(`${configPath}:${note.line}: ${note.message}`);
  const limits = FAILURE_KINDS.map(
    (kind) => `${kind} ${config.limits[kind] === null ? 'off' : formatRate(config.limits[kind])}`,
  );
  log.info(`limits: ${limits.join(', ')}`);
  for (const note of ownFilterNotes(filters)) log.info(note);
  if (config.loginLimit !== null && !refusesLogins(config))
    log.warn('bans of logins are only recorded: no enforcer for logins is configured, so they do not stop anybody');
  if (!config.enabled) log.warn('tailban is switched off (server.fail2ban.enabled = false): nobody is banned');
}
