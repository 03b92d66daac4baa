/** What clients do to Postfix: at its ports for mail, for submission, and behind postscreen. */
import { base64, plain, type Scenario, type Step } from './attack.ts';
import { Addresses, ALICE, CAROL, FAILED, HELO, INNOCENT, INNOCENT6 } from './clients.ts';

export const MX = 25;
export const SUBMISSION = 587;
export const SMTPS = 465;
/** As port 25, with AUTH. */
export const MX_AUTH = 2525;
export const POSTSCREEN = 2526;
/** A service that few connections a minute are allowed to. */
export const LIMITED = 2527;
/** On postscreen's list of those that may not come in. */
export const DENIED = '192.0.2.250';

const MESSAGE = ['DATA', 'Subject: t\r\n\r\nx\r\n.'] as const;
const LONGEST_NAME = 100;

export function postfixScenarios(): Scenario[] {
  const addresses = new Addresses(100, 10);
  const make = new Maker(addresses);
  return [
    ...logins(make),
    ...recipients(make),
    ...idlers(make),
    ...probes(make),
    ...postscreen(make),
    ...forgers(make),
  ];
}

class Maker {
  readonly addresses: Addresses;

  constructor(addresses: Addresses) {
    this.addresses = addresses;
  }

  session(name: string, port: number, steps: readonly Step[], more: Partial<Scenario> = {}): Scenario {
    return { name: `smtp-${name}`, ip: more.ip ?? this.addresses.client(), port, steps, ...more };
  }

  plain(name: string, login: string, more: Partial<Scenario> = {}): Scenario {
    const steps = [HELO, `AUTH PLAIN ${plain(login, 'wrong')}`, 'QUIT'];
    return this.session(name, SUBMISSION, steps, { ...FAILED, logins: [postfixName(login)], ...more });
  }

  login(name: string, login: string, more: Partial<Scenario> = {}): Scenario {
    const steps = [HELO, 'AUTH LOGIN', base64(login), base64('wrong'), 'QUIT'];
    return this.plain(name, login, { steps, ...more });
  }

  recipient(name: string, from: string, to: string, more: Partial<Scenario> = {}): Scenario {
    const steps = [HELO, `MAIL FROM:<${from}>`, `RCPT TO:<${to}>`, 'QUIT'];
    return this.session(name, MX, steps, { expect: { 'invalid-rcpt': 1 }, ...more });
  }

  get forged(): Partial<Scenario> {
    return { ip: this.addresses.forger(), forged: true };
  }
}

/**
 * How Postfix names a login that Dovecot has refused. Dovecot sends it in lower case, unless it has characters that no
 * name may have, and escapes what ends a line in its protocol by 0x01 and a letter; Postfix writes a question mark for a
 * control character and cuts.
 */
function postfixName(login: string): string {
  const isName = /^[\w.@-]*$/.test(login);
  const text = (isName ? login.toLowerCase() : login)
    .replaceAll('\t', '?t')
    .replaceAll('\r', '?r')
    .replaceAll('\n', '?n')
    .replace(/[\x00-\x1f\x7f]/g, '?');
  return text.slice(0, LONGEST_NAME);
}

