/** A daemon that is none: it stands still at one moment, holds a few bans, and remembers what it was asked. */
import type { RestoreRequest } from '../../src/api/backup.ts';
import {
  type AllowedView,
  type AllowRequest,
  type BanRequest,
  type BanView,
  type Control,
  type DisallowRequest,
  type ImportRequest,
  type LoginView,
  Refusal,
  type Status,
  type SubjectView,
  type UnbanRequest,
} from '../../src/api/contract.ts';

export const NOW = Date.UTC(2026, 10, 22, 8, 47, 29);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export const BANS: readonly BanView[] = [
  {
    subject: '192.0.2.1',
    type: 'address',
    cause: 'authentication',
    reason: '100 failed logins in 3m (limit 100/1d)',
    since: NOW - 3 * MINUTE,
    until: NOW + 57 * MINUTE,
    offence: 1,
    evidence: ['Nov 22 08:44:29 mx1 postfix/smtpd[1]: warning: unknown[192.0.2.1]: SASL LOGIN authentication failed'],
  },
  {
    subject: 'alice@example.org',
    type: 'login',
    cause: 'authentication',
    reason: '100 failed logins in 23h (limit 100/1d, ban number 2)',
    since: NOW - 3 * HOUR,
    until: NOW + 21 * HOUR,
    offence: 2,
    evidence: [],
  },
  {
    subject: '2001:db8:bad::/64',
    type: 'network',
    cause: 'manual',
    reason: 'guesses passwords',
    since: NOW - 26 * HOUR,
    until: null,
    offence: 1,
    evidence: [],
  },
];

const STATUS: Status = {
  version: '1.2.3',
  pid: 4711,
  startedAt: NOW - 75 * HOUR,
  now: NOW,
  configFile: '/etc/tailban/tailban.toml',
  dropIns: ['/etc/tailban/tailban.d/10-office.toml'],
  dryRun: false,
  bans: { active: 3, addresses: 1, networks: 1, logins: 1 },
  subjects: 1204,
  lines: 1_203_882,
  events: { authentication: 3221, 'invalid-rcpt': 12, loitering: 40, scan: 7, success: 910, request: 0 },
  limits: [
    { kind: 'authentication', limit: { count: 100, period: 24 * HOUR }, banTime: HOUR },
    { kind: 'invalid-rcpt', limit: { count: 35, period: 24 * HOUR }, banTime: null },
    { kind: 'loitering', limit: null, banTime: null },
  ],
  sources: [
    {
      name: 'mail',
      state: 'reading',
      problem: null,
      filters: ['postfix', 'dovecot'],
      lines: 1_203_882,
      cut: 3,
      events: 4190,
      lastEvent: NOW - 12_000,
      origins: [
        { origin: '/var/log/mail.log', offset: 5000, size: 5000 },
        { origin: '/var/log/mail.log.1', offset: 1000, size: 3_000_000 },
      ],
    },
    {
      name: 'extra',
      state: 'failed',
      problem: 'there is no file that matches /srv/log/*.log',
      filters: ['dovecot'],
      lines: 0,
      cut: 0,
      events: 0,
      lastEvent: null,
      origins: [],
    },
  ],
  enforcers: [
    {
      name: 'nftables',
      pending: 2,
      failingSince: NOW - 90_000,
      problem: 'nft ended with 1: Operation not permitted',
      logins: null,
    },
    { name: 'Stalwart', pending: 0, failingSince: null, problem: null, logins: 'does not stop guesses' },
  ],
  gates: [
    { name: 'Dovecot auth policy', address: '127.0.0.1:4001', listening: true, refusesLogins: true },
    { name: 'Postfix policy service', address: '127.0.0.1:10031', listening: false, refusesLogins: false },
  ],
  rates: {
    rates: [
      { name: 'authentication', limit: { count: 10, period: 60_000 } },
      { name: 'jmap-authentication', limit: { count: 10, period: 60_000 } },
      { name: 'anonymous', limit: { count: 100, period: 60_000 } },
      { name: 'account', limit: null },
    ],
    subjects: 12,
    most: 1024,
    overflow: 0,
    running: 3,
    atOnce: { requests: 4, uploads: 4 },
    limited: [
      { subject: '192.0.2.77', rate: 'anonymous', limit: { count: 100, period: 60_000 }, freeAt: NOW + 42_000 },
    ],
    limitedCount: 1,
  },
  notifiers: [
    { name: 'ops', waiting: 0, failingSince: null, problem: null },
    {
      name: 'chat',
      waiting: 12,
      failingSince: NOW - 240_000,
      problem: 'Cannot post to https://chat.example.org: it answered 503',
    },
  ],
  loginsEnforced: true,
  knownGood: 37,
  lastCheckpoint: NOW - 700,
  problems: ['source extra: there is no file that matches /srv/log/*.log'],
};

export interface FakeControl extends Control {
  /** Method and argument of every change that was asked for. */
  readonly asked: (readonly [string, unknown])[];
}

