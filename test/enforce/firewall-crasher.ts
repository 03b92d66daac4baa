/** Resets a firewall again and again, always to other bans, until it is killed: `NAME PREFIX…`. */
import { commandRunner } from '../../src/enforce/command.ts';
import { FIREWALLS, type FirewallName } from '../support/firewalls.ts';
import { ban, banOf } from './bans.ts';

const [name = '', ...prefix] = process.argv.slice(2);
const firewall = FIREWALLS[name as FirewallName].make(commandRunner({ prefix }), {
  ports: [25],
  action: 'drop',
  killSockets: false,
});
for (let round = 0; ; round++) {
  await firewall.reset(Array.from({ length: 3_000 }, (_, i) => banOf(`10.${round & 255}.${i >> 8}.${i & 255}`)));
  await firewall.apply([ban(`2001:db8:${(round & 255).toString(16)}::/48`)]);
  process.stdout.write(`round ${round}\n`);
}