function logins(make: Maker): Scenario[] {
  const tls = [HELO, 'STARTTLS', 'tls', HELO] as const;
  const wrong = `AUTH PLAIN ${plain(ALICE, 'wrong')}`;
  const right = `AUTH PLAIN ${plain(ALICE, 'wonderland')}`;
  const alice = { ...FAILED, logins: [ALICE] } as const;
  const letter = ['MAIL FROM:<alice@example.org>', 'RCPT TO:<bob@example.org>', ...MESSAGE, 'QUIT'] as const;
  return [
    make.plain('plain-wrong', ALICE),
    make.login('login-wrong', ALICE),
    make.plain('plain-unknown', 'nosuch@example.org'),
    make.login('login-unknown', 'info'),
    make.plain('plain-v6', ALICE, { ip: '2001:db8:bad:1::1' }),
    make.plain('plain-at-25', 'sales@example.org', { port: MX_AUTH }),
    make.plain('plain-denied', CAROL.name, {
      steps: [HELO, `AUTH PLAIN ${plain(CAROL.name, CAROL.password)}`, 'QUIT'],
      note: 'the right password of a user on the deny list',
    }),
    make.session('starttls-wrong', SUBMISSION, [...tls, wrong, 'QUIT'], alice),
    make.session('smtps-wrong', SMTPS, [HELO, wrong, 'QUIT'], { ...alice, tls: true }),
    make.session('plain-in-two-steps', SUBMISSION, [HELO, 'AUTH PLAIN', plain('root', 'x'), 'QUIT'], {
      ...FAILED,
      logins: ['root'],
    }),
    make.session(
      'cram-wrong',
      SUBMISSION,
      [HELO, 'AUTH CRAM-MD5', base64(`${ALICE} ${'0'.repeat(32)}`), 'QUIT'],
      alice,
    ),
    make.session(
      'three-failures',
      SUBMISSION,
      [HELO, ...['admin', 'test', 'info'].map((one) => `AUTH PLAIN ${plain(one, 'x')}`), 'QUIT'],
      { expect: { authentication: 3 }, logins: ['admin', 'test', 'info'] },
    ),
    make.session('failure-then-drop', SUBMISSION, [HELO, `AUTH PLAIN ${plain('web', 'x')}`, 4_000, 'drop'], {
      ...FAILED,
      logins: ['web'],
    }),
    make.session('auth-not-offered', MX, [HELO, `AUTH PLAIN ${plain('admin', 'x')}`, 'QUIT'], FAILED),
    make.session('auth-unknown-mechanism', SUBMISSION, [HELO, 'AUTH NTLM', 'QUIT'], FAILED),
    make.session('auth-bad-base64', SUBMISSION, [HELO, 'AUTH PLAIN !!!!', 'QUIT'], FAILED),
    make.session('auth-aborted', SUBMISSION, [HELO, 'AUTH LOGIN', '*', 'QUIT'], { expect: { loitering: 1 } }),
    make.session('typo-then-success', SUBMISSION, [HELO, wrong, right, ...letter], {
      expect: { authentication: 1, success: 1 },
      logins: [ALICE],
    }),
    make.session('success', SUBMISSION, [HELO, right, ...letter], { expect: { success: 1 } }),
    make.session('success-with-typo-in-recipient', SUBMISSION, [
      ...[
        HELO,
        right,
        'MAIL FROM:<alice@example.org>',
        'RCPT TO:<bbo@example.org>',
        'RCPT TO:<obb@example.org>',
        'QUIT',
      ],
    ]),
    make.session('success-over-tls-then-drop', SUBMISSION, [
      ...[...tls, right, 'MAIL FROM:<alice@example.org>', 'RCPT TO:<bbo@example.org>', 600, 'drop'],
    ]),
    make.plain('named-client', 'root', { ip: '192.0.2.20', note: 'reverse DNS that is confirmed' }),
    make.plain('name-with-address', 'root', { ip: '192.0.2.22', forged: true, note: 'an address in its reverse DNS' }),
  ];
}

function recipients(make: Maker): Scenario[] {
  const from = 'MAIL FROM:<s@example.net>';
  const names = Array.from({ length: 25 }, (_, i) => `RCPT TO:<user${i}@example.org>`);
  return [
    make.recipient('rcpt-unknown', 's@example.net', 'nosuch@example.org'),
    make.recipient('rcpt-unknown-v6', 's@example.net', 'nosuch@example.org', { ip: '2001:db8:bad:2::2' }),
    make.recipient('rcpt-null-sender', '', 'olduser@example.org'),
    make.recipient('rcpt-relay', 's@example.net', 'someone@example.com'),
    make.recipient('rcpt-relay-submission', 's@example.net', 'someone@example.com', { port: SUBMISSION }),
    make.recipient('rcpt-old-helo', 's@example.net', 'a', {
      steps: ['HELO client.example.net', from, 'RCPT TO:<gone@example.org>', 'QUIT'],
    }),
    make.recipient('rcpt-without-helo', 's@example.net', 'a', { steps: [from, 'RCPT TO:<gone@example.org>', 'QUIT'] }),
    make.recipient('rcpt-two-transactions', 's@example.net', 'a', {
      steps: [HELO, from, 'RCPT TO:<aaa@example.org>', 'RSET', from, 'RCPT TO:<bbb@example.org>', 'QUIT'],
      expect: { 'invalid-rcpt': 2 },
    }),
    make.recipient('rcpt-some-good', 's@example.net', 'a', {
      steps: [HELO, from, 'RCPT TO:<gone@example.org>', 'RCPT TO:<bob@example.org>', ...MESSAGE, 'QUIT'],
    }),
    make.recipient('rcpt-then-drop', 's@example.net', 'a', {
      steps: [HELO, from, 'RCPT TO:<gone@example.org>', 600, 'drop'],
    }),
    make.recipient('rcpt-dictionary', 's@example.net', 'a', {
      steps: [HELO, from, ...names, 'QUIT'],
      expect: { 'invalid-rcpt': 20, scan: 1 },
      note: 'Postfix hangs up after 20 errors',
    }),
    make.recipient('vrfy', 's@example.net', 'a', {
      steps: [HELO, 'VRFY root@example.org', 'VRFY nosuch@example.org', 'QUIT'],
      expect: { 'invalid-rcpt': 2 },
    }),
    make.recipient('sender-unknown-domain', 's@nxdomain.invalid', 'bob@example.org', { expect: {} }),
    make.recipient('good-delivery', 's@example.net', 'a', {
      steps: [HELO, from, 'RCPT TO:<bob@example.org>', ...MESSAGE, 'QUIT'],
      expect: {},
    }),
  ];
}

