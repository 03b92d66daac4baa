/** What is told of bans: the firewall, the mail servers that refuse locked logins, and whatever an admin adds. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config } from '../config/config.ts';
import type { Ban, Millis } from '../core/types.ts';
import { commandRunner } from '../enforce/command.ts';
import { commandEnforcer } from '../enforce/command-enforcer.ts';
import { dovecotFile } from '../enforce/login/dovecot-file.ts';
import { eximAddresses, eximLogins } from '../enforce/login/exim-file.ts';
import type { Owners } from '../enforce/login/owners.ts';
import { proxyFile } from '../enforce/login/proxy-file.ts';
import { EnforcerQueue } from '../enforce/queue.ts';
import { stalwart } from '../enforce/stalwart/enforcer.ts';
import type { Enforcer } from '../enforce/types.ts';
import type { Logger } from '../log.ts';
import type { Observer } from './observer.ts';

export interface EnforcerContext {
  readonly activeBans: () => Iterable<Ban>;
  /** From where the owners of locked logins are let in. */
  readonly owners: Owners;
  readonly now: () => Millis;
  readonly log: Logger;
  readonly observer?: Pick<Observer, 'applied' | 'failed'>;
}

/** Those beside the firewall, in the order of the configuration. */
export function loginEnforcers(config: Config, context: EnforcerContext): readonly Enforcer[] {
  return [...filesOf(config, context), ...stalwartOf(config, context), ...commandsOf(config, context)];
}

function filesOf({ dovecot, exim, http, logins: { names } }: Config, context: EnforcerContext): Enforcer[] {
  const { owners, now, log } = context;
  const { path, spareOwners, addresses, kick } = dovecot.denyFile;
  const { denyFile } = exim;
  const warn = (message: string): void => log.warn(message);
  return [
    ...(path === null
      ? []
      : [
          dovecotFile({
            path,
            addresses,
            owners: spareOwners ? owners : null,
            names,
            kick: kick ? ['doveadm', 'kick'] : null,
            run: commandRunner(),
            now,
            warn,
          }),
        ]),
    ...(denyFile.logins === null ? [] : [eximLogins({ path: denyFile.logins, owners, names, now })]),
    ...(http.denyFile.path === null
      ? []
      : [proxyFile({ ...http.denyFile, path: http.denyFile.path, run: commandRunner(), now })]),
    ...(denyFile.addresses === null ? [] : [eximAddresses({ path: denyFile.addresses, now })]),
  ];
}

function commandsOf({ commands }: Config, { now }: EnforcerContext): Enforcer[] {
  return commands.map(({ timeout, ...command }) =>
    commandEnforcer({ ...command, run: commandRunner({ timeout }), now }),
  );
}

function stalwartOf(config: Config, { now, log }: EnforcerContext): Enforcer[] {
  const { stalwart: settings, store, enabled } = config;
  const { url, token, tokenFile, version } = settings;
  if (url === null) return [];
  // Switched off, it is told of nothing, and takes out what it has put there.
  const addresses = settings.addresses && enabled;
  const logins = settings.logins && enabled;
  const { defaultDomain } = config.logins.names;
  const readToken = (): string => token ?? readFileSync(tokenFile ?? '', 'utf8').trim();
  const notes = join(dirname(store.path), 'stalwart.jsonl');
  const warn = (message: string): void => log.warn(message);
  return [stalwart({ url, token: readToken, version, addresses, logins, defaultDomain, notes, now, warn })];
}

/** The queue in front of an enforcer; what becomes of its work stands in the log. */
export function queueFor(enforcer: Enforcer, { activeBans, now, log, observer }: EnforcerContext): EnforcerQueue {
  let said: string | null = null;
  return new EnforcerQueue({
    enforcer,
    activeBans,
    now,
    onApplied: (changes) => observer?.applied(enforcer.name, changes),
    onFailure: (error, retryIn) => {
      observer?.failed(enforcer.name);
      const next = retryIn === null ? 'giving up at stop' : `next try in ${retryIn / 1000} s, and so on until it works`;
      // One that fails for days fails two times a minute; the same words once are enough.
      const level = error.message === said && retryIn !== null ? 'debug' : 'error';
      said = error.message;
      log[level]({ err: error }, `${enforcer.name} failed: ${error.message}; ${next}`);
    },
    onRecovery: () => {
      said = null;
      log.info(`${enforcer.name} works again, all bans are in force`);
    },
    onRestored: (bans) =>
      log.warn(`somebody changed our rules in ${enforcer.name}; they are restored with ${bans} bans`),
  });
}

/** What nobody is going to look after any more must not stay behind. */
export async function removeGone(before: readonly Enforcer[], after: readonly Enforcer[], log: Logger): Promise<void> {
  const gone = before.filter(({ name }) => !after.some((one) => one.name === name));
  for (const enforcer of gone)
    await enforcer
      .remove()
      .catch((error: unknown) => log.warn({ err: error }, `what ${enforcer.name} holds stays behind`));
}
