/** Chooses what carries bans of addresses out, and says why. */
import type { Config } from '../config/config.ts';
import type { Millis } from '../core/types.ts';
import { commandRunner, type Run } from '../enforce/command.ts';
import { firewalld } from '../enforce/firewall/firewalld.ts';
import { ipsetFirewall } from '../enforce/firewall/ipset-firewall.ts';
import { nftables } from '../enforce/firewall/nftables.ts';
import { type Backend, pickFirewall, problemWith } from '../enforce/firewall/pick.ts';
import { recording } from '../enforce/firewall/recording.ts';
import { bareHost, type RuleOwner, ufw } from '../enforce/firewall/rule-owner.ts';
import { successor } from '../enforce/firewall/successor.ts';
import { type Survey, surveyFirewalls } from '../enforce/firewall/survey.ts';
import type { Enforcer } from '../enforce/types.ts';
import type { Logger } from '../log.ts';

export interface FirewallChoice {
  /** `waiting`: it cannot be used yet, and is tried again and again; `off`: nothing is to be blocked. */
  readonly state: 'used' | 'waiting' | 'off';
  /** Why it is so, in words for the log. */
  readonly why: string;
  readonly enforcer: Enforcer;
  /** What may hold rules of ours and is to be removed at once; others the enforcer removes itself when it takes over. */
  readonly others: readonly Enforcer[];
}

/**
 * Looks at the host and changes nothing there.
 * @param log told what the enforcer does, and what it cannot do
 * @param run how commands are run; another one in tests
 */
export async function chooseFirewall(
  config: Pick<Config, 'enabled' | 'firewall' | 'ipv6Prefix'>,
  isDryRun: boolean,
  log: Pick<Logger, 'info' | 'warn'>,
  now: () => Millis,
  run: Run = commandRunner(),
): Promise<FirewallChoice> {
  const off = (why: string, manner: string, others: readonly Enforcer[] = []): FirewallChoice => ({
    state: 'off',
    why: `${why}: nothing is blocked`,
    enforcer: recording({ manner, say: (text) => log.info(text), now }),
    others,
  });
  if (isDryRun) return off('dry run', 'Dry run: would');
  const survey = await surveyFirewalls(run);
  const firewalls = buildFirewalls(config, survey, { run, now, warn: (message) => log.warn(message) });
  const usable = BACKENDS.filter((backend) => (backend === 'nftables' ? survey.nftables : survey.iptables) === null);
  const { backend } = config.firewall;
  const all = usable.map((one) => firewalls[one]);
  if (!config.enabled) return off('tailban is switched off', 'Switched off, only recorded:', all);
  if (backend === 'none') return off('firewall.backend is "none"', 'No firewall, only recorded:', all);
  const { chosen, state, why } = backend === 'auto' ? picked(survey) : asked(backend, survey);
  const before = usable.filter((one) => one !== chosen).map((one) => firewalls[one]);
  const warn = (message: string, error: unknown): void => log.warn({ err: error }, message);
  return { state, why, enforcer: successor(firewalls[chosen], before, warn), others: [] };
}

type Decision = Pick<FirewallChoice, 'state' | 'why'> & { readonly chosen: Backend };

function picked(survey: Survey): Decision {
  const { backend, why } = pickFirewall(survey);
  if (backend !== null) return { chosen: backend, state: 'used', why };
  const outlook = 'nothing is blocked until nftables works, which is tried again and again';
  return { chosen: 'nftables', state: 'waiting', why: `${why}: ${outlook}` };
}

/** Whoever asks for one gets it as soon as it works; the queue tries on. */
function asked(backend: Backend, survey: Survey): Decision {
  const problem = problemWith(backend, survey);
  return problem === null
    ? { chosen: backend, state: 'used', why: `${backend}, as configured` }
    : { chosen: backend, state: 'waiting', why: problem };
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
