/**
 * Makes test/corpus/exim-4.96 (Debian's log_selector: mainlog and rejectlog), exim-4.96-syslog (everything that can be
 * logged, over syslog) and exim-4.96-ports (cPanel's log_selector and its names of authenticators, with the zone in the
 * stamps): Debian 12's exim4-daemon-heavy, attacked. Needs root, debootstrap, iproute2 and the network for the packages:
 *
 *     node test/corpus/make/exim.ts [FOLDER FOR THE DEBIAN ROOT]
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { attack, base64, plain, type Scenario, type Step, writeCorpus } from './attack.ts';
import { Addresses, FAILED, HELO, INNOCENT } from './clients.ts';
import { startNameServer } from './dns.ts';
import { DebianRoot, inNamespace } from './lab.ts';

const MX = 25;
const SMTPS = 465;
const SUBMISSION = 587;
const SERVER = { address4: '203.0.113.10', address6: '2001:db8:1::10', answer: /^\d{3} .*\r\n$/m } as const;
const PACKAGES = ['exim4-daemon-heavy', 'rsyslog', 'openssl'];
const ALICE = plain('alice@example.org', 'wonderland');
const IDLE_MS = 8_000;

const { client, forger } = new Addresses(100, 10);

const LOITERED = { expect: { loitering: 1 } } as const;
const SCANNED = { expect: { scan: 1 } } as const;

function submit(name: string, steps: readonly Step[], more: Partial<Scenario> = {}): Scenario {
  return { name, ip: client(), port: SUBMISSION, steps: [HELO, ...steps, 'QUIT'], ...more };
}

function wrongPlain(name: string, login: string, more: Partial<Scenario> = {}): Scenario {
  return submit(name, [`AUTH PLAIN ${plain(login, 'wrong')}`], { ...FAILED, logins: [login], ...more });
}

/** Exim escapes what is not ASCII, and control characters. */
function forgedLogin(name: string, login: string, logged = login): Scenario {
  const steps = ['AUTH LOGIN', base64(login), base64('wrong')];
  return submit(`forged-login-${name}`, steps, { ip: forger(), ...FAILED, logins: [logged], forged: true });
}

function arrive(name: string, steps: readonly Step[], more: Partial<Scenario> = {}): Scenario {
  return { name, ip: client(), port: MX, steps, ...more };
}

function recipient(name: string, from: string, to: string, more: Partial<Scenario> = {}): Scenario {
  const steps = [HELO, `MAIL FROM:<${from}>`, `RCPT TO:<${to}>`, 'QUIT'];
  return arrive(name, steps, { expect: { 'invalid-rcpt': 1 }, ...more });
}

function forgedHelo(name: string, helo: string): Scenario {
  const steps = [`EHLO ${helo}`, 'MAIL FROM:<s@example.net>', 'RCPT TO:<nosuch@example.org>', 'QUIT'];
  return arrive(`forged-helo-${name}`, steps, { ip: forger(), expect: { 'invalid-rcpt': 1 }, forged: true });
}

const forged = (): Partial<Scenario> => ({ ip: forger(), forged: true });
const MESSAGE = ['DATA', 'Subject: t\r\n\r\nx\r\n.'];

