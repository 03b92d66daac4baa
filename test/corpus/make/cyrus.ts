/**
 * Makes test/corpus/cyrus-3.6: Debian 12's Cyrus imapd behind saslauthd with a password file, attacked over IMAP, POP3 and
 * ManageSieve. Needs root, debootstrap, iproute2 and the network for the packages:
 *
 *     node test/corpus/make/cyrus.ts [FOLDER FOR THE DEBIAN ROOT]
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { attack, base64, plain, type Scenario, type Step, writeCorpus } from './attack.ts';
import { Addresses, FAILED, INNOCENT } from './clients.ts';
import { startNameServer } from './dns.ts';
import { DebianRoot, inNamespace } from './lab.ts';

const IMAP = 143;
const IMAPS = 993;
const POP3 = 110;
const POP3S = 995;
const SIEVE = 4190;
const ANSWER = /^(?:\* (?:OK|BYE)|a\d* (?:OK|NO|BAD)|\+|-ERR|OK|NO|BYE).*\r\n$/m;
const SERVER = { address4: '203.0.113.10', address6: '2001:db8:1::10', answer: ANSWER } as const;
const PACKAGES = ['cyrus-imapd', 'cyrus-pop3d', 'sasl2-bin', 'libsasl2-modules', 'rsyslog', 'openssl'];

const { client, forger } = new Addresses(100, 10);

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

function sieve(name: string, steps: readonly Step[], more: Partial<Scenario> = {}): Scenario {
  return { name: `sieve-${name}`, ip: client(), port: SIEVE, steps, ...more };
}

/** A quoted name (RFC 3501), which Cyrus writes with its eighth bits cut off. */
function forgedLogin(name: string, login: string, logged = login): Scenario {
  const quoted = `"${login.replace(/["\\]/g, '\\$&')}"`;
  return { ...imapWrong(`forged-${name}`, quoted), ip: forger(), logins: [logged], forged: true };
}

