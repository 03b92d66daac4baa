/** IPv6: an attacker has a whole network there, so addresses of one network have to count together. */
import { inConfig, note, type Observation, ok } from '../finding.ts';
import type { Host } from '../host.ts';
import type { Check, Situation } from '../situation.ts';

/** What a provider gives to one customer at least (RFC 6177 section 2). */
const USUAL = 64;

export const ipv6Check: Check = {
  name: 'ipv6',
  async examine(host: Host, situation: Situation): Promise<readonly Observation[]> {
    const addresses = await host.read('/proc/net/if_inet6');
    // The fourth column is the scope: 00 is global (proc(5)).
    if (!addresses.had || !/^\S+ \S+ \S+ 00 /m.test(addresses.value)) return [];
    const { ipv6Prefix } = situation.config;
    if (ipv6Prefix <= USUAL)
      return [ok(`This host has IPv6; its addresses are counted and banned as /${ipv6Prefix} networks`)];
    return [
      note(
        `This host has IPv6, and only addresses that share ${ipv6Prefix} bits count together: whoever owns a /64 has ${2 ** Math.min(ipv6Prefix - USUAL, 40)} or more tries`,
        inConfig(situation, ['[server]', 'ipv6-prefix = 64']),
      ),
    ];
  },
};
