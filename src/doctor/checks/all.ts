/** All checks, in the order in which they are told. */
import type { Check } from '../situation.ts';
import { adminCheck } from './admin.ts';
import { clockCheck } from './clock.ts';
import { configCheck } from './config.ts';
import { containersCheck } from './containers.ts';
import { daemonCheck } from './daemon.ts';
import { dovecotCheck } from './dovecot.ts';
import { eximCheck } from './exim.ts';
import { firewallCheck } from './firewall.ts';
import { ipv6Check } from './ipv6.ts';
import { journalCheck } from './journal.ts';
import { linesCheck } from './lines.ts';
import { loginsCheck } from './logins.ts';
import { neighboursCheck } from './neighbours.ts';
import { postfixCheck } from './postfix.ts';
import { serviceCheck } from './service.ts';
import { sourcesCheck } from './sources.ts';
import { stalwartCheck } from './stalwart.ts';
import { storageCheck } from './storage.ts';

export const CHECKS: readonly Check[] = [
  configCheck,
  daemonCheck,
  serviceCheck,
  storageCheck,
  clockCheck,
  sourcesCheck,
  journalCheck,
  linesCheck,
  containersCheck,
  postfixCheck,
  dovecotCheck,
  eximCheck,
  stalwartCheck,
  firewallCheck,
  ipv6Check,
  loginsCheck,
  neighboursCheck,
  adminCheck,
];
