/** The common suite of all firewalls for firewalld-iptables. Needs root. */
import { firewallSuite } from './firewall-suite.ts';

firewallSuite('firewalld-iptables');