function idlers(make: Maker): Scenario[] {
  const idle = { expect: { loitering: 1 } } as const;
  const from = 'MAIL FROM:<s@example.net>';
  return [
    make.session('connect-drop', MX, [1_500, 'drop'], idle),
    make.session('connect-drop-submission', SUBMISSION, [1_500, 'drop'], idle),
    make.session('connect-drop-smtps', SMTPS, [1_500, 'drop'], idle),
    make.session('helo-quit', MX, [HELO, 'QUIT'], { note: 'as a monitor does' }),
    make.session('mail-drop', MX, [HELO, from, 600, 'drop'], idle),
    make.session('starttls-drop', MX, [HELO, 'STARTTLS', 600, 'drop'], idle),
    make.session('idle', MX, [12_000], idle),
    make.session('idle-v6', MX, [12_000], { ...idle, ip: '2001:db8:bad:3::3' }),
    make.session('idle-after-helo', SUBMISSION, [HELO, 12_000], idle),
    make.session('idle-in-auth', SUBMISSION, [HELO, 'AUTH LOGIN', 12_000], idle),
    make.session('idle-in-data', MX, [HELO, from, 'RCPT TO:<bob@example.org>', 'DATA', 'Subject: t', 12_000], idle),
    make.session('idle-after-failure', SUBMISSION, [HELO, `AUTH PLAIN ${plain('support', 'x')}`, 14_000], {
      expect: { authentication: 1, loitering: 1 },
      logins: ['support'],
    }),
    ...Array.from({ length: 4 }, (_, i) =>
      make.session(`rate-limit-${i}`, LIMITED, [HELO, 'QUIT'], {
        ip: '192.0.2.240',
        note: 'the last of them is told to come later',
      }),
    ),
  ];
}

function probes(make: Maker): Scenario[] {
  const probe = { expect: { scan: 1 } } as const;
  const http = { raw: 'GET / HTTP/1.1\r\nHost: mx1.example.org\r\n\r\n' } as const;
  const hello = Buffer.from('160301004101000041', 'hex');
  const helloWithNewline = Buffer.concat([hello, Buffer.from('\r\n\0\0')]);
  return [
    make.session('http-at-once', MX, [http, 1_000], probe),
    make.session('http-after-greeting', MX, ['POST /cgi-bin HTTP/1.0', 'QUIT'], probe),
    make.session('http-at-smtps', SMTPS, [http, 1_000, 'drop'], probe),
    make.session('text-at-smtps', SMTPS, [{ raw: `${HELO}\r\n` }, 1_000, 'drop'], probe),
    make.session('tls-at-25', MX, [{ raw: helloWithNewline }, 1_000, 'drop'], probe),
    make.session('tls-at-25-without-newline', MX, [800, { raw: hello }, 1_000, 'drop'], {
      expect: { loitering: 1 },
      note: 'Postfix waits for the end of the line',
    }),
    make.session('pipelining', MX, [500, { raw: `${HELO}\r\nMAIL FROM:<s@example.net>\r\nQUIT\r\n` }, 600], probe),
    make.session('junk-commands', MX, [HELO, ...Array.from({ length: 25 }, (_, i) => `XYZZY ${i}`), 'QUIT'], probe),
    make.session('noop-flood', MX, [HELO, ...Array<string>(40).fill('NOOP'), 'QUIT'], probe),
  ];
}

