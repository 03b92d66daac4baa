/**
 * Makes test/corpus/opensmtpd-6.8 and opensmtpd-7.6: OpenSMTPD of Debian 12 and 13 with a table of passwords and one of
 * recipients. Takes over five minutes each, which is how long OpenSMTPD lets a client idle. Needs root, debootstrap,
 * iproute2 and the network for the packages:
 *
 *     node test/corpus/make/opensmtpd.ts [FOLDER FOR DEBIAN 12] [FOLDER FOR DEBIAN 13]
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { attack, base64, plain, type Scenario, writeCorpus } from './attack.ts';
import { Addresses, HELO, INNOCENT } from './clients.ts';
import { DebianRoot, inNamespace } from './lab.ts';

const MX = 25;
const SUBMISSION = 587;
const SMTPS = 465;
const SERVER = { address4: '203.0.113.40', address6: '2001:db8:1::40', answer: /^\d{3} .*\r\n$/m } as const;
const PACKAGES = ['opensmtpd', 'openssl', 'ca-certificates', 'rsyslog'];
const TLS = [HELO, 'STARTTLS', 'tls', HELO] as const;
const IDLE_SECONDS = 300;
const ALICE = `AUTH PLAIN ${plain('alice@example.org', 'wonderland')}`;
const MESSAGE = ['DATA', 'Subject: t\r\n\r\nx\r\n.'] as const;

const { client, forger } = new Addresses(100, 10);

function wrongPlain(name: string, login: string, more: Partial<Scenario> = {}): Scenario {
  const steps = [...TLS, `AUTH PLAIN ${plain(login, 'wrong')}`, 'QUIT'];
  return { name, ip: client(), port: SUBMISSION, steps, expect: { authentication: 1 }, logins: [login], ...more };
}

function wrongLogin(name: string, login: string, more: Partial<Scenario> = {}): Scenario {
  return { ...wrongPlain(name, login), steps: [...TLS, 'AUTH LOGIN', base64(login), base64('wrong'), 'QUIT'], ...more };
}

function recipient(name: string, from: string, to: string, more: Partial<Scenario> = {}): Scenario {
  const steps = [HELO, `MAIL FROM:<${from}>`, `RCPT TO:<${to}>`, 'QUIT'];
  return { name, ip: client(), port: MX, steps, expect: { 'invalid-rcpt': 1 }, ...more };
}

function plainSession(
  name: string,
  steps: Scenario['steps'],
  expect?: Scenario['expect'],
  more: Partial<Scenario> = {},
): Scenario {
  return { name, ip: client(), port: MX, steps, ...(expect === undefined ? {} : { expect }), ...more };
}

const forged = (): Partial<Scenario> => ({ ip: forger(), forged: true });
/** Names are logged as vis(3) writes them. */
const logged = (login: string): Partial<Scenario> => ({ ...forged(), logins: [login.replaceAll(' ', '\\040')] });

