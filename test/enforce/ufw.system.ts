/** The common suite of all firewalls for ufw. Needs root. */
import { firewallSuite } from './firewall-suite.ts';

firewallSuite('ufw');
