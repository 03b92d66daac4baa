/**
 * Makes test/corpus/haraka-3.1: Haraka out of npm's registry with a file of passwords, a list of local domains and of local
 * recipients, with time stamps as its own log has them. Needs root, iproute2, openssl and the network for the package:
 *
 *     node test/corpus/make/haraka.ts [FOLDER FOR HARAKA]
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { attack, base64, plain, type Scenario, writeCorpus } from './attack.ts';
import { Addresses, HELO, INNOCENT } from './clients.ts';
import { inNamespace } from './lab.ts';

const VERSION = '3.1.1';
const MX = 25;
const SUBMISSION = 587;
const SERVER = { address4: '203.0.113.60', address6: '2001:db8:1::60', answer: /^\d{3} .*\r\n$/m } as const;
const TLS = [HELO, 'STARTTLS', 'tls', HELO] as const;
const IDLE_SECONDS = 8;

const { client, forger } = new Addresses(100, 10);

/** Haraka logs that an AUTH failed, and never the name. */
const failures = (count: number): Partial<Scenario> => ({ expect: { authentication: count } });

function wrongPlain(name: string, login: string, more: Partial<Scenario> = {}): Scenario {
  const steps = [...TLS, `AUTH PLAIN ${plain(login, 'wrong')}`, 'QUIT'];
  return { name, ip: client(), port: SUBMISSION, steps, ...failures(1), ...more };
}

function recipient(name: string, from: string, to: string, more: Partial<Scenario> = {}): Scenario {
  const steps = [HELO, `MAIL FROM:<${from}>`, `RCPT TO:<${to}>`, 'QUIT'];
  return { name, ip: client(), port: MX, steps, expect: { 'invalid-rcpt': 1 }, ...more };
}

function forged(name: string, steps: readonly string[], expect?: Scenario['expect']): Scenario {
  return { name, ip: forger(), port: MX, steps, ...(expect === undefined ? {} : { expect }), forged: true };
}

const ALICE = `AUTH PLAIN ${plain('alice@example.org', 'wonderland')}`;
const MAIL = ['MAIL FROM:<bob@example.org>', 'RCPT TO:<bob@example.org>'] as const;

const SCENARIOS: readonly Scenario[] = [
  wrongPlain('auth-plain-wrong', 'alice@example.org'),
  wrongPlain('auth-plain-unknown', 'nosuch@example.org'),
  wrongPlain('auth-plain-v6', 'alice@example.org', { ip: '2001:db8:bad:1::1' }),
  {
    ...wrongPlain('auth-login-wrong', ''),
    steps: [...TLS, 'AUTH LOGIN', base64('alice@example.org'), base64('wrong'), 'QUIT'],
  },
  {
    ...wrongPlain('auth-cram-wrong', ''),
    steps: [...TLS, 'AUTH CRAM-MD5', base64(`alice@example.org ${'0'.repeat(32)}`), 'QUIT'],
  },
  {
    ...wrongPlain('auth-three-failures', ''),
    steps: [...TLS, ...['admin', 'test', 'info'].map((one) => `AUTH PLAIN ${plain(one, 'x')}`), 'QUIT'],
    ...failures(3),
  },
  { ...wrongPlain('auth-then-drop', ''), steps: [...TLS, `AUTH PLAIN ${plain('root', 'x')}`, 1500, 'drop'] },
  {
    ...wrongPlain('typo-then-success', ''),
    steps: [...TLS, `AUTH PLAIN ${plain('alice@example.org', 'wunderland')}`, ALICE, ...MAIL, 'QUIT'],
  },
  {
    name: 'success-with-mail',
    ip: client(),
    port: SUBMISSION,
    steps: [...TLS, ALICE, ...MAIL, 'DATA', 'Subject: t\r\n\r\nx\r\n.', 'QUIT'],
  },
  {
    name: 'success-with-typo-in-recipient',
    ip: client(),
    port: SUBMISSION,
    steps: [...TLS, ALICE, 'MAIL FROM:<alice@example.org>', 'RCPT TO:<bbo@example.org>', 'QUIT'],
  },
  { name: 'good-delivery', ip: client(), port: MX, steps: [HELO, ...MAIL, 'DATA', 'Subject: t\r\n\r\nx\r\n.', 'QUIT'] },
  recipient('rcpt-unknown', 's@example.net', 'nosuchuser@example.org'),
  recipient('rcpt-unknown-v6', 's@example.net', 'nosuchuser@example.org', { ip: '2001:db8:bad:2::2' }),
  recipient('rcpt-null-sender', '', 'olduser@example.org'),
  recipient('rcpt-relay', 's@example.net', 'someone@example.com'),
  {
    ...recipient('rcpt-dictionary', 's@example.net', ''),
    steps: [
      HELO,
      'MAIL FROM:<s@example.net>',
      ...['aaron', 'abby', 'adam'].map((one) => `RCPT TO:<${one}@example.org>`),
      'QUIT',
    ],
    expect: { 'invalid-rcpt': 3 },
  },
  { name: 'idle', ip: client(), port: MX, steps: [(IDLE_SECONDS + 2) * 1000], expect: { loitering: 1 } },
  {
    name: 'idle-after-helo',
    ip: client(),
    port: MX,
    steps: [HELO, (IDLE_SECONDS + 2) * 1000],
    expect: { loitering: 1 },
  },
  { name: 'connect-and-drop', ip: client(), port: MX, steps: [300, 'drop'], expect: { loitering: 1 } },
  {
    name: 'mail-and-drop',
    ip: client(),
    port: MX,
    steps: [HELO, 'MAIL FROM:<s@example.net>', 400, 'drop'],
    expect: { loitering: 1 },
  },
  { name: 'http', ip: client(), port: MX, steps: ['GET / HTTP/1.1', 'Host: mx', 'QUIT'], expect: { scan: 1 } },
  { name: 'junk', ip: client(), port: MX, steps: [HELO, 'XYZZY 1', 'XYZZY 2', 'QUIT'], expect: { scan: 1 } },
  {
    name: 'tls-hello-on-plain-port',
    ip: client(),
    port: MX,
    steps: [{ raw: Buffer.from('16030100050100000100', 'hex') }, { raw: '\r\n' }, 500, 'drop'],
    expect: { loitering: 1 },
    note: 'that it left without a word is logged before that it wrote junk',
  },
  { ...wrongPlain('auth-without-tls', ''), steps: [HELO, `AUTH PLAIN ${plain('admin', 'x')}`, 'QUIT'] },
  {
    ...wrongPlain('auth-unknown-mechanism', ''),
    steps: [...TLS, 'AUTH NTLM', 'QUIT'],
    expect: { scan: 1 },
    note: 'the log says no more than that a command was not recognised',
  },
  { ...wrongPlain('forged-login', `x] [core] disconnect ip=${INNOCENT} rdns=NXDOMAIN`), ip: forger(), forged: true },
  forged('forged-helo', [`EHLO x ip=${INNOCENT} port=1`, ...MAIL, 'QUIT']),
  forged(
    'forged-helo-literal',
    [`EHLO [${INNOCENT}]`, 'MAIL FROM:<s@example.net>', 'RCPT TO:<nosuch1@example.org>', 'QUIT'],
    { 'invalid-rcpt': 1 },
  ),
  forged('forged-sender', [
    HELO,
    `MAIL FROM:<"x> code=DENY ip=${INNOCENT}"@example.net>`,
    'RCPT TO:<nosuch2@example.org>',
    'QUIT',
  ]),
  forged('forged-recipient', [
    HELO,
    'MAIL FROM:<s@example.net>',
    `RCPT TO:<"x> code=OK msg= sender=a@b ip=${INNOCENT}"@example.org>`,
    'QUIT',
  ]),
  forged(
    'forged-command',
    [HELO, `XX [NOTICE] [00000000-0000-0000-0000-000000000000] [core] connect ip=${INNOCENT} port=1`, 'QUIT'],
    { scan: 1 },
  ),
  forged(
    'forged-utf8',
    ['EHLO \u043f\u0440\u0438\u0432\u0435\u0442', 'MAIL FROM:<s@example.net>', 'RCPT TO:<nosuch3@example.org>', 'QUIT'],
    { 'invalid-rcpt': 1 },
  ),
];

