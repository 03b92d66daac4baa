/** The common suite of all firewalls for iptables-legacy. Needs root. */
import { firewallSuite } from './firewall-suite.ts';

firewallSuite('iptables-legacy');
