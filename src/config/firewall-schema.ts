/** The table `[firewall]`: what shuts banned addresses out. */
import { choice } from './forms.ts';
import { chains, ports } from './list-forms.ts';
import { setting, table } from './setting.ts';

export const firewall = table('How addresses are shut out.', {
  backend: setting(choice(['auto', 'nftables', 'iptables', 'firewalld', 'ufw', 'none']), 'auto', {
    meaning:
      'What carries bans out; auto is nftables where it works, else what works; none only records them (docs/firewalls.md)',
    fail2ban: 'banaction',
  }),
  ports: setting(ports(), [25, 80, 110, 143, 443, 465, 587, 993, 995, 4190], {
    meaning: 'The TCP ports that are closed to banned addresses; [] closes every port and protocol',
    fail2ban: 'port',
  }),
  action: setting(choice(['drop', 'reject']), 'drop', {
    meaning: 'Whether packets vanish or are answered with an error',
    fail2ban: 'blocktype',
  }),
  chains: setting(chains(), ['INPUT', 'DOCKER-USER'], {
    meaning: 'The chains that the backend iptables begins from, in both families, as far as they are there',
    fail2ban: 'chain',
  }),
});