const SCENARIOS: readonly Scenario[] = [
  wrongPlain('auth-plain-wrong', 'alice@example.org'),
  wrongPlain('auth-plain-unknown', 'nosuch@example.org'),
  wrongPlain('auth-plain-v6', 'alice@example.org', { ip: '2001:db8:bad:1::1' }),
  wrongPlain('auth-smtps', 'info', {
    port: SMTPS,
    tls: true,
    steps: [HELO, `AUTH PLAIN ${plain('info', 'wrong')}`, 'QUIT'],
  }),
  wrongLogin('auth-login-wrong', 'alice@example.org'),
  wrongLogin('auth-login-unknown', 'admin'),
  wrongPlain('auth-three-failures', '', {
    steps: [...TLS, ...['admin', 'test', 'info'].map((one) => `AUTH PLAIN ${plain(one, 'wrong')}`), 'QUIT'],
    expect: { authentication: 3 },
    logins: ['admin', 'test', 'info'],
  }),
  wrongPlain('auth-then-drop', 'root', { steps: [...TLS, `AUTH PLAIN ${plain('root', 'wrong')}`, 800, 'drop'] }),
  wrongPlain('auth-no-base64', '', { steps: [...TLS, 'AUTH PLAIN ***', 'QUIT'], logins: [] }),
  wrongPlain('auth-short-password', '', {
    steps: [...TLS, `AUTH PLAIN ${plain('alice@example.org', 'x')}`, 'QUIT'],
    logins: [],
    note: 'refused unread, and the name is not logged',
  }),
  wrongPlain('auth-unknown-mechanism', '', { steps: [...TLS, 'AUTH NTLM', 'QUIT'], logins: [] }),
  wrongPlain('auth-not-offered', '', {
    port: MX,
    steps: [HELO, `AUTH PLAIN ${plain('admin', 'x')}`, 'QUIT'],
    logins: [],
  }),
  wrongPlain('auth-aborted', '', { steps: [...TLS, 'AUTH LOGIN', '*', 'QUIT'], expect: { loitering: 1 }, logins: [] }),
  wrongPlain('typo-then-success', 'alice@example.org', {
    steps: [...TLS, `AUTH PLAIN ${plain('alice@example.org', 'wunderland')}`, ALICE, 'QUIT'],
  }),
  plainSession(
    'success-with-mail',
    [...TLS, ALICE, 'MAIL FROM:<alice@example.org>', 'RCPT TO:<bob@example.org>', ...MESSAGE, 'QUIT'],
    undefined,
    { port: SUBMISSION },
  ),
  plainSession(
    'success-with-typo-in-recipient',
    [...TLS, ALICE, 'MAIL FROM:<alice@example.org>', 'RCPT TO:<bbo@example.org>', 'QUIT'],
    undefined,
    { port: SUBMISSION },
  ),
  plainSession('good-delivery', [HELO, 'MAIL FROM:<s@example.net>', 'RCPT TO:<bob@example.org>', ...MESSAGE, 'QUIT']),
  plainSession('good-delivery-then-drop', [
    HELO,
    'MAIL FROM:<s@example.net>',
    'RCPT TO:<bob@example.org>',
    ...MESSAGE,
    500,
    'drop',
  ]),
  plainSession('quit-at-once', [HELO, 'QUIT']),
  recipient('rcpt-unknown', 's@example.net', 'nosuchuser@example.org'),
  recipient('rcpt-unknown-v6', 's@example.net', 'nosuchuser@example.org', { ip: '2001:db8:bad:2::2' }),
  recipient('rcpt-null-sender', '', 'olduser@example.org'),
  recipient('rcpt-relay', 's@example.net', 'someone@example.com'),
  recipient('rcpt-dictionary', '', '', {
    steps: [
      HELO,
      'MAIL FROM:<s@example.net>',
      ...['aaron', 'abby', 'adam'].map((one) => `RCPT TO:<${one}@example.org>`),
      'QUIT',
    ],
    expect: { 'invalid-rcpt': 3 },
  }),
  recipient('rcpt-then-drop', '', '', {
    steps: [HELO, 'MAIL FROM:<s@example.net>', 'RCPT TO:<nosuch4@example.org>', 300, 'drop'],
  }),
  plainSession('connect-and-drop', [300, 'drop'], { loitering: 1 }),
  plainSession('mail-and-drop', [HELO, 'MAIL FROM:<s@example.net>', 300, 'drop'], { loitering: 1 }),
  plainSession('idle', [(IDLE_SECONDS + 10) * 1000], { loitering: 1 }),
  wrongLogin('idle-after-failure', 'support@example.org', {
    steps: [...TLS, `AUTH PLAIN ${plain('support@example.org', 'wrong')}`, (IDLE_SECONDS + 10) * 1000],
    expect: { authentication: 1, loitering: 1 },
  }),
  plainSession('http', [{ raw: 'GET / HTTP/1.1\r\nHost: mx\r\n\r\n' }, 500], { scan: 1 }),
  plainSession('before-the-greeting', [{ raw: 'EHLO ylmf-pc\r\nMAIL FROM:<s@example.net>\r\n' }, 500], { scan: 1 }),
  plainSession(
    'pipelining',
    [HELO, { raw: 'MAIL FROM:<s@example.net>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n' }, 500],
    { scan: 1 },
  ),
  plainSession('junk', [HELO, 'XYZZY 1', 'XYZZY 2', 'QUIT'], { scan: 1 }),
  plainSession('vrfy', [HELO, 'VRFY root', 'EXPN staff', 'QUIT'], { scan: 1 }),
  plainSession('long-line', [HELO, `NOOP ${'x'.repeat(70_000)}`, 500], { scan: 1 }),
  plainSession('plain-text-on-tls-port', [{ raw: 'EHLO x\r\n' }, 500], { scan: 1 }, { port: SMTPS }),
  plainSession('http-on-tls-port', [{ raw: 'GET / HTTP/1.1\r\n\r\n' }, 500], { scan: 1 }, { port: SMTPS }),
  wrongPlain('forged-plain', `x> address=${INNOCENT} host=y`, logged(`x> address=${INNOCENT} host=y`)),
  wrongPlain('forged-plain-result', 'x result=ok', logged('x result=ok')),
  wrongPlain('forged-plain-utf8', '\u043f\u043e\u043b\u044c\u0437@example.org', {
    ...forged(),
    logins: [String.raw`\M-P\M-?\M-P\M->\M-P\M-;\M-Q\M^L\M-P\M-7@example.org`],
  }),
  wrongLogin('forged-login', `x address=${INNOCENT} result=ok`, logged(`x address=${INNOCENT} result=ok`)),
  wrongLogin(
    'forged-login-line',
    `x smtp connected address=${INNOCENT} host=y`,
    logged(`x smtp connected address=${INNOCENT} host=y`),
  ),
  plainSession(
    'forged-helo',
    [`EHLO x address=${INNOCENT}`, 'MAIL FROM:<s@example.net>', 'RCPT TO:<nosuch5@example.org>', 'QUIT'],
    { 'invalid-rcpt': 1 },
    forged(),
  ),
  plainSession(
    'forged-helo-literal',
    [`EHLO [${INNOCENT}]`, 'MAIL FROM:<s@example.net>', 'RCPT TO:<nosuch5@example.org>', 'QUIT'],
    { 'invalid-rcpt': 1 },
    forged(),
  ),
  plainSession(
    'forged-sender',
    [
      HELO,
      `MAIL FROM:<"x smtp connected address=${INNOCENT} host=y"@example.net>`,
      'RCPT TO:<nosuch6@example.org>',
      'QUIT',
    ],
    { 'invalid-rcpt': 1 },
    forged(),
  ),
  plainSession(
    'forged-recipient',
    [
      HELO,
      'MAIL FROM:<s@example.net>',
      `RCPT TO:<"x" result="250 smtp connected address=${INNOCENT} host=y"@example.org>`,
      'QUIT',
    ],
    { 'invalid-rcpt': 1 },
    forged(),
  ),
  plainSession('forged-command', [HELO, `XX smtp connected address=${INNOCENT} host=y`, 'QUIT'], { scan: 1 }, forged()),
  plainSession('forged-quotes', [HELO, `YY" result="250 ok" address=${INNOCENT}`, 'QUIT'], { scan: 1 }, forged()),
];