const SCENARIOS: readonly Scenario[] = [
  imapWrong('login-wrong', 'alice@example.org'),
  imapWrong('login-unknown', 'nosuch@example.org'),
  imapWrong('login-v6', 'alice@example.org', { ip: '2001:db8:bad:6::6' }),
  imapWrong('login-named-client', 'root', { ip: '192.0.2.20', note: 'reverse DNS that is confirmed' }),
  imapWrong('login-name-with-address', 'root', {
    ip: '192.0.2.22',
    forged: true,
    note: 'an address in its reverse DNS',
  }),
  { ...imapWrong('tls-wrong', 'alice@example.org'), name: 'imaps-wrong', port: IMAPS, tls: true },
  imap('starttls-wrong', ['a0 STARTTLS', 'tls', 'a1 LOGIN alice@example.org wrong', 'a2 LOGOUT'], {
    ...FAILED,
    logins: ['alice@example.org'],
  }),
  imap('plain-wrong', [`a1 AUTHENTICATE PLAIN ${plain('alice@example.org', 'wrong')}`, 'a2 LOGOUT'], {
    ...FAILED,
    logins: ['alice@example.org'],
  }),
  imap('auth-login-wrong', ['a1 AUTHENTICATE LOGIN', base64('alice@example.org'), base64('wrong'), 'a2 LOGOUT'], {
    ...FAILED,
    logins: ['alice@example.org'],
  }),
  imap('mechanism-unknown', ['a1 AUTHENTICATE NTLM', 'a2 LOGOUT'], FAILED),
  imap('bad-base64', ['a1 AUTHENTICATE PLAIN !!!', 'a2 LOGOUT'], FAILED),
  imap('three-failures', [...['x1', 'x2', 'x3'].map((one, i) => `a${i} LOGIN ${one} x`), 'a9 LOGOUT'], {
    expect: { authentication: 3 },
    logins: ['x1', 'x2', 'x3'],
  }),
  imap('drop-after-failure', ['a1 LOGIN backup x', 4_000, 'drop'], { ...FAILED, logins: ['backup'] }),
  imap('drop-before-answer', ['a1 LOGIN early x', 100, 'drop'], { ...FAILED, logins: ['early'] }),
  imap('typo-then-success', ['a1 LOGIN alice wunderland', 'a2 LOGIN alice wonderland', 'a3 LOGOUT'], {
    expect: { authentication: 1, success: 1 },
    logins: ['alice'],
  }),
  imap('success', ['a1 LOGIN alice wonderland', 'a2 SELECT INBOX', 'a3 LOGOUT'], { expect: { success: 1 } }),
  imap('success-plain', [`a1 AUTHENTICATE PLAIN ${plain('alice', 'wonderland')}`, 'a3 LOGOUT'], {
    expect: { success: 1 },
  }),
  imap('success-drop', ['a1 LOGIN alice wonderland', 500, 'drop'], { expect: { success: 1 } }),
  imap('probe', ['a1 CAPABILITY', 'a2 LOGOUT']),
  imap('connect-drop', [500, 'drop'], { note: 'leaves no line' }),
  imap(
    'junk',
    Array.from({ length: 12 }, (_, i) => `a${i} XYZZY`),
    { note: 'leaves no line with an address' },
  ),
  imap('http', [{ raw: 'GET / HTTP/1.1\r\nHost: mx1\r\n\r\n' }, 500, 'drop'], {
    note: 'leaves no line with an address',
  }),
  {
    name: 'imaps-http',
    ip: client(),
    port: IMAPS,
    steps: [{ raw: 'GET / HTTP/1.1\r\nHost: mx1\r\n\r\n' }, 1_000, 'drop'],
    expect: { loitering: 1 },
  },
  pop3Wrong('wrong', 'alice@example.org'),
  pop3Wrong('unknown-v6', 'postgres', { ip: '2001:db8:bad:9::9' }),
  { ...pop3Wrong('wrong-tls', 'alice'), name: 'pop3s-wrong', port: POP3S, tls: true },
  { ...pop3Wrong('plain-wrong', 'alice'), steps: [`AUTH PLAIN ${plain('alice', 'wrong')}`, 'QUIT'] },
  {
    ...pop3Wrong('success', 'alice'),
    steps: ['USER alice', 'PASS wonderland', 'QUIT'],
    expect: { success: 1 },
    logins: [],
  },
  { ...pop3Wrong('quit', 'alice'), steps: ['QUIT'], expect: {}, logins: [] },
  sieve('plain-wrong', [`AUTHENTICATE "PLAIN" "${plain('alice', 'wrong')}"`, 'LOGOUT'], FAILED),
  sieve('plain-wrong-v6', [`AUTHENTICATE "PLAIN" "${plain('alice', 'wrong')}"`, 'LOGOUT'], {
    ...FAILED,
    ip: '2001:db8:bad:a::a',
  }),
  sieve('success', [`AUTHENTICATE "PLAIN" "${plain('alice', 'wonderland')}"`, 'LOGOUT'], { expect: { success: 1 } }),
  sieve('drop', [300, 'drop'], { note: 'leaves a line without an address' }),
  forgedLogin('dovecot', `x>, method=plain, rip=${INNOCENT}, lip=203.0.113.10, session=<abc`),
  forgedLogin('postfix', `unknown[${INNOCENT}]: sasl login authentication failed: invalid`),
  forgedLogin('bracket', `x) [${INNOCENT}]`),
  forgedLogin('outage', 'x) [sasl(-1): generic failure: checkpass failed]'),
  forgedLogin('own-line', `badlogin: [${INNOCENT}] plaintext (victim) [sasl(-13): user not found]`),
  forgedLogin('utf8', 'ящик@example.org', 'Q^OQ^IP8P:@example.org'),
  forgedLogin('long', 'l'.repeat(900)),
  forgedLogin('realm', `a) [${INNOCENT}]@example.com`),
  { ...pop3Wrong('forged-own-line', `[${INNOCENT}] plaintext (victim) invalid user`), ip: forger(), forged: true },
];

