/**
 * Makes test/corpus/courier-1.0: Debian 12's Courier with its IMAP, POP3 and SMTP servers and a user database, attacked
 * over each. Needs root, debootstrap, iproute2 and the network for the packages:
 *
 *     node test/corpus/make/courier.ts [FOLDER FOR THE DEBIAN ROOT]
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { attack, base64, plain, type Scenario, type Step, writeCorpus } from './attack.ts';
import { Addresses, FAILED, HELO, INNOCENT } from './clients.ts';
import { startNameServer } from './dns.ts';
import { DebianRoot, inNamespace } from './lab.ts';

const MX = 25;
const SUBMISSION = 587;
const IMAP = 143;
const IMAPS = 993;
const POP3 = 110;
const POP3S = 995;
const ANSWER = /^(?:\d{3} |\* (?:OK|BYE)|a\d* (?:OK|NO|BAD)|\+|-ERR).*\r\n$/m;
const SERVER = { address4: '203.0.113.10', address6: '2001:db8:1::10', answer: ANSWER } as const;
const PACKAGES = ['courier-mta', 'courier-imap', 'courier-pop', 'courier-authlib-userdb', 'rsyslog', 'openssl'];

const { client, forger } = new Addresses(100, 10);

function smtp(name: string, steps: readonly Step[], more: Partial<Scenario> = {}): Scenario {
  return { name: `smtp-${name}`, ip: client(), port: SUBMISSION, steps: [HELO, ...steps], ...more };
}

function smtpWrong(name: string, login: string, more: Partial<Scenario> = {}): Scenario {
  return smtp(name, ['AUTH LOGIN', base64(login), base64('wrong'), 'QUIT'], { ...FAILED, logins: [login], ...more });
}

function recipient(name: string, from: string, to: string, more: Partial<Scenario> = {}): Scenario {
  const steps = [`MAIL FROM:<${from}>`, `RCPT TO:<${to}>`, 'QUIT'];
  return smtp(name, steps, { port: MX, expect: { 'invalid-rcpt': 1 }, ...more });
}

function imap(name: string, steps: readonly Step[], more: Partial<Scenario> = {}): Scenario {
  return { name: `imap-${name}`, ip: client(), port: IMAP, steps, ...more };
}

function imapWrong(name: string, login: string, more: Partial<Scenario> = {}): Scenario {
  return imap(name, [`a1 LOGIN ${login} wrong`, 'a2 LOGOUT'], { ...FAILED, logins: [login], ...more });
}

function pop3Wrong(name: string, login: string, more: Partial<Scenario> = {}): Scenario {
  const steps = [`USER ${login}`, 'PASS wrong', 'QUIT'];
  return { name: `pop3-${name}`, ip: client(), port: POP3, steps, ...FAILED, logins: [login], ...more };
}

const forged = (): Partial<Scenario> => ({ ip: forger(), forged: true });
/** courierlogger cuts what it gets into pieces of so many bytes, so a long name can make a whole line of its own. */
const PIECE = 511;
const BEFORE_NAME = 'INFO: LOGIN FAILED, user='.length;
const BEHIND_NAME = `, ip=[::ffff:${INNOCENT}], port=[1]`;
const filler = (length: number): string => 'L'.repeat(length);
const firstPiece = filler(PIECE - BEFORE_NAME);
const ownLine = `INFO: LOGIN FAILED, user=${filler(PIECE - BEFORE_NAME - BEHIND_NAME.length)}${BEHIND_NAME}`;
const TOO_LONG = {
  expect: {},
  logins: [],
  note: 'the address is in another line, which the client may forge',
} as const;