const SCENARIOS: readonly Scenario[] = [
  wrongPlain('auth-plain-wrong', 'alice@example.org'),
  wrongPlain('auth-plain-unknown', 'nosuch@example.org'),
  wrongPlain('auth-plain-v6', 'alice@example.org', { ip: '2001:db8:bad:1::1' }),
  wrongPlain('auth-named-client', 'root', { ip: '192.0.2.20', note: 'reverse DNS that is confirmed' }),
  wrongPlain('auth-name-with-address', 'root', {
    ip: '192.0.2.22',
    forged: true,
    note: 'an address in its reverse DNS',
  }),
  wrongPlain('auth-smtps', 'alice@example.org', { port: SMTPS, tls: true }),
  submit('auth-starttls', ['STARTTLS', 'tls', HELO, `AUTH PLAIN ${plain('alice@example.org', 'wrong')}`], {
    ...FAILED,
    logins: ['alice@example.org'],
  }),
  submit('auth-login-wrong', ['AUTH LOGIN', base64('alice@example.org'), base64('wrong')], {
    ...FAILED,
    logins: ['alice@example.org'],
  }),
  submit('auth-cram-wrong', ['AUTH CRAM-MD5', base64(`alice@example.org ${'0'.repeat(32)}`)], {
    ...FAILED,
    logins: ['alice@example.org'],
  }),
  submit(
    'auth-three-failures',
    ['admin', 'test', 'info'].map((one) => `AUTH PLAIN ${plain(one, 'x')}`),
    {
      expect: { authentication: 3 },
      logins: ['admin', 'test', 'info'],
    },
  ),
  submit(
    'auth-same-login-twice',
    [1, 2].map((one) => `AUTH PLAIN ${plain('admin', `x${one}`)}`),
    {
      expect: { authentication: 2 },
      logins: ['admin', 'admin'],
    },
  ),
  arrive('auth-then-drop', [HELO, `AUTH PLAIN ${plain('webmaster', 'x')}`, 600, 'drop'], {
    port: SUBMISSION,
    ...FAILED,
    logins: ['webmaster'],
  }),
  submit('auth-bad-base64', ['AUTH PLAIN !!!'], FAILED),
  submit('auth-cancelled', ['AUTH LOGIN', '*'], { ...LOITERED, note: 'no password was tried' }),
  submit('auth-unknown-mechanism', ['AUTH NTLM'], FAILED),
  submit('auth-server-broken', [`AUTH PLAIN ${plain('outage', 'x')}`], { note: "the server's own fault" }),
  arrive('auth-not-offered', [HELO, 'AUTH LOGIN', base64('admin'), 'QUIT'], FAILED),
  submit('typo-then-success', [`AUTH PLAIN ${plain('alice@example.org', 'wunderland')}`, `AUTH PLAIN ${ALICE}`], {
    ...FAILED,
    logins: ['alice@example.org'],
  }),
  submit('success-with-mail', [
    `AUTH PLAIN ${ALICE}`,
    'MAIL FROM:<alice@example.org>',
    'RCPT TO:<bob@example.org>',
    ...MESSAGE,
  ]),
  submit('success-with-typo-in-recipient', [
    `AUTH PLAIN ${ALICE}`,
    'MAIL FROM:<alice@example.org>',
    'RCPT TO:<bbo@example.org>',
    'RCPT TO:<booob@example.org>',
  ]),
  arrive('good-delivery', [HELO, 'MAIL FROM:<s@example.net>', 'RCPT TO:<bob@example.org>', ...MESSAGE, 'QUIT']),
  arrive('good-delivery-without-quit', [
    HELO,
    'MAIL FROM:<s@example.net>',
    'RCPT TO:<bob@example.org>',
    ...MESSAGE,
    600,
    'drop',
  ]),
  arrive('greeted', [HELO, 'QUIT']),
  arrive('greylisted', [HELO, 'MAIL FROM:<s@example.net>', 'RCPT TO:<grey@example.org>', 'QUIT']),
  recipient('rcpt-unknown', 's@example.net', 'nosuchuser@example.org'),
  recipient('rcpt-unknown-v6', 's@example.net', 'nosuchuser@example.org', { ip: '2001:db8:bad:2::2' }),
  recipient('rcpt-unknown-named-client', 's@example.net', 'jsmith@example.org', {
    ip: '192.0.2.21',
    note: 'reverse DNS that is not confirmed',
  }),
  recipient('rcpt-null-sender', '', 'olduser@example.org'),
  recipient('rcpt-relay', 's@example.net', 'someone@example.com'),
  arrive(
    'rcpt-dictionary',
    [
      HELO,
      'MAIL FROM:<s@example.net>',
      ...['aaron', 'abby', 'adam'].map((one) => `RCPT TO:<${one}@example.org>`),
      600,
      'drop',
    ],
    {
      expect: { 'invalid-rcpt': 3 },
    },
  ),
  arrive('verify-and-expand', [HELO, 'VRFY nosuch@example.org', 'EXPN staff', 'QUIT'], {
    expect: { 'invalid-rcpt': 2 },
  }),
  arrive('connect-drop', ['drop'], LOITERED),
  arrive('connect-late-drop', [600, 'drop'], LOITERED),
  arrive('ehlo-drop', [HELO, 600, 'drop'], LOITERED),
  arrive('mail-drop', [HELO, 'MAIL FROM:<s@example.net>', 600, 'drop'], LOITERED),
  arrive('starttls-drop', [HELO, 'STARTTLS', 600, 'drop'], LOITERED),
  arrive('idle', [IDLE_MS], LOITERED),
  arrive('idle-v6', [IDLE_MS], { ...LOITERED, ip: '2001:db8:bad:4::4' }),
  arrive(
    'idle-in-data',
    [HELO, 'MAIL FROM:<s@example.net>', 'RCPT TO:<bob@example.org>', 'DATA', 'Subject: t', IDLE_MS],
    LOITERED,
  ),
  arrive('idle-after-failed-login', [HELO, `AUTH PLAIN ${plain('idle', 'x')}`, IDLE_MS], {
    port: SUBMISSION,
    expect: { authentication: 1, loitering: 1 },
    logins: ['idle'],
  }),
  arrive('idle-at-smtps', [IDLE_MS], { port: SMTPS, ...LOITERED }),
  arrive(
    'http',
    [
      600,
      { raw: 'GET / HTTP/1.1\r\nHost: mx1.example.org\r\nUser-Agent: zgrab/0.x\r\nAccept: */*\r\n\r\n' },
      600,
      'drop',
    ],
    SCANNED,
  ),
  arrive('http-at-smtps', [{ raw: 'GET / HTTP/1.1\r\nHost: mx1.example.org\r\n\r\n' }, 600, 'drop'], {
    port: SMTPS,
    ...SCANNED,
  }),
  arrive('ssh', [600, { raw: 'SSH-2.0-Go\r\n' }, 600, 'drop'], SCANNED),
  arrive(
    'tls-at-25',
    [600, { raw: Buffer.from('160301003c010000380303414141410a0000001c', 'hex') }, { raw: '\r\n' }, 600, 'drop'],
    SCANNED,
  ),
  arrive('early-talker', [{ raw: 'EHLO early.example.net\r\nMAIL FROM:<s@example.net>\r\n' }, 600, 'drop'], SCANNED),
  arrive(
    'pipelining',
    [
      600,
      { raw: 'HELO p.example.net\r\nMAIL FROM:<s@example.net>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n' },
      600,
      'drop',
    ],
    SCANNED,
  ),
  arrive('noop-flood', [HELO, ...Array.from({ length: 14 }, () => 'NOOP')], SCANNED),
  arrive('unknown-commands', ['XYZZY 0', 'XYZZY 1', 'XYZZY 2', 'XYZZY 3'], SCANNED),
  arrive('unknown-word-drop', ['FOOBAR', 600, 'drop'], LOITERED),
  forgedLogin('line', `x) [${INNOCENT}]:25: 535 Incorrect authentication data (set_id=y`),
  forgedLogin(
    'newline',
    `x\r\n2026-11-22 10:00:00 login_server authenticator failed for (x) [${INNOCENT}]: 535 Incorrect authentication data (set_id=y)`,
    `x\\r\\n2026-11-22 10:00:00 login_server authenticator failed for (x) [${INNOCENT}]: 535 Incorrect authentication data (set_id=y)`,
  ),
  forgedLogin('address', INNOCENT),
  forgedLogin('address-v6', '2001:db8:face::1'),
  forgedLogin('quotes', `"al\\ice"@example.org`),
  forgedLogin('dovecot', `x>, method=PLAIN, rip=${INNOCENT}, lip=203.0.113.10, session=<abc`),
  forgedLogin('utf8', 'пользователь@example.org'),
  forgedLogin('long', `${'L'.repeat(600)}@example.org`),
  forgedLogin('blank', 'alice @example.org'),
  forgedLogin('bracket', 'x)'),
  { ...wrongPlain('forged-login-empty', ''), ...forged(), logins: [] },
  forgedHelo('literal', `[${INNOCENT}]`),
  forgedHelo('literal-v6', '[IPv6:2001:db8:face::1]'),
  forgedHelo('line', `x) [${INNOCENT}]: 535 Incorrect authentication data (set_id=y`),
  forgedHelo('brackets', `(x) [${INNOCENT}]:25 incorrect`),
  forgedHelo('utf8', 'привет'),
  forgedHelo('control', 'a\tb\u001b[31m'),
  forgedHelo('long', 'h'.repeat(300)),
  forgedHelo('longer', 'h'.repeat(1500)),
  recipient('forged-sender', `"unknown[${INNOCENT}]: 550 5.1.1"@example.net`, 'nosuch@example.org', forged()),
  recipient(
    'forged-sender-login',
    '"x> A=plain_server:alice rejected RCPT <y"@example.net',
    'nosuch@example.org',
    forged(),
  ),
  recipient(
    'forged-recipient',
    's@example.net',
    `"H=[${INNOCENT}] F=<x> rejected RCPT <y>: relay not permitted"@example.org`,
    forged(),
  ),
  recipient('forged-recipient-utf8', 's@example.net', 'ю@example.org', forged()),
  recipient(
    'forged-long-sender',
    `"${'s'.repeat(40)} x) [${INNOCENT}] F=<a> rejected RCPT <b"@example.net`,
    'nosuch@example.org',
    forged(),
  ),
  arrive('forged-command', [600, { raw: `GET /" H=[${INNOCENT}] unrecognized command\r\n` }, 600, 'drop'], {
    ...forged(),
    ...SCANNED,
  }),
  arrive('forged-mechanism', [HELO, `AUTH X" H=[${INNOCENT}] AUTH command used when not advertised`, 'QUIT'], {
    ...forged(),
    ...FAILED,
    port: SUBMISSION,
  }),
  arrive('forged-input', [{ raw: `x" H=[${INNOCENT}] input="y\r\n` }, 600, 'drop'], { ...forged(), ...SCANNED }),
  arrive(
    'forged-header',
    [
      HELO,
      'MAIL FROM:<s@example.net>',
      'RCPT TO:<bob@example.org>',
      'DATA',
      `Subject: virus\r\n2026-11-22 10:00:00 login_server authenticator failed for (x) [${INNOCENT}]: 535 Incorrect authentication data (set_id=y)\r\n\r\nx\r\n.`,
      'QUIT',
    ],
    { ...forged(), note: 'refused for its content: rejectlog holds its headers' },
  ),
];

