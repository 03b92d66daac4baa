/** The firewall: is it there, does it hold the bans that it should, and would one more ban block? */
import { parseSubject, subjectKey } from '../../core/subject.ts';
import type { Enforcer } from '../../enforce/types.ts';
import { EnforceError } from '../../errors.ts';
import { commands, type Fix, inConfig, note, type Observation, ok, problem, warning } from '../finding.ts';
import { type Host, output } from '../host.ts';
import type { Check, Rehearsal, Situation } from '../situation.ts';

/** A ban that has just been made, or is just about to end, may be in one place and not in the other. */
const MOMENT = 5_000;
const MOST_NAMED = 5;

export const firewallCheck: Check = {
  name: 'firewall',
  async examine(host: Host, situation: Situation) {
    const { firewall } = situation;
    switch (firewall.state) {
      case 'used':
        return [
          ok(`Addresses are banned by ${firewall.why}`),
          ...(await held(host, firewall.enforcer, situation)),
          ...(await tried(situation)),
        ];
      case 'broken':
        return [problem(`Nobody is blocked: ${firewall.problem}`, repair(situation))];
      case 'off':
        return [...off(situation), ...(await leftovers(host))];
      case 'unseen':
        return [...unseen(situation), ...(await tried(situation))];
    }
  },
};

function repair(situation: Situation): Fix {
  const { backend } = situation.config.firewall;
  if (backend === 'auto' || backend === 'nftables')
    return commands('apt-get install nftables', 'systemctl restart tailban');
  return inConfig(situation, ['[firewall]', 'backend = "auto"']);
}

function unseen({ daemon }: Situation): Observation[] {
  const names = daemon.runs ? daemon.status.enforcers.map(({ name }) => name) : [];
  const says = names.length === 0 ? '' : `; the daemon says that it uses ${names.join(', ')}`;
  return [note(`The firewall cannot be looked at by this user${says}`)];
}

function off(situation: Situation): Observation[] {
  const { config } = situation;
  // That all is switched off is told by the check of the configuration.
  if (!config.enabled) return [];
  const others = [
    ...config.commands.map(({ name }) => `the command ${name}`),
    ...(config.postfix.policy === null && config.postfix.socketmap === null ? [] : ['Postfix']),
    ...(config.dovecot.authPolicy.listen === null && !config.dovecot.denyFile.addresses ? [] : ['Dovecot']),
    ...(config.exim.denyFile.addresses === null ? [] : ['Exim']),
    ...(config.stalwart.url !== null && config.stalwart.addresses ? ['Stalwart'] : []),
  ];
  if (others.length > 0)
    return [note(`No firewall is used (firewall.backend is "none"); addresses are refused by ${others.join(', ')}`)];
  return [
    warning(
      'Bans are only recorded, nobody is blocked (firewall.backend is "none")',
      inConfig(situation, ['[firewall]', 'backend = "auto"']),
    ),
  ];
}

/** Rules of an earlier time go on blocking, and nobody lifts what is in them. */
async function leftovers(host: Host): Promise<Observation[]> {
  const table = await output(host, 'nft', 'list', 'table', 'inet', 'tailban');
  if (table === null) return [];
  return [
    warning(
      'A firewall table of tailban is left over and still blocks',
      commands('nft list table inet tailban', 'nft delete table inet tailban'),
    ),
  ];
}

/** What the daemon says is banned against what the firewall holds. */
async function held(host: Host, firewall: Enforcer, { daemon }: Situation): Promise<Observation[]> {
  if (!daemon.runs || daemon.status.dryRun) return [];
  let subjects: ReadonlySet<string>;
  try {
    subjects = new Set((await firewall.remaining()).map(({ subject }) => subjectKey(subject)));
  } catch (error) {
    if (!(error instanceof EnforceError)) throw error;
    return [problem(error.message, commands('journalctl -u tailban -n 50 --no-pager'))];
  }
  const now = host.now();
  const due = daemon.bans.flatMap(({ subject, type, since, until, behindProxy }) => {
    if (type === 'login' || behindProxy || now - since < MOMENT || (until !== null && until - now < MOMENT)) return [];
    const parsed = parseSubject(subject);
    return parsed === null ? [] : [subjectKey(parsed)];
  });
  const missing = due.filter((subject) => !subjects.has(subject));
  if (missing.length === 0) return due.length === 0 ? [] : [ok(`All ${due.length} bans are in the firewall`)];
  const names = missing.slice(0, MOST_NAMED).join(', ');
  return [
    problem(
      `${missing.length} of ${due.length} bans are not in the firewall: ${names}${missing.length > MOST_NAMED ? ', …' : ''}. Does another program flush it?`,
      commands('systemctl restart tailban', 'journalctl -u tailban -n 50 --no-pager'),
    ),
  ];
}

async function tried({ rehearse, config }: Situation): Promise<Observation[]> {
  const { result, reason } = await rehearse();
  return [SENTENCES[result](reason, config.firewall.action)];
}

const SENTENCES: Readonly<Record<Rehearsal['result'], (reason: string, action: string) => Observation>> = {
  blocks: (reason, action) => ok(`A ban was tried in a network of its own, and it blocks (${reason}, ${action})`),
  leaks: (reason) =>
    problem(
      `A ban was tried in a network of its own, and it does not block: ${reason}`,
      commands('uname -r', 'nft --version'),
    ),
  fails: (reason) =>
    problem(
      `A ban was tried in a network of its own, and that failed: ${reason}`,
      commands('nft --version', 'lsmod | grep nf_tables'),
    ),
  untried: (reason) => note(`Whether a ban blocks could not be tried here: ${reason}`),
};