/** @param changes methods that are to do something else. */
export function fakeControl(changes: Partial<Control> = {}): FakeControl {
  const asked: [string, unknown][] = [];
  const allowed: AllowedView[] = [
    { network: '127.0.0.0/8', why: 'loopback', since: null },
    { network: '203.0.113.10/32', why: 'own address', since: null },
    { network: '198.51.100.0/24', why: 'office', since: NOW - 2 * HOUR },
  ];
  return {
    asked,
    status: () => STATUS,
    bans: () => BANS,
    explain: ({ subject }) => fakeView(subject),
    async ban(request: BanRequest) {
      asked.push(['ban', request]);
      return fakeBan(request);
    },
    async unban(request: UnbanRequest) {
      asked.push(['unban', request]);
      if ('all' in request) return BANS.map(({ subject }) => subject);
      if (request.subject === '192.0.2.99')
        throw new Refusal(404, '192.0.2.99 is not banned', 'tailban list shows who is');
      return [request.subject];
    },
    allowed: () => allowed,
    async allow(request: AllowRequest) {
      asked.push(['allow', request]);
      return request.network === '192.0.2.0/24' ? ['192.0.2.1'] : [];
    },
    async disallow(request: DisallowRequest) {
      asked.push(['disallow', request]);
    },
    async reload() {
      asked.push(['reload', null]);
      return { changes: ['authentication: 100/1d is now 50/1d'], notes: ['line 3: scan is an older name'] };
    },
    config: () => '[server]\n# never banned\nallowed-ip = []\n',
    async import(request: ImportRequest) {
      asked.push(['import', request]);
      return { imported: request.bans.length, skipped: [] };
    },
    async restore({ allowed = [], history = [], bans = [], knownGood = [] }: RestoreRequest) {
      asked.push(['restore', { allowed, history, bans, knownGood }]);
      const counts = { allowed: allowed.length, history: history.length, bans: bans.length };
      return { ...counts, knownGood: knownGood.length, skipped: [] };
    },
    async distrust({ login, network }) {
      asked.push(['distrust', { login, network }]);
      if (login === 'nobody')
        throw new Refusal(404, 'The login nobody has never worked from anywhere, as far as is known');
      return network === undefined ? ['198.51.100.0/24', '2001:db8:7::/56'] : [network];
    },
    ...changes,
  };
}

function fakeBan({ subject, duration = HOUR, reason = 'by hand', force }: BanRequest): BanView {
  if (subject === '203.0.113.10' && !force)
    throw new Refusal(409, '203.0.113.10 is allowed: own address', 'tailban ban --force bans it all the same');
  const login = subject.startsWith('login:');
  return {
    subject: login ? subject.slice('login:'.length) : subject,
    type: login ? 'login' : subject.includes('/') ? 'network' : 'address',
    cause: 'manual',
    reason,
    since: NOW,
    until: duration === null ? null : NOW + duration,
    offence: 1,
    evidence: [],
  };
}

function fakeLogin(login: string): LoginView {
  const isKnown = login === 'alice@example.org';
  return {
    asked: isKnown ? 'alice+shop' : null,
    changes: isKnown ? ['default domain', 'tag'] : [],
    knownGood: isKnown ? [{ network: '198.51.100.0/24', last: NOW - 5 * HOUR }] : [],
    knownGoodCount: isKnown ? 1 : 0,
  };
}

/** `192.0.2.1` and `login:alice@example.org` are banned, `192.0.2.7` is near it, `203.0.113.10` is allowed. */
export function fakeView(text: string): SubjectView {
  const type = text.startsWith('login:') ? 'login' : text.includes('/') ? 'network' : 'address';
  const subject = type === 'login' ? text.slice('login:'.length) : text;
  const bans = BANS.filter((ban) => ban.subject === subject);
  const near = text === '192.0.2.7';
  const DAY = 24 * HOUR;
  const authentication = {
    kind: 'authentication' as const,
    limit: { count: 100, period: DAY },
    banTime: HOUR,
    count: near ? 97 : 0,
    oldestLeaves: near ? NOW + 200 * MINUTE : null,
  };
  const rejected = {
    ...authentication,
    kind: 'invalid-rcpt' as const,
    limit: { count: 35, period: DAY },
    banTime: null,
  };
  return {
    now: NOW,
    subject,
    type,
    countedAs: type === 'network' ? null : subject,
    login: type === 'login' ? fakeLogin(subject) : null,
    allowed: text === '203.0.113.10' ? 'own address on eth0 (203.0.113.10/32)' : null,
    bans,
    within: text === '192.0.2.0/24' ? BANS.slice(0, 1) : [],
    withinCount: text === '192.0.2.0/24' ? 1 : 0,
    standing:
      type === 'network'
        ? []
        : type === 'login'
          ? [authentication]
          : [authentication, { ...rejected, count: 0, oldestLeaves: null }],
    rates: near
      ? [{ name: 'authentication', limit: { count: 10, period: MINUTE }, remaining: 0, freeAt: NOW + 42_000 }]
      : [],
    running: { requests: near ? 2 : 0, uploads: near ? 1 : 0 },
    evidence: near
      ? ['Nov 22 08:46:50 mx1 postfix/smtpd[1]: warning: unknown[192.0.2.7]: SASL LOGIN authentication failed']
      : [],
    history: bans.flatMap((ban) => [
      { ...ban, endedAt: null, ended: null },
      {
        ...ban,
        since: NOW - 3 * DAY,
        until: NOW - 3 * DAY + HOUR,
        offence: 1,
        endedAt: NOW - 3 * DAY + HOUR,
        ended: 'expired' as const,
      },
    ]),
  };
}