/** What Exim logs only with +smtp_connection or +smtp_no_mail. */
const UNLOGGED: Truth = Object.fromEntries(
  ['connect-drop', 'connect-late-drop', 'ehlo-drop'].map((name) => [name, { expect: {}, note: 'not logged' }]),
);
/** Exim lets clients talk before its greeting (pipelining_connect_advertise_hosts), but where a variant forbids it. */
const MAY_TALK: Truth = { 'early-talker': LOITERED };

type Truth = Readonly<Record<string, Partial<Scenario>>>;

const LOGS = [
  {
    folder: 'exim-4.96',
    settings: ['log_selector = +smtp_protocol_error +smtp_syntax_error +tls_certificate_verified +tls_peerdn'],
    authenticator: (name: string) => `${name}_server`,
    isSyslog: false,
    truth: { ...UNLOGGED, ...MAY_TALK },
  },
  {
    folder: 'exim-4.96-syslog',
    settings: [
      'log_file_path = syslog',
      'log_selector = +smtp_protocol_error +smtp_syntax_error +pid +millisec +incoming_port +incoming_interface +smtp_connection +smtp_no_mail +tls_sni +tls_peerdn',
    ],
    authenticator: (name: string) => `${name}_server`,
    isSyslog: true,
    truth: MAY_TALK,
  },
  {
    folder: 'exim-4.96-ports',
    settings: [
      'log_timezone = true',
      'pipelining_connect_advertise_hosts =',
      'log_selector = +smtp_protocol_error +smtp_syntax_error +incoming_port +smtp_connection +all_parents +subject +arguments +received_recipients',
    ],
    authenticator: (name: string) => `dovecot_${name}`,
    isSyslog: false,
    truth: {},
  },
] as const;

