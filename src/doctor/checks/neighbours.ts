/** Other programs on this host that ban by the same logs. */
import { commands, note, type Observation, ok } from '../finding.ts';
import type { Host } from '../host.ts';
import type { Check, Situation } from '../situation.ts';

/** By the name of the process, which is cut to 15 characters. */
const NEIGHBOURS: Readonly<Record<string, { readonly name: string; readonly unit: string }>> = {
  'fail2ban-server': { name: 'fail2ban', unit: 'fail2ban' },
  crowdsec: { name: 'CrowdSec', unit: 'crowdsec' },
  sshguard: { name: 'SSHGuard', unit: 'sshguard' },
  lfd: { name: 'lfd (ConfigServer Firewall)', unit: 'lfd' },
  denyhosts: { name: 'DenyHosts', unit: 'denyhosts' },
  'wazuh-execd': { name: 'Wazuh', unit: 'wazuh-agent' },
  'ossec-execd': { name: 'OSSEC', unit: 'ossec' },
};

export const neighboursCheck: Check = {
  name: 'neighbours',
  async examine(host: Host, _situation: Situation) {
    const names = new Set((await host.processes()).filter(({ contained }) => !contained).map(({ name }) => name));
    const found = Object.entries(NEIGHBOURS).filter(([process]) => names.has(process));
    if (found.length === 0) return [ok('No other program that bans runs beside tailban')];
    return found.map(([process, { name, unit }]): Observation => {
      const stop = `systemctl disable --now ${unit}`;
      const what = `${name} runs too: each bans by itself, and an address that you unban here may stay banned there`;
      if (process !== 'fail2ban-server') return note(what, commands(stop));
      const take = `fail2ban-client banned | tr -d "[]{}'," | tr ' ' '\\n' | tailban import --for 1h`;
      return note(`${what}. Its bans can be taken over before it is stopped (docs/fail2ban.md)`, commands(take, stop));
    });
  },
};