const SCENARIOS: readonly Scenario[] = [
  smtpWrong('login-wrong', 'alice@example.org'),
  smtpWrong('login-unknown', 'nosuch'),
  smtpWrong('login-v6', 'alice@example.org', { ip: '2001:db8:bad:1::1' }),
  smtp('plain-wrong', [`AUTH PLAIN ${plain('alice@example.org', 'wrong')}`, 'QUIT'], {
    ...FAILED,
    logins: ['alice@example.org'],
  }),
  smtp('plain-short', [`AUTH PLAIN ${plain('bob', 'secret')}`, 'QUIT'], {
    ...FAILED,
    logins: ['bob'],
    note: 'a short name leaves room for the password',
  }),
  smtp('plain-in-two-steps', ['AUTH PLAIN', plain('carl', 'secret'), 'QUIT'], { ...FAILED, logins: ['carl'] }),
  smtp('login-in-one-step', [`AUTH LOGIN ${base64('dora')}`, base64('secret'), 'QUIT'], {
    ...FAILED,
    logins: ['dora'],
  }),
  smtp('cram-wrong', ['AUTH CRAM-MD5', base64(`alice@example.org ${'0'.repeat(32)}`), 'QUIT'], {
    ...FAILED,
    logins: ['alice@example.org'],
  }),
  smtp('mechanism-unknown', ['AUTH NTLM', 'QUIT'], FAILED),
  smtp('bad-base64', ['AUTH PLAIN !!!', 'QUIT'], { ...FAILED, logins: ['!!!'] }),
  smtp('aborted', ['AUTH LOGIN', '*', 'QUIT'], FAILED),
  smtp('three-failures', [...['admin', 'test', 'info'].map((one) => `AUTH PLAIN ${plain(one, 'x')}`), 'QUIT'], {
    expect: { authentication: 3 },
    logins: ['admin', 'test', 'info'],
  }),
  smtp('starttls-wrong', ['STARTTLS', 'tls', HELO, `AUTH PLAIN ${plain('alice@example.org', 'wrong')}`, 'QUIT'], {
    ...FAILED,
    logins: ['alice@example.org'],
  }),
  smtp('drop-after-failure', [`AUTH PLAIN ${plain('web', 'x')}`, 9_000, 'drop'], { ...FAILED, logins: ['web'] }),
  smtp(
    'typo-then-success',
    [
      `AUTH PLAIN ${plain('alice@example.org', 'wunder')}`,
      `AUTH PLAIN ${plain('alice@example.org', 'wonderland')}`,
      'QUIT',
    ],
    { ...FAILED, logins: ['alice@example.org'] },
  ),
  smtp(
    'success-with-mail',
    [
      ...[
        `AUTH PLAIN ${plain('alice@example.org', 'wonderland')}`,
        'MAIL FROM:<alice@example.org>',
        'RCPT TO:<alice@example.org>',
      ],
      ...['DATA', 'Subject: t\r\n\r\nx\r\n.', 'QUIT'],
    ],
    { expect: { success: 1 } },
  ),
  smtp(
    'success-with-typo-in-recipient',
    [
      ...[
        `AUTH PLAIN ${plain('alice@example.org', 'wonderland')}`,
        'MAIL FROM:<alice@example.org>',
        'RCPT TO:<alcie@example.org>',
      ],
      'QUIT',
    ],
    { note: 'nothing in the log tells that the client had logged in' },
  ),
  smtp(
    'good-delivery',
    ['MAIL FROM:<s@example.net>', 'RCPT TO:<alice@example.org>', 'DATA', 'Subject: t\r\n\r\nx\r\n.', 'QUIT'],
    { port: MX },
  ),
  recipient('rcpt-unknown', 's@example.net', 'nosuchuser@example.org'),
  recipient('rcpt-unknown-v6', 's@example.net', 'nosuchuser@example.org', { ip: '2001:db8:bad:2::2' }),
  recipient('rcpt-relay', 's@example.net', 'someone@example.com'),
  smtp(
    'rcpt-dictionary',
    ['MAIL FROM:<s@example.net>', ...['aaron', 'abby', 'adam'].map((one) => `RCPT TO:<${one}@example.org>`), 'QUIT'],
    {
      port: MX,
      expect: { 'invalid-rcpt': 3 },
    },
  ),
  recipient('rcpt-sender-domain', 's@nxdomain.invalid', 'alice@example.org', { expect: {} }),
  { name: 'smtp-connect-drop', ip: client(), port: MX, steps: [500, 'drop'], note: 'leaves only "started"' },
  {
    name: 'smtp-http',
    ip: client(),
    port: MX,
    steps: ['GET / HTTP/1.1', 'Host: mx1.example.org', 'QUIT'],
    expect: { scan: 1 },
  },
  smtp('junk', ['XYZZY 0', 'XYZZY 1', 'QUIT'], { port: MX, note: 'two mistyped commands' }),
  imapWrong('login-wrong', 'alice@example.org'),
  imapWrong('login-v6', 'alice@example.org', { ip: '2001:db8:bad:6::6' }),
  { ...imapWrong('tls-wrong', 'alice@example.org'), name: 'imaps-wrong', port: IMAPS, tls: true },
  imap('plain-wrong', ['a1 AUTHENTICATE PLAIN', plain('alice@example.org', 'wrong'), 'a2 LOGOUT'], FAILED),
  imap('cram-wrong', ['a1 AUTHENTICATE CRAM-MD5', base64(`alice ${'0'.repeat(32)}`), 'a2 LOGOUT'], FAILED),
  imap('three-failures', [...['x1', 'x2', 'x3'].map((one, i) => `a${i} LOGIN ${one} x`), 'a9 LOGOUT'], {
    expect: { authentication: 3 },
    logins: ['x1', 'x2', 'x3'],
  }),
  imap('drop-after-failure', ['a1 LOGIN backup x', 6_000, 'drop'], { ...FAILED, logins: ['backup'] }),
  imap(
    'typo-then-success',
    ['a1 LOGIN alice@example.org wunder', 'a2 LOGIN alice@example.org wonderland', 'a3 LOGOUT'],
    {
      expect: { authentication: 1, success: 1 },
      logins: ['alice@example.org'],
    },
  ),
  imap('success', ['a1 LOGIN alice@example.org wonderland', 'a2 SELECT INBOX', 'a3 LOGOUT'], {
    expect: { success: 1 },
  }),
  imap('success-drop', ['a1 LOGIN alice@example.org wonderland', 500, 'drop'], { expect: { success: 1 } }),
  imap('probe', ['a1 CAPABILITY', 'a2 LOGOUT']),
  imap('connect-drop', [500, 'drop'], { expect: { loitering: 1 } }),
  imap(
    'junk',
    Array.from({ length: 12 }, () => 'XYZZY'),
    { note: 'dropped with a line without an address' },
  ),
  pop3Wrong('wrong', 'alice@example.org'),
  pop3Wrong('unknown-v6', 'postgres', { ip: '2001:db8:bad:9::9' }),
  { ...pop3Wrong('tls-wrong', 'alice'), name: 'pop3s-wrong', port: POP3S, tls: true },
  {
    ...pop3Wrong('success', 'a'),
    steps: ['USER alice@example.org', 'PASS wonderland', 'QUIT'],
    expect: { success: 1 },
    logins: [],
  },
  { ...pop3Wrong('quit', 'a'), steps: ['QUIT'], expect: {}, logins: [] },
  pop3Wrong('forged-own-line', `x, ip=[::ffff:${INNOCENT}], port=[1]`, forged()),
  pop3Wrong('forged-postfix', `unknown[${INNOCENT}]: SASL LOGIN authentication failed: Invalid`, forged()),
  pop3Wrong('forged-utf8', 'ящик@example.org', { ...forged(), logins: ['........@example.org'] }),
  pop3Wrong('forged-long', filler(380), forged()),
  ...[480, 1000].map((length) => pop3Wrong(`forged-too-long-${length}`, filler(length), { ...forged(), ...TOO_LONG })),
  pop3Wrong('forged-piece', `${firstPiece}${ownLine}x`, { ...forged(), ...TOO_LONG }),
  pop3Wrong('forged-last-piece', `${firstPiece}INFO: LOGIN FAILED, user=victim${BEHIND_NAME}`, {
    ...forged(),
    logins: [`victim${BEHIND_NAME}`],
    note: 'what the client made look like a line of its own ends in its own address',
  }),
  imapWrong('forged-own-line', `"x, ip=[::ffff:${INNOCENT}], port=[1]"`, {
    ...forged(),
    logins: [`x, ip=[::ffff:${INNOCENT}], port=[1]`],
  }),
  imapWrong('forged-success', `"x, ip=[::ffff:${INNOCENT}], port=[1], protocol=IMAP"`, {
    ...forged(),
    logins: [`x, ip=[::ffff:${INNOCENT}], port=[1], protocol=IMAP`],
  }),
  // The log has as much of a name as fits, and up to a line feed.
  smtpWrong(
    'forged-own-line',
    `x error,relay=::ffff:${INNOCENT},port=1,msg="535 Authentication failed.",cmd: AUTH LOGIN`,
    {
      ...forged(),
      logins: [`x error,relay=::ffff:${INNOCENT},port=1,msg="535 Authentication fai`],
    },
  ),
  smtpWrong('forged-newline', `b\r\ncourieresmtpd: error,relay=::ffff:${INNOCENT},port=1`, {
    ...forged(),
    logins: ['b.'],
  }),
  smtpWrong('forged-long', filler(400), { ...forged(), logins: [filler(68)] }),
  recipient('forged-sender', `"x>,to=<y>: 550 User unknown ${INNOCENT}"@example.net`, 'nosuch@example.org', {
    ...forged(),
    expect: {},
    note: 'the sender is refused',
  }),
  recipient(
    'forged-recipient',
    's@example.net',
    `"x>: 550 User unknown. error,relay=::ffff:${INNOCENT},port=1"@example.org`,
    forged(),
  ),
];

