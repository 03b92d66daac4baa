/** What clients do to Sendmail, and what of it is to be counted; at log level 9 some of it leaves no line. */
import { base64, plain, type Scenario } from './attack.ts';
import { Addresses, FAILED, HELO, INNOCENT } from './clients.ts';

const MX = 25;
const SUBMISSION = 587;
const ALICE = plain('alice@example.org', 'wonderland');

const { client, forger } = new Addresses(100, 10);

function wrongPlain(name: string, login: string, more: Partial<Scenario> = {}): Scenario {
  const steps = [HELO, `AUTH PLAIN ${plain(login, 'wrong')}`, 'QUIT'];
  return { name, ip: client(), port: SUBMISSION, steps, ...FAILED, logins: [login], ...more };
}

/** Sendmail keeps 64 characters of a login, and writes what is not ASCII in octal. */
function forgedLogin(name: string, login: string, logged = login): Scenario {
  const steps = [HELO, 'AUTH LOGIN', base64(login), base64('wrong'), 'QUIT'];
  return { name, ip: forger(), port: SUBMISSION, steps, ...FAILED, logins: [logged], forged: true };
}

/** Nothing tells of such a name at level 9, nor of the recipient, for the client goes without a greeting. */
function forgedHelo(name: string, helo: string, expect: Scenario['expect']): Scenario {
  const steps = [`EHLO ${helo}`, 'MAIL FROM:<s@example.net>', 'RCPT TO:<nosuch@example.org>', 'QUIT'];
  return { name, ip: forger(), port: MX, steps, ...(expect === undefined ? {} : { expect }), forged: true };
}

function recipient(name: string, from: string, to: string, more: Partial<Scenario> = {}): Scenario {
  const steps = [HELO, `MAIL FROM:<${from}>`, `RCPT TO:<${to}>`, 'QUIT'];
  return { name, ip: client(), port: MX, steps, expect: { 'invalid-rcpt': 1 }, ...more };
}

const forged = (): Partial<Scenario> => ({ ip: forger(), forged: true });

