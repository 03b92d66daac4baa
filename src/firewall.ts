/** Chooses what carries bans of addresses out, and says why. */
import type { Config } from './config/config.ts';
import type { Millis } from './core/types.ts';
import { commandRunner, type Run } from './enforce/command.ts';
import { dryRun } from './enforce/firewall/dry-run.ts';
import { firewalld } from './enforce/firewall/firewalld.ts';
import { ipsetFirewall } from './enforce/firewall/ipset-firewall.ts';
import { nftables } from './enforce/firewall/nftables.ts';
import { type Backend, pickFirewall, problemWith } from './enforce/firewall/pick.ts';
import { bareHost, type RuleOwner, ufw } from './enforce/firewall/rule-owner.ts';
import { removeAll, successor } from './enforce/firewall/successor.ts';
import { type Survey, surveyFirewalls } from './enforce/firewall/survey.ts';
import type { Enforcer } from './enforce/types.ts';
import type { Logger } from './log.ts';

export interface FirewallChoice {
  readonly enforcer: Enforcer;
  /** Why nothing is to be blocked; null also where the enforcer does not work yet, which its queue tells. */
  readonly problem: string | null;
}

/** @param run how commands are run; another one in tests */
export async function chooseFirewall(
  config: Pick<Config, 'enabled' | 'firewall' | 'ipv6Prefix'>,
  isDryRun: boolean,
  log: Pick<Logger, 'info' | 'warn'>,
  now: () => Millis,
  run: Run = commandRunner(),
): Promise<FirewallChoice> {
  const idle = (problem: string): FirewallChoice => ({
    enforcer: dryRun({ say: (text) => log.info(text), now }),
    problem,
  });
  if (isDryRun) return idle('dry run: nothing is blocked');
  const survey = await surveyFirewalls(run);
  const firewalls = buildFirewalls(config, survey, { run, now, warn: (message) => log.warn(message) });
  const warn = (message: string, error: unknown): void => log.warn({ err: error }, message);
  const usable = BACKENDS.filter((backend) => (backend === 'nftables' ? survey.nftables : survey.iptables) === null);
  const others = (chosen: Backend | null): Enforcer[] =>
    usable.filter((backend) => backend !== chosen).map((backend) => firewalls[backend]);
  const { backend } = config.firewall;
  if (!config.enabled || backend === 'none') {
    await removeAll(others(null), warn);
    return idle(`${config.enabled ? 'firewall.backend is "none"' : 'tailban is switched off'}: nothing is blocked`);
  }
  if (backend !== 'auto') {
    // Whoever asks for one gets it as soon as it works; the queue tries on.
    const problem = problemWith(backend, survey);
    if (problem === null) log.info(`firewall: ${backend}, as configured`);
    else log.warn(problem);
    return { enforcer: successor(firewalls[backend], others(backend), warn), problem: null };
  }
  const { backend: picked, why } = pickFirewall(survey);
  if (picked === null) log.warn(`${why}: nothing is blocked until nftables works, which is tried again and again`);
  else log.info(`firewall: ${why}`);
  const chosen = picked ?? 'nftables';
  return { enforcer: successor(firewalls[chosen], others(chosen), warn), problem: null };
}

const BACKENDS: readonly Backend[] = ['nftables', 'iptables', 'firewalld', 'ufw'];

interface Means {
  readonly run: Run;
  readonly now: () => Millis;
  readonly warn: (message: string) => void;
}

function buildFirewalls(
  { firewall, ipv6Prefix }: Pick<Config, 'firewall' | 'ipv6Prefix'>,
  { families }: Survey,
  means: Means,
): Readonly<Record<Backend, Enforcer>> {
  const { ports, action, chains } = firewall;
  const common = { ports, action, killSockets: true, ...means };
  const withIpset = (owner: RuleOwner): Enforcer => ipsetFirewall({ ...common, owner, families, variant: null });
  return {
    nftables: nftables({ ...common, ipv6Prefix }),
    iptables: withIpset(bareHost(chains)),
    firewalld: withIpset(firewalld(means.run)),
    ufw: withIpset(ufw()),
  };
}