const folder = process.argv[2] ?? '/var/tmp/tailban-haraka';
const haraka = join(folder, 'node_modules/Haraka/bin/haraka');
if (!existsSync(haraka)) {
  mkdirSync(folder, { recursive: true });
  execFileSync('npm', ['install', '--ignore-scripts', `Haraka@${VERSION}`], { cwd: folder, stdio: 'inherit' });
}

const FILES: Readonly<Record<string, string>> = {
  'smtp.ini': `listen=[::0]:${MX},[::0]:${SUBMISSION}\ninactivity_timeout=${IDLE_SECONDS}\n`,
  'log.ini': '[main]\nlevel=info\ntimestamps=true\n',
  me: 'mx6.example.org\n',
  plugins: 'tls\nauth/flat_file\nlab\nrcpt_to.in_host_list\n',
  host_list: 'example.org\n',
  'auth_flat_file.ini': '[core]\nmethods=PLAIN,LOGIN,CRAM-MD5\n[users]\nalice@example.org=wonderland\n',
};
/** Knows alice and bob, and takes their mail nowhere. */
const PLUGIN = `exports.hook_rcpt = (next, connection, [rcpt]) =>
  rcpt.host !== 'example.org' || ['alice', 'bob'].includes(rcpt.user) ? next() : next(DENY, 'no such user');
exports.hook_queue = (next) => next(OK);
`;

await inNamespace(async () => {
  const home = join(folder, 'lab');
  rmSync(home, { recursive: true, force: true });
  execFileSync(process.execPath, [haraka, '-i', home], { stdio: 'ignore' });
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(home, 'config', name), text);
  writeFileSync(join(home, 'plugins/lab.js'), PLUGIN);
  const files = ['-keyout', join(home, 'config/tls_key.pem'), '-out', join(home, 'config/tls_cert.pem')];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-subj', '/CN=mx6', ...files],
    { stdio: 'ignore' },
  );
  const log = join(home, 'haraka.log');
  const server = spawn(process.execPath, [haraka, '-c', home], { stdio: ['ignore', openSync(log, 'w'), 'inherit'] });
  try {
    await sleep(4_000);
    await attack(SCENARIOS, SERVER);
    await sleep(3_000);
  } finally {
    if (server.exitCode === null) {
      server.kill('SIGKILL');
      await once(server, 'exit');
    }
  }
  writeCorpus(join(import.meta.dirname, '../haraka-3.1'), { 'haraka.log': readFileSync(log, 'latin1') }, SCENARIOS);
});