export const SCENARIOS: readonly Scenario[] = [
  wrongPlain('auth-plain-wrong', 'alice@example.org'),
  wrongPlain('auth-plain-unknown', 'nosuch@example.org'),
  wrongPlain('auth-plain-v6', 'alice@example.org', { ip: '2001:db8:bad:1::1' }),
  wrongPlain('auth-named-client', 'root', { ip: '192.0.2.20', note: 'reverse DNS that is confirmed' }),
  wrongPlain('auth-name-with-address', 'root', {
    ip: '192.0.2.22',
    forged: true,
    note: 'an address in its reverse DNS',
  }),
  wrongPlain('auth-long-name', 'root', { ip: '192.0.2.23', note: 'a name so long that the address is cut off' }),
  {
    ...wrongPlain('auth-plain-tls', 'alice@example.org'),
    steps: [HELO, 'STARTTLS', 'tls', HELO, `AUTH PLAIN ${plain('alice@example.org', 'wrong')}`, 'QUIT'],
  },
  {
    ...wrongPlain('auth-login-wrong', 'alice@example.org'),
    steps: [HELO, 'AUTH LOGIN', base64('alice@example.org'), base64('wrong'), 'QUIT'],
  },
  {
    ...wrongPlain('auth-cram-wrong', 'alice@example.org'),
    steps: [HELO, 'AUTH CRAM-MD5', base64(`alice@example.org ${'0'.repeat(32)}`), 'QUIT'],
    note: 'the login is hidden in the answer to the challenge',
  },
  {
    ...wrongPlain('auth-three-failures', 'admin'),
    steps: [HELO, ...['admin', 'test', 'info'].map((one) => `AUTH PLAIN ${plain(one, 'x')}`), 'QUIT'],
    expect: { authentication: 3 },
    logins: ['admin', 'test', 'info'],
  },
  {
    ...wrongPlain('auth-then-drop', 'webmaster@example.org'),
    steps: [HELO, `AUTH PLAIN ${plain('webmaster@example.org', 'x')}`, 600, 'drop'],
  },
  {
    ...wrongPlain('auth-at-25', 'admin'),
    port: MX,
  },
  {
    name: 'auth-unknown-mechanisms',
    ip: client(),
    port: SUBMISSION,
    steps: [HELO, 'AUTH NTLM', 'AUTH XOAUTH2 dXNlcj1h', 'AUTH FOO', 'AUTH BAR', 'QUIT'],
    ...FAILED,
  },
  {
    name: 'typo-then-success',
    ip: client(),
    port: SUBMISSION,
    steps: [HELO, `AUTH PLAIN ${plain('alice@example.org', 'wunderland')}`, `AUTH PLAIN ${ALICE}`, 'QUIT'],
    ...FAILED,
    logins: ['alice@example.org'],
  },
  {
    name: 'success-with-mail',
    ip: client(),
    port: SUBMISSION,
    steps: [
      ...[HELO, `AUTH PLAIN ${ALICE}`, 'MAIL FROM:<alice@example.org>', 'RCPT TO:<bob@example.org>', 'DATA'],
      ...['Subject: t\r\n\r\nx\r\n.', 'QUIT'],
    ],
  },
  {
    name: 'success-with-typo-in-recipient',
    ip: client(),
    port: SUBMISSION,
    steps: [
      ...[HELO, `AUTH PLAIN ${ALICE}`, 'MAIL FROM:<alice@example.org>', 'RCPT TO:<bbo@example.org>'],
      ...['RCPT TO:<booob@example.org>', 'QUIT'],
    ],
  },
  {
    name: 'success-with-typo-over-tls-without-sender',
    ip: client(),
    port: SUBMISSION,
    steps: [
      ...[HELO, 'STARTTLS', 'tls', HELO, `AUTH PLAIN ${ALICE}`, 'MAIL FROM:<>', 'RCPT TO:<bbo@example.org>', 'RSET'],
      ...['MAIL FROM:<alice@example.org>', 'RCPT TO:<obb@example.org>', 'QUIT'],
    ],
  },
  {
    name: 'good-delivery',
    ip: client(),
    port: MX,
    steps: [HELO, 'MAIL FROM:<s@example.net>', 'RCPT TO:<bob@example.org>', 'DATA', 'Subject: t\r\n\r\nx\r\n.', 'QUIT'],
  },
  recipient('rcpt-unknown', 's@example.net', 'nosuchuser@example.org'),
  recipient('rcpt-unknown-v6', 's@example.net', 'nosuchuser@example.org', { ip: '2001:db8:bad:2::2' }),
  recipient('rcpt-unknown-named-client', 's@example.net', 'jsmith@example.org', {
    ip: '192.0.2.21',
    note: 'reverse DNS that is not confirmed',
  }),
  recipient('rcpt-relay-long-name', 's@example.net', 'someone@example.com', { ip: '192.0.2.24' }),
  recipient('rcpt-null-sender', '', 'olduser@example.org'),
  recipient('rcpt-relay', 's@example.net', 'someone@example.com'),
  {
    ...recipient('rcpt-two-transactions', 's@example.net', 'a'),
    steps: [
      ...[HELO, 'MAIL FROM:<s@example.net>', 'RCPT TO:<aaa@example.org>', 'RSET', 'MAIL FROM:<t@example.net>'],
      ...['RCPT TO:<bbb@example.org>', 'QUIT'],
    ],
    expect: { 'invalid-rcpt': 2 },
  },
  {
    ...recipient('rcpt-dictionary', 's@example.net', 'a'),
    steps: [
      ...[HELO, 'MAIL FROM:<s@example.net>'],
      ...['aaron', 'abby', 'adam', 'adrian', 'agnes', 'alan'].map((one) => `RCPT TO:<${one}@example.org>`),
      'QUIT',
    ],
    expect: { 'invalid-rcpt': 6, scan: 1 },
  },
  {
    ...recipient('rcpt-some-good', 's@example.net', 'a'),
    steps: [
      ...[HELO, 'MAIL FROM:<s@example.net>', 'RCPT TO:<gone@example.org>', 'RCPT TO:<bob@example.org>', 'DATA'],
      ...['Subject: t\r\n\r\nx\r\n.', 'QUIT'],
    ],
  },
  {
    ...recipient('rcpt-then-drop', 's@example.net', 'a'),
    steps: [HELO, 'MAIL FROM:<s@example.net>', 'RCPT TO:<nosuch4@example.org>', 600, 'drop'],
  },
  {
    ...recipient('rcpt-sender-domain', 's@nxdomain.invalid', 'bob@example.org'),
    expect: {},
    note: 'the domain of the sender cannot be looked up',
  },
  { name: 'connect-drop', ip: client(), port: MX, steps: [1500, 'drop'], expect: { loitering: 1 } },
  {
    name: 'connect-drop-at-once',
    ip: client(),
    port: MX,
    steps: ['drop'],
    expect: { loitering: 1 },
    note: 'gone before the greeting',
  },
  { name: 'helo-quit', ip: client(), port: MX, steps: [HELO, 'QUIT'], expect: { loitering: 1 } },
  {
    name: 'mail-drop',
    ip: client(),
    port: MX,
    steps: [HELO, 'MAIL FROM:<s@example.net>', 600, 'drop'],
    expect: { loitering: 1 },
  },
  { name: 'idle', ip: client(), port: MX, steps: [13_000], expect: { loitering: 1 } },
  { name: 'idle-v6', ip: '2001:db8:bad:3::3', port: MX, steps: [13_000], expect: { loitering: 1 } },
  {
    name: 'idle-after-failure',
    ip: client(),
    port: SUBMISSION,
    steps: [HELO, `AUTH PLAIN ${plain('support@example.org', 'x')}`, 14_000],
    expect: { authentication: 1, loitering: 1 },
    logins: ['support@example.org'],
  },
  {
    name: 'idle-in-data',
    ip: client(),
    port: MX,
    steps: [HELO, 'MAIL FROM:<s@example.net>', 'RCPT TO:<bob@example.org>', 'DATA', 'Subject: t', 13_000],
    expect: { loitering: 1 },
  },
  {
    name: 'http-at-once',
    ip: client(),
    port: MX,
    steps: [{ raw: 'GET / HTTP/1.1\r\nHost: mx1.example.org\r\n\r\n' }],
    expect: { scan: 1 },
  },
  {
    name: 'http-after-greeting',
    ip: client(),
    port: MX,
    steps: ['POST /cgi-bin HTTP/1.0', 'Content-Length: 0', 600, 'drop'],
    expect: { scan: 1 },
  },
  {
    name: 'tls-at-25',
    ip: client(),
    port: MX,
    steps: [{ raw: Buffer.from('160301004101000041', 'hex') }, 2_000, 'drop'],
    expect: { scan: 1 },
  },
  {
    name: 'pipelining',
    ip: client(),
    port: MX,
    steps: [
      1_500,
      { raw: 'HELO p.example.net\r\nMAIL FROM:<s@example.net>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n' },
      600,
    ],
    expect: { scan: 1 },
  },
  {
    name: 'noop-flood',
    ip: client(),
    port: MX,
    steps: [HELO, ...Array<string>(24).fill('NOOP'), 'QUIT'],
    expect: { scan: 1 },
  },
  {
    name: 'vrfy-expn',
    ip: client(),
    port: MX,
    steps: [HELO, 'VRFY root', 'VRFY nosuch3', 'EXPN staff', 'QUIT'],
    expect: { scan: 1 },
  },
  {
    name: 'junk-commands',
    ip: client(),
    port: MX,
    steps: [HELO, ...Array.from({ length: 30 }, (_, i) => `XYZZY ${i}`), 'QUIT'],
    expect: { loitering: 1 },
    note: 'refused without a word in the log',
  },
  { name: 'starttls-drop', ip: client(), port: MX, steps: [HELO, 'STARTTLS', 600, 'drop'], expect: { loitering: 1 } },
  {
    name: 'proxy-protocol',
    ip: forger(),
    port: MX,
    steps: [{ raw: `PROXY TCP4 ${INNOCENT} 203.0.113.10 1 25\r\n` }, 1_500, 'QUIT'],
    expect: { scan: 1 },
    forged: true,
  },
  forgedLogin('login-of-relay', `x, relay=[${INNOCENT}]`),
  forgedLogin('login-of-relay-maybe', `x, relay=a [${INNOCENT}] (may be forged)`),
  forgedLogin('login-of-two-users', `a, user=victim, relay=[${INNOCENT}]`),
  forgedLogin('login-of-postfix', `unknown[${INNOCENT}]: SASL LOGIN authentication fa`),
  forgedLogin(
    'login-with-newline',
    `b\r\nx sm-mta[1]: NOQUEUE: connect from [${INNOCENT}]`,
    `b\\r\\nx sm-mta[1]: NOQUEUE: connect from [${INNOCENT}]`,
  ),
  forgedLogin('login-utf8', 'пользователь@example.org'),
  forgedLogin('login-quotes', `"'\`<>()[]{}\\%s%n@example.org`),
  forgedLogin('login-long', 'L'.repeat(400), 'L'.repeat(64)),
  forgedHelo('helo-address', `[${INNOCENT}]`, { 'invalid-rcpt': 1 }),
  forgedHelo('helo-line', `x> proto=ESMTP from unknown[${INNOCENT}]: 550`, { scan: 1 }),
  forgedHelo('helo-from', `x) from [${INNOCENT}]`, { scan: 1 }),
  forgedHelo('helo-utf8', 'привет', { scan: 1 }),
  forgedHelo('helo-long', 'h'.repeat(700), { scan: 1 }),
  recipient('sender-of-relay', `"x, relay=[${INNOCENT}]"@example.net`, 'nosuch6@example.org', forged()),
  recipient(
    'sender-of-from',
    `"x>, size=0, class=0, nrcpts=0, proto=ESMTPA, daemon=MTA-v4, relay=[${INNOCENT}]"@example.net`,
    'nosuch6@example.org',
    forged(),
  ),
  recipient(
    'recipient-of-relay',
    's@example.net',
    `"x>, relay=[${INNOCENT}], reject=550 5.7.1 <x>... Relaying denied"@example.com`,
    forged(),
  ),
  recipient('recipient-of-unknown', 's@example.net', `"<x>... User unknown [${INNOCENT}]"@example.org`, forged()),
  recipient('recipient-of-connect', 's@example.net', `"NOQUEUE: connect from [${INNOCENT}]"@example.org`, forged()),
  recipient(
    'recipient-of-input',
    's@example.net',
    `"lost input channel from [${INNOCENT}] to MTA-v4 after rcpt"@example.org`,
    forged(),
  ),
  recipient('recipient-utf8', 's@example.net', 'ящик@example.org', forged()),
  recipient('recipient-long', 's@example.net', `${'r'.repeat(240)}@example.org`, forged()),
  {
    name: 'vrfy-forged',
    ...forged(),
    ip: forger(),
    port: MX,
    steps: [HELO, `VRFY root [${INNOCENT}]: EXPN x`, `EXPN [${INNOCENT}]: VRFY root`, 'QUIT'],
    expect: { scan: 1 },
    forged: true,
  },
  {
    name: 'http-forged',
    ip: forger(),
    port: MX,
    steps: [`GET / [${INNOCENT}] did not issue MAIL/EXPN/VRFY/ETRN during connection to MTA`, 'QUIT'],
    expect: { scan: 1 },
    forged: true,
  },
];