function postscreen(make: Maker): Scenario[] {
  const probe = { expect: { scan: 1 } } as const;
  const greeted = 4_500;
  const from = 'MAIL FROM:<s@example.net>\r\n';
  const at = (name: string, steps: readonly Step[], more: Partial<Scenario> = {}): Scenario =>
    make.session(`postscreen-${name}`, POSTSCREEN, steps, more);
  return [
    at('pregreet', [{ raw: `${HELO}\r\n` }, 6_000, 'QUIT'], probe),
    at('pregreet-v6', [{ raw: `${HELO}\r\n` }, 6_000, 'QUIT'], { ...probe, ip: '2001:db8:bad:4::4' }),
    at('http', [{ raw: 'GET / HTTP/1.1\r\n\r\n' }, 6_000, 'drop'], probe),
    at('hangup', [600, 'drop'], { expect: { loitering: 1 } }),
    at('pipelining', [greeted, { raw: `${HELO}\r\n${from}RCPT TO:<bob@example.org>\r\n` }, 1_000, 'drop'], probe),
    at('non-smtp', [greeted, HELO, 'GET / HTTP/1.1', 600, 'drop'], probe),
    at('bare-newline', [greeted, HELO, { raw: from.replace('\r', '') }, 1_000, 'drop'], probe),
    at('idle', [16_000], { expect: { loitering: 1 } }),
    at('denied', [greeted, 'drop'], { ip: DENIED, note: 'refused for being on a list' }),
    at('clean', [greeted, HELO, 'MAIL FROM:<s@example.net>', 'RCPT TO:<bob@example.org>', 'QUIT'], {
      note: 'passes all tests and is told to come again',
    }),
    at('forged', [{ raw: `EHLO x from [${INNOCENT}]:25: y\r\n` }, 6_000, 'QUIT'], { ...probe, ...make.forged }),
  ];
}

function forgers(make: Maker): Scenario[] {
  const line = `2026-11-22T10:00:00.000000+00:00 mx1 postfix/smtpd[9]: warning: unknown[${INNOCENT}]: SASL LOGIN`;
  const login = (name: string, text: string): Scenario[] => [
    make.plain(`forged-plain-${name}`, text, make.forged),
    make.login(`forged-login-${name}`, text, make.forged),
  ];
  const helo = (name: string, text: string): Scenario =>
    make.recipient(`forged-helo-${name}`, 's@example.net', 'a', {
      ...make.forged,
      steps: [`EHLO ${text}`, 'MAIL FROM:<s@example.net>', 'RCPT TO:<nosuch@example.org>', 'QUIT'],
    });
  const recipient = (name: string, from: string, to: string): Scenario =>
    make.recipient(`forged-${name}`, from, to, make.forged);
  return [
    ...login('rip', `x>, method=PLAIN, rip=${INNOCENT}, lip=203.0.113.10, session=<abc`),
    ...login('username', 'a, sasl_username=victim@example.org'),
    ...login('warning', `unknown[${INNOCENT}]: SASL LOGIN authentication failed: Invalid`),
    ...login('outage', 'x authentication failed: Connection lost to authentication server'),
    ...login('newline', `b\r\n${line}`),
    ...login('address', INNOCENT),
    ...login('address-v6', INNOCENT6),
    ...login('utf8', 'пользователь@example.org'),
    ...login('quotes', `"'\`<>()[]{}\\%s%n@example.org`),
    ...login('long', `${'L'.repeat(400)}@example.org`),
    helo('address', `[${INNOCENT}]`),
    helo('bracket', `x]:from-unknown[${INNOCENT}]`),
    helo('reject', `x>:550-5.1.1-<y>,unknown[${INNOCENT}]`),
    helo('username', 'x>sasl_username=alice'),
    helo('blanks', `x from unknown[${INNOCENT}]: 550 5.1.1`),
    helo('utf8', 'привет.example'),
    helo('long', 'h'.repeat(700)),
    recipient('sender', `"x> to=<y> proto=ESMTP helo=<z> from unknown[${INNOCENT}]"@example.net`, 'nosuch@example.org'),
    recipient('recipient', 's@example.net', `"x>: Relay access denied; unknown[${INNOCENT}]: "@example.org`),
    recipient('recipient-user', 's@example.net', '"helo=<a> sasl_method=PLAIN sasl_username=alice"@example.org'),
    recipient('recipient-450', 's@example.net', '"<x>: 450 4.1.1 Recipient address rejected: try"@example.org'),
    recipient('recipient-utf8', 's@example.net', 'ящик@example.org'),
    recipient('recipient-long', 's@example.net', `${'r'.repeat(240)}@example.org`),
    make.session('forged-mechanism', SUBMISSION, [HELO, `AUTH PLAIN]:unknown[${INNOCENT}]:SASL`, 'QUIT'], {
      ...FAILED,
      ...make.forged,
    }),
    make.session('forged-http', MX, [`GET / from unknown[${INNOCENT}]: HTTP/1.1`, 'QUIT'], {
      expect: { scan: 1 },
      ...make.forged,
    }),
    make.session(
      'forged-pipelining',
      MX,
      [500, { raw: `${HELO}\r\nNOOP after CONNECT from x[${INNOCENT}]: y\r\n` }, 600, 'QUIT'],
      {
        expect: { scan: 1 },
        ...make.forged,
      },
    ),
    make.session('proxy-protocol', MX, [`PROXY TCP4 ${INNOCENT} 203.0.113.10 1 25`, 'QUIT'], {
      note: 'Postfix logs no unknown command',
      ...make.forged,
    }),
  ];
}
