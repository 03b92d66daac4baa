/** The common suite of all firewalls for firewalld-nftables. Needs root. */
import { firewallSuite } from './firewall-suite.ts';

firewallSuite('firewalld-nftables');
