/** Whoever asks: is the address that they are logged in from banned, or could it be? */
import { type Address, contains, parseAddress, parseNetwork } from '../../core/ip.ts';
import { alwaysAllowed } from '../../daemon/rules.ts';
import { commands, note, type Observation, ok, problem } from '../finding.ts';
import type { Host } from '../host.ts';
import type { Check, Situation } from '../situation.ts';

export const adminCheck: Check = {
  name: 'admin',
  async examine(host: Host, { config, own, daemon }: Situation): Promise<readonly Observation[]> {
    const address = parseAddress(host.adminAddress ?? '');
    if (address === null) return [];
    const ban = daemon.runs ? daemon.bans.find(({ subject }) => covers(subject, address)) : undefined;
    if (ban !== undefined)
      return [
        problem(
          `You are logged in from ${address}, which is banned (${ban.reason})`,
          commands(`tailban unban ${ban.subject}`, `tailban allow ${address} --note admin`),
        ),
      ];
    const allowed = [...alwaysAllowed(config, own).map(([network]) => network), ...given(daemon)];
    if (allowed.some((network) => contains(network, address)))
      return [ok(`You are logged in from ${address}, which is never banned`)];
    return [
      note(
        `You are logged in from ${address}, which could be banned by failures of your own`,
        commands(`tailban allow ${address} --note admin`),
      ),
    ];
  },
};

function given(daemon: Situation['daemon']) {
  return daemon.runs ? daemon.allowed.flatMap((text) => parseNetwork(text) ?? []) : [];
}

function covers(subject: string, address: Address): boolean {
  const network = parseNetwork(subject);
  return network !== null && contains(network, address);
}