function configure(root: DebianRoot): void {
  const listeners = [SERVER.address4, SERVER.address6].flatMap((address) => [
    `listen on ${address} port ${MX} tls pki lab`,
    `listen on ${address} port ${SUBMISSION} tls-require pki lab auth <passwords>`,
    `listen on ${address} port ${SMTPS} smtps pki lab auth <passwords>`,
  ]);
  const rules = [
    'pki lab cert "/etc/lab.crt"',
    'pki lab key "/etc/lab.key"',
    'table passwords file:/etc/lab-passwords',
    'table recipients file:/etc/lab-recipients',
    ...listeners,
    'action "in" maildir "/tmp/lab-mail" virtual <recipients>',
    'action "out" relay',
    'match from any for domain "example.org" action "in"',
    'match from any auth for any action "out"',
  ];
  root.write('/etc/lab-smtpd.conf', `${rules.join('\n')}\n`);
  root.write('/etc/mailname', 'mx4.example.org\n');
  root.write('/etc/lab-recipients', 'bob@example.org bob\nalice@example.org bob\n');
  root.run(['sh', '-c', 'id bob >/dev/null 2>&1 || useradd -m bob; mkdir -p -m 1777 /tmp/lab-mail']);
  const hash = root.run(['openssl', 'passwd', '-6', 'wonderland']).trim();
  root.write('/etc/lab-passwords', `alice@example.org ${hash}\n`);
  const certificate = '-keyout /etc/lab.key -out /etc/lab.crt -subj /CN=mx4.example.org';
  root.run([
    'sh',
    '-c',
    `openssl req -x509 -newkey rsa:2048 -nodes -days 30 ${certificate} 2>/dev/null; chmod 600 /etc/lab.key`,
  ]);
}

/** Debian 12's does not get along with its own OpenSSL: every handshake fails ("EVP lib"), and so no client can log in. */
const WITHOUT_TLS = SCENARIOS.filter(({ tls, steps }) => tls !== true && !steps.includes('tls'));

async function makeCorpus(root: DebianRoot, folder: string, scenarios: readonly Scenario[]): Promise<void> {
  configure(root);
  const log = '/var/log/lab-mail.log';
  await root.startSyslog(log, 'mail.*');
  root.spawn(['smtpd', '-F', '-f', '/etc/lab-smtpd.conf']);
  await sleep(3_000);
  try {
    await attack(scenarios, SERVER);
    await sleep(2_000);
  } finally {
    await root.stop();
  }
  writeCorpus(join(import.meta.dirname, '..', folder), { 'mail.log': root.read(log) }, scenarios);
}

await inNamespace(async () => {
  const twelve = new DebianRoot(process.argv[2] ?? '/var/tmp/tailban-debian12', PACKAGES);
  const thirteen = new DebianRoot(process.argv[3] ?? '/var/tmp/tailban-debian13', PACKAGES, 'trixie');
  try {
    await makeCorpus(twelve, 'opensmtpd-6.8', WITHOUT_TLS);
    await makeCorpus(thirteen, 'opensmtpd-7.6', SCENARIOS);
  } finally {
    twelve.leave();
    thirteen.leave();
  }
});