const HOSTS = new Map([
  ['scanner20.evil.example', '192.0.2.20'],
  ['203-0-113-99.203.0.113.99.evil.example', '192.0.2.22'],
  ['example.net', '192.0.2.1'],
  ['example.org', '203.0.113.10'],
]);
const REVERSE = new Map([
  ['192.0.2.20', 'scanner20.evil.example'],
  ['192.0.2.21', 'unconfirmed.evil.example'],
  ['192.0.2.22', '203-0-113-99.203.0.113.99.evil.example'],
]);

function configuration({ settings, authenticator }: (typeof LOGS)[number]): string {
  const isRight = (login: string, password: string): string =>
    `\${if eq{${login}}{outage}{\${lookup{x}lsearch{/nonexistent}}}{\${if and{{eq{${login}}{alice@example.org}}{eq{${password}}{wonderland}}}}}}`;
  return `
primary_hostname = mx1.example.org
domainlist local_domains = example.org
daemon_smtp_ports = ${MX} : ${SMTPS} : ${SUBMISSION}
tls_on_connect_ports = ${SMTPS}
local_interfaces = <; ${SERVER.address4} ; ${SERVER.address6}
host_lookup = *
dns_again_means_nonexist = *
tls_advertise_hosts = *
tls_certificate = /etc/exim4/lab.pem
tls_privatekey = /etc/exim4/lab.pem
auth_advertise_hosts = \${if eq{$received_port}{${MX}}{}{*}}
smtp_receive_timeout = 5s
acl_smtp_rcpt = check_rcpt
acl_smtp_data = check_data
${settings.join('\n')}

begin acl
check_rcpt:
  defer local_parts = grey
    message = greylisted
  accept authenticated = *
    !domains = +local_domains
  require message = relay not permitted
    domains = +local_domains
  deny message = restricted characters in address
    local_parts = ^[.] : ^.*[@%!/|]
  require verify = recipient
  accept
check_data:
  deny condition = \${if match{$h_subject:}{virus}}
    message = virus
  accept

begin routers
everybody:
  driver = redirect
  domains = +local_domains
  local_parts = alice : bob
  data = :blackhole:

begin authenticators
${authenticator('plain')}:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${isRight('$auth2', '$auth3')}
  server_set_id = $auth2
${authenticator('login')}:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${isRight('$auth1', '$auth2')}
  server_set_id = $auth1
cram_md5_server:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = \${if eq{$auth1}{alice@example.org}{wonderland}fail}
  server_set_id = $auth1
`;
}

