/** The common suite of all firewalls for nftables. Needs root. */
import { firewallSuite } from './firewall-suite.ts';

firewallSuite('nftables');