const HOSTS = new Map([
  ['mx1.example.org', '203.0.113.10'],
  ['example.net', '203.0.113.50'],
  ['example.org', '203.0.113.10'],
]);

const DAEMONS = [
  'authdaemond',
  'courierfilter',
  'courier',
  'esmtpd',
  'esmtpd-msa',
  'imapd',
  'imapd-ssl',
  'pop3d',
  'pop3d-ssl',
];

function configure(root: DebianRoot): void {
  root.write('/etc/hosts', '127.0.0.1 localhost\n203.0.113.10 mx1.example.org mx1\n');
  const set = (file: string, key: string, value: string): void =>
    root.write(
      `/etc/courier/${file}`,
      root.read(`/etc/courier/${file}`).replace(new RegExp(`^${key}=.*$`, 'm'), `${key}="${value}"`),
    );
  set('authdaemonrc', 'authmodulelist', 'authuserdb');
  for (const file of ['esmtpd', 'esmtpd-msa']) {
    if (!/^ESMTPAUTH=/m.test(root.read(`/etc/courier/${file}`))) continue;
    set(file, 'ESMTPAUTH', 'LOGIN PLAIN CRAM-MD5');
    set(file, 'ESMTPAUTH_TLS', 'LOGIN PLAIN CRAM-MD5');
  }
  // There are no names of ports in there.
  set('esmtpd', 'PORT', '25');
  // All clients come at once, and nobody has time for a tar pit.
  for (const limit of ['MAXPERC', 'MAXPERIP']) for (const file of ['esmtpd', 'esmtpd-msa']) set(file, limit, '99');
  set('esmtpd', 'TARPIT', '0');
  root.write('/etc/courier/me', 'mx1.example.org\n');
  root.write('/etc/courier/locals', 'mx1.example.org\n');
  for (const file of ['defaultdomain', 'hosteddomains/lab']) root.write(`/etc/courier/${file}`, 'example.org\n');
  root.write('/etc/courier/esmtpacceptmailfor.dir/lab', 'example.org\n');
  const user = [
    'id vmail 2>/dev/null >&2 || useradd -m vmail',
    'test -d /home/vmail/Maildir || su vmail -s /bin/sh -c "maildirmake /home/vmail/Maildir"',
    'userdb alice@example.org set uid=$(id -u vmail) gid=$(id -g vmail) home=/home/vmail mail=/home/vmail/Maildir',
    'echo wonderland | userdbpw -md5 | userdb alice@example.org set systempw',
    'chmod 700 /etc/courier/userdb* ; makeuserdb',
    'for make in makehosteddomains makeacceptmailfor makealiases; do $make || true; done',
  ];
  for (const line of user) root.run(['sh', '-c', line]);
}

await inNamespace(async () => {
  // couriertcpd listens to IPv4 and IPv6 on one socket.
  execFileSync('sysctl', ['-qw', 'net.ipv6.bindv6only=0']);
  const root = new DebianRoot(process.argv[2] ?? '/var/tmp/tailban-courier', PACKAGES);
  try {
    configure(root);
    startNameServer(HOSTS, new Map());
    await root.startSyslog('/var/log/lab.log', 'mail.*');
    root.run(['sh', '-c', 'mkdir -p /run/courier/authdaemon && chown -R courier:courier /run/courier']);
    for (const daemon of DAEMONS) root.run([`/usr/sbin/${daemon}`, 'start']);
    await sleep(3_000);
    await attack(SCENARIOS, SERVER, 20);
    await sleep(12_000);
    const logs = { 'mail.log': root.read('/var/log/lab.log') };
    writeCorpus(join(import.meta.dirname, '../courier-1.0'), logs, SCENARIOS);
  } finally {
    for (const daemon of [...DAEMONS].reverse()) root.run(['sh', '-c', `/usr/sbin/${daemon} stop || true`]);
    await root.stop();
    root.leave();
  }
});
