/**
 * firewalld as the owner of the rules: our jumps are "direct rules" of its running configuration, so it knows them and
 * shows them (`firewall-cmd --direct --get-all-rules`). They are not permanent ones, because those would name chains that
 * are not there when the host starts, and firewalld would fail over them. Its own sets cannot be used: their elements have
 * no timeouts of their own. Checked with firewalld 1.3.3, with both of its backends.
 */
import type { Run } from '../command.ts';
import { call, refused } from './call.ts';
import { dockers, placeOf, type RuleOwner } from './rule-owner.ts';

/** Before all other direct rules; firewalld counts from its lowest up. */
const PRIORITY = '-30000';

export function firewalld(run: Run): RuleOwner {
  const direct = async (...args: readonly string[]) => {
    const argv = ['firewall-cmd', '--direct', ...args] as const;
    return { argv, outcome: await call(run, argv, 'firewalld') };
  };
  return {
    name: 'firewalld',
    places: (_family, table) =>
      // With its iptables backend firewalld keeps direct rules in chains of its own.
      ['INPUT', 'FORWARD']
        .map((chain) => (table.has(`${chain}_direct`) ? `${chain}_direct` : chain))
        .concat(dockers(table))
        .map(placeOf),
    announce: async (family, places, target) => {
      for (const { chain, forwarded } of places) {
        const theirs = chain.replace(/_direct$/, '');
        const to = forwarded ? `${target}-forward` : target;
        const rule = [`ipv${family}`, 'filter', theirs, PRIORITY, '-j', to];
        const { argv, outcome } = await direct('--add-rule', ...rule);
        if (outcome.exitCode !== 0) throw refused('tell firewalld of our rules', argv, outcome);
      }
    },
    withdraw: async (target) => {
      const { outcome } = await direct('--get-all-rules');
      for (const line of outcome.stdout.split('\n')) {
        const rule = line.trim().split(' ');
        if (!rule.includes(target) && !rule.includes(`${target}-forward`)) continue;
        // What it cannot find any more in the kernel it keeps in its list until it is reloaded.
        await direct('--remove-rule', ...rule);
      }
    },
  };
}
