/** A running daemon as it answers the doctor: all is well with it unless a test says otherwise. */
import type { BanView, Status } from '../../src/api/contract.ts';
import type { Daemon } from '../../src/doctor/situation.ts';
import { fakeControl } from '../api/fake-control.ts';
import { NOW } from './fake-host.ts';

const HOUR = 3_600_000;

const STATUS: Status = {
  ...fakeControl().status(),
  version: '1.2.3',
  pid: 4711,
  startedAt: NOW - 75 * HOUR,
  now: NOW,
  configFile: '/etc/tailban/tailban.toml',
  dryRun: false,
  bans: { active: 0, addresses: 0, networks: 0, logins: 0 },
  subjects: 0,
  lines: 1_000,
  events: { authentication: 0, 'invalid-rcpt': 0, loitering: 0, scan: 0, success: 0, request: 0 },
  limits: [{ kind: 'authentication', limit: { count: 100, period: 24 * HOUR }, banTime: HOUR }],
  sources: [],
  enforcers: [{ name: 'nftables', pending: 0, failingSince: null, problem: null, logins: null }],
  gates: [],
  notifiers: [],
  loginsEnforced: false,
  knownGood: 0,
  lastCheckpoint: NOW - 500,
  problems: [],
};

/** The rest of a source that a test does not care for. */
export const SOURCE: Status['sources'][number] = {
  name: 'mail',
  state: 'reading',
  problem: null,
  filters: ['postfix'],
  lines: 1_000,
  cut: 0,
  events: 10,
  lastEvent: NOW - 1_000,
  origins: [{ origin: '/var/log/mail.log', offset: 5_000, size: 5_000 }],
};

export function running(
  changes: Partial<Status> = {},
  { bans = [], allowed = [], unread = [] }: Partial<Extract<Daemon, { runs: true }>> = {},
): Daemon {
  return { runs: true, status: { ...STATUS, ...changes }, bans, allowed, unread };
}

export function banOf(subject: string, changes: Partial<BanView> = {}): BanView {
  return {
    subject,
    type: subject.includes('/') ? 'network' : 'address',
    cause: 'authentication',
    reason: '100 failed logins',
    since: NOW - HOUR,
    until: NOW + HOUR,
    offence: 1,
    evidence: [],
    ...changes,
  };
}