await inNamespace(async () => {
  const root = new DebianRoot(process.argv[2] ?? '/var/tmp/tailban-exim', PACKAGES);
  const certificate = ['-keyout', '/etc/exim4/lab.pem', '-out', '/etc/exim4/lab.crt', '-days', '1', '-nodes'];
  try {
    startNameServer(HOSTS, REVERSE);
    root.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-subj', '/CN=mx1.example.org', ...certificate]);
    root.append('/etc/exim4/lab.pem', root.read('/etc/exim4/lab.crt'));
    root.run(['chown', 'root:Debian-exim', '/etc/exim4/lab.pem']);
    root.run(['chmod', '640', '/etc/exim4/lab.pem']);
    for (const variant of LOGS) {
      for (const log of ['mainlog', 'rejectlog', 'paniclog']) root.remove(`/var/log/exim4/${log}`);
      if (variant.isSyslog) await root.startSyslog('/var/log/lab.log', 'mail.*');
      root.write('/etc/exim4/lab.conf', configuration(variant));
      root.spawn(['exim4', '-C', '/etc/exim4/lab.conf', '-bdf']);
      await sleep(2_000);
      await attack(SCENARIOS, SERVER);
      await sleep(2_000);
      await root.stop();
      const logs: Record<string, string> = variant.isSyslog
        ? { 'mail.log': root.read('/var/log/lab.log') }
        : { mainlog: root.read('/var/log/exim4/mainlog'), rejectlog: root.read('/var/log/exim4/rejectlog') };
      const truth: Truth = variant.truth;
      const scenarios = SCENARIOS.map((one) => ({ ...one, ...truth[one.name] }));
      writeCorpus(join(import.meta.dirname, '..', variant.folder), logs, scenarios);
    }
  } finally {
    await root.stop();
    root.leave();
  }
});