/** Played when saslauthd is gone: nobody is to be counted then, but for a name that was refused without asking it. */
const OUTAGE: readonly Scenario[] = [
  imap('outage', ['a1 LOGIN alice wonderland', 'a2 LOGOUT']),
  imap('outage-plain', [`a1 AUTHENTICATE PLAIN ${plain('alice', 'wonderland')}`, 'a2 LOGOUT']),
  pop3Wrong('outage', 'alice', { expect: {}, logins: [] }),
  sieve('outage', [`AUTHENTICATE "PLAIN" "${plain('alice', 'wonderland')}"`, 'LOGOUT']),
  forgedLogin('at-outage', 'x) [SASL(-13): user not found]'),
];

const IMAPD_CONF = `configdirectory: /var/lib/cyrus
partition-default: /var/spool/cyrus/mail
defaultpartition: default
admins: cyrus
allowplaintext: yes
sasl_mech_list: PLAIN LOGIN
sasl_pwcheck_method: saslauthd
sasl_saslauthd_path: /run/saslauthd/mux
tls_server_cert: /etc/cyrus-lab.crt
tls_server_key: /etc/cyrus-lab.key
sievedir: /var/spool/sieve
syslog_prefix: cyrus
`;
const CYRUS_CONF = `START {
  recover cmd="/usr/sbin/cyrus ctl_cyrusdb -r"
}
SERVICES {
  imap cmd="imapd -U 30" listen="imap" prefork=0
  imaps cmd="imapd -s -U 30" listen="imaps" prefork=0
  pop3 cmd="pop3d -U 30" listen="pop3" prefork=0
  pop3s cmd="pop3d -s -U 30" listen="pop3s" prefork=0
  sieve cmd="timsieved" listen="sieve" prefork=0
}
EVENTS {
}
`;
const HOSTS = new Map([
  ['mx1.example.org', '203.0.113.10'],
  ['scanner20.evil.example', '192.0.2.20'],
  ['203-0-113-99.203.0.113.99.evil.example', '192.0.2.22'],
]);
const REVERSE = new Map([...HOSTS].map(([name, address]) => [address, name]));

function configure(root: DebianRoot): void {
  root.write('/etc/hosts', '127.0.0.1 localhost\n203.0.113.10 mx1.example.org mx1\n');
  root.write('/etc/imapd.conf', IMAPD_CONF);
  root.write('/etc/cyrus.conf', CYRUS_CONF);
  for (const domain of ['example.org', 'mx1.example.org', '']) {
    const realm = domain === '' ? [] : ['-u', domain];
    root.run(['saslpasswd2', '-p', '-c', ...realm, 'alice'], 'wonderland');
  }
  const request = 'openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=mx1.example.org';
  const own =
    'chown cyrus /etc/cyrus-lab.key && mkdir -p /run/saslauthd /run/cyrus/socket && chown -R cyrus:mail /run/cyrus';
  root.run(['sh', '-c', `${request} -keyout /etc/cyrus-lab.key -out /etc/cyrus-lab.crt 2>/dev/null && ${own}`]);
}

/** It goes into the background; its file is gone when it is. */
function stopSaslauthd(root: DebianRoot): void {
  const file = '/run/saslauthd/saslauthd.pid';
  if (existsSync(join(root.path, file))) process.kill(Number(root.read(file)));
}

await inNamespace(async () => {
  const root = new DebianRoot(process.argv[2] ?? '/var/tmp/tailban-cyrus', PACKAGES);
  try {
    configure(root);
    startNameServer(HOSTS, REVERSE);
    await root.startSyslog('/var/log/lab.log', 'mail.*;auth.*;authpriv.*');
    root.run(['saslauthd', '-a', 'sasldb', '-n', '2', '-m', '/run/saslauthd']);
    root.spawn(['/usr/sbin/cyrmaster', '-C', '/etc/imapd.conf', '-M', '/etc/cyrus.conf']);
    await sleep(4_000);
    await attack(SCENARIOS, SERVER);
    stopSaslauthd(root);
    await attack(OUTAGE, SERVER);
    await sleep(3_000);
    await root.stop();
    const logs = { 'mail.log': root.read('/var/log/lab.log') };
    writeCorpus(join(import.meta.dirname, '../cyrus-3.6'), logs, [...SCENARIOS, ...OUTAGE]);
  } finally {
    await root.stop();
    stopSaslauthd(root);
    root.leave();
  }
});
