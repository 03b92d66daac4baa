/** The common suite of all firewalls for iptables-nft. Needs root. */
import { firewallSuite } from './firewall-suite.ts';

firewallSuite('iptables-nft');
