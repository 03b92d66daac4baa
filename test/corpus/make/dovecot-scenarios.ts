/** What clients do to Dovecot: over IMAP, POP3 and ManageSieve. */
import { base64, plain, type Scenario, type Step } from './attack.ts';
import { Addresses, ALICE, CAROL, FAILED, INNOCENT, INNOCENT6, PAM_USER } from './clients.ts';

export const IMAP = 143;
export const IMAPS = 993;
export const POP3 = 110;
export const POP3S = 995;
export const SIEVE = 4190;

export interface DovecotLog {
  /** auth_verbose: each failure of a session is named. */
  readonly verbose: boolean;
  /** Users who are in no file are asked for from PAM. */
  readonly pam: boolean;
  /** Dovecot lets a client idle for three minutes. */
  readonly idlers: boolean;
}

const LONGEST_NAME = 80;
const ALLOWED_NAME = /^[\w.@-]*$/;
const SIEVE_QUIT = 'LOGOUT';
const IDLE = 190_000;

export function dovecotScenarios(log: DovecotLog): Scenario[] {
  const make = new Maker(new Addresses(30, 120));
  return [
    ...(log.idlers ? idlers(make) : []),
    ...imapLogins(make, log),
    ...otherLogins(make),
    ...(log.pam ? pamLogins(make) : []),
    ...loiterers(make),
    ...probes(make),
    ...forgers(make),
  ];
}

class Maker {
  readonly addresses: Addresses;

  constructor(addresses: Addresses) {
    this.addresses = addresses;
  }

  session(name: string, port: number, steps: readonly Step[], more: Partial<Scenario> = {}): Scenario {
    return { name, ip: more.ip ?? this.addresses.client(), port, steps, ...more };
  }

  imapLogin(name: string, login: string, more: Partial<Scenario> = {}): Scenario {
    const quoted = `"${login.replace(/["\\]/g, '\\$&')}"`;
    return this.session(`imap-${name}`, IMAP, [`a1 LOGIN ${quoted} wrong`, 'a2 LOGOUT'], wrong(login, more));
  }

  imapPlain(name: string, login: string, more: Partial<Scenario> = {}): Scenario {
    const steps = ['a1 AUTHENTICATE PLAIN', plain(login, 'wrong'), 'a2 LOGOUT'];
    return this.session(`imap-${name}`, IMAP, steps, wrong(login, more));
  }

  pop3(name: string, login: string, more: Partial<Scenario> = {}): Scenario {
    return this.session(`pop3-${name}`, POP3, [`USER ${login}`, 'PASS wrong', 'QUIT'], wrong(login, more));
  }

  sieve(name: string, login: string, more: Partial<Scenario> = {}): Scenario {
    const steps = [`AUTHENTICATE "PLAIN" "${plain(login, 'wrong')}"`, SIEVE_QUIT];
    return this.session(`sieve-${name}`, SIEVE, steps, wrong(login, more));
  }

  get forged(): Partial<Scenario> {
    return { ip: this.addresses.forger(), forged: true };
  }
}

function wrong(login: string, more: Partial<Scenario>): Partial<Scenario> {
  return { ...FAILED, logins: [dovecotName(login)], ...more };
}

/**
 * How Dovecot names a login in its log: in lower case, unless it has characters that no name may have; with a question
 * mark for each control character; and cut.
 */
function dovecotName(login: string): string {
  const text = (ALLOWED_NAME.test(login) ? login.toLowerCase() : login).replace(/[\x00-\x1f\x7f]/g, '?');
  return text.length > LONGEST_NAME ? `${text.slice(0, LONGEST_NAME - 3)}...` : text;
}

function imapLogins(make: Maker, { verbose, pam }: DovecotLog): Scenario[] {
  const right = `a1 LOGIN ${ALICE} wonderland`;
  const three = ['x1@example.org', 'x2@example.org', 'x3@example.org'];
  const alice = { ...FAILED, logins: [ALICE] } as const;
  const cram = ['a1 AUTHENTICATE CRAM-MD5', base64(`${ALICE} ${'0'.repeat(32)}`), 'a2 LOGOUT'];
  return [
    // PAM needs the password itself.
    ...(pam ? [] : [make.session('imap-cram-wrong', IMAP, cram, alice)]),
    make.imapLogin('login-wrong', ALICE),
    make.imapLogin('login-unknown', 'nosuch@example.org'),
    make.imapLogin('login-v6', ALICE, { ip: '2001:db8:bad:6::6' }),
    make.imapPlain('plain-wrong', ALICE),
    make.imapPlain('plain-unknown', 'webmaster'),
    make.session(
      'imap-login-mechanism',
      IMAP,
      ['a1 AUTHENTICATE LOGIN', base64(ALICE), base64('wrong'), 'a2 LOGOUT'],
      alice,
    ),
    make.session('imaps-wrong', IMAPS, [`a1 LOGIN ${ALICE} wrong`, 'a2 LOGOUT'], { ...alice, tls: true }),
    make.session('imap-starttls-wrong', IMAP, ['a0 STARTTLS', 'tls', `a1 LOGIN ${ALICE} wrong`, 'a2 LOGOUT'], alice),
    make.session('imap-denied', IMAP, [`a1 LOGIN ${CAROL.name} ${CAROL.password}`, 'a2 LOGOUT'], {
      ...FAILED,
      logins: [CAROL.name],
      note: 'the right password of a user on the deny list',
    }),
    make.session('imap-three-failures', IMAP, [...three.map((one, i) => `a${i} LOGIN ${one} wrong`), 'a9 LOGOUT'], {
      expect: { authentication: 3 },
      logins: verbose ? three : three.slice(-1),
      note: 'without auth_verbose only the last of them is named',
    }),
    make.session('imap-failure-then-drop', IMAP, ['a1 LOGIN backup wrong', 4_000, 'drop'], {
      ...FAILED,
      logins: ['backup'],
    }),
    make.session('imap-drop-before-answer', IMAP, ['a1 LOGIN early wrong', 300, 'drop'], {
      ...FAILED,
      logins: ['early'],
    }),
    make.session('imap-bad-base64', IMAP, ['a1 AUTHENTICATE PLAIN !!!!', 'a2 LOGOUT'], FAILED),
    make.session('imap-bad-base64-later', IMAP, ['a1 AUTHENTICATE PLAIN', '!!!!', 'a2 LOGOUT'], {
      expect: { loitering: 1 },
      note: 'told as authentication that the client did not finish',
    }),
    make.session('imap-unknown-mechanism', IMAP, ['a1 AUTHENTICATE NTLM', 'a2 LOGOUT'], FAILED),
    make.session('imap-typo-then-success', IMAP, [`a0 LOGIN ${ALICE} wunder`, right, 'a2 LOGOUT'], {
      expect: { authentication: 1, success: 1 },
      logins: [ALICE],
    }),
    make.session('imap-success', IMAP, [right, 'a2 SELECT INBOX', 'a3 LOGOUT'], { expect: { success: 1 } }),
    make.session('imaps-success-then-drop', IMAPS, [right, 500, 'drop'], { tls: true, expect: { success: 1 } }),
  ];
}

function otherLogins(make: Maker): Scenario[] {
  const alice = { ...FAILED, logins: [ALICE] } as const;
  return [
    make.pop3('wrong', ALICE),
    make.pop3('unknown-v6', 'postgres', { ip: '2001:db8:bad:7::7' }),
    make.session('pop3-plain-wrong', POP3, ['AUTH PLAIN', plain(ALICE, 'wrong'), 'QUIT'], alice),
    make.session('pop3s-wrong', POP3S, [`USER ${ALICE}`, 'PASS wrong', 'QUIT'], { ...alice, tls: true }),
    make.session('pop3-three-failures', POP3, [...Array<string[]>(3).fill(['USER oracle', 'PASS x']).flat(), 'QUIT'], {
      expect: { authentication: 3 },
      logins: ['oracle', 'oracle', 'oracle'],
    }),
    make.session('pop3-failure-then-drop', POP3, ['USER oracle', 'PASS x', 4_000, 'drop'], {
      ...FAILED,
      logins: ['oracle'],
    }),
    make.session('pop3-success', POP3, [`USER ${ALICE}`, 'PASS wonderland', 'QUIT'], { expect: { success: 1 } }),
    make.sieve('wrong', ALICE),
    make.sieve('unknown-v6', 'sieveuser', { ip: '2001:db8:bad:8::8' }),
    make.session('sieve-success', SIEVE, [`AUTHENTICATE "PLAIN" "${plain(ALICE, 'wonderland')}"`, SIEVE_QUIT], {
      expect: { success: 1 },
    }),
  ];
}

function pamLogins(make: Maker): Scenario[] {
  return [
    make.imapLogin('pam-wrong', PAM_USER.name, { note: 'PAM, the auth worker and the login process tell of it' }),
    make.pop3('pam-wrong', PAM_USER.name),
    make.session('imap-pam-success', IMAP, [`a1 LOGIN ${PAM_USER.name} ${PAM_USER.password}`, 'a2 LOGOUT'], {
      expect: { success: 1 },
    }),
  ];
}

function loiterers(make: Maker): Scenario[] {
  const idle = { expect: { loitering: 1 } } as const;
  return [
    make.session('imap-connect-drop', IMAP, [1_500, 'drop'], idle),
    make.session('imaps-connect-drop', IMAPS, [1_500, 'drop'], idle),
    make.session('pop3-connect-drop', POP3, [1_500, 'drop'], idle),
    make.session('sieve-connect-drop', SIEVE, [1_500, 'drop'], idle),
    make.session('imap-connect-logout', IMAP, ['a1 CAPABILITY', 'a2 LOGOUT'], { note: 'as a monitor does' }),
    make.session('pop3-connect-quit', POP3, ['QUIT'], { note: 'as a monitor does' }),
    make.session('imap-auth-then-drop', IMAP, ['a1 AUTHENTICATE PLAIN', 600, 'drop'], idle),
    make.session('imap-auth-aborted', IMAP, ['a1 AUTHENTICATE PLAIN', '*', 'a2 LOGOUT'], idle),
  ];
}

function idlers(make: Maker): Scenario[] {
  const idle = { expect: { loitering: 1 } } as const;
  return [
    make.session('imap-idle', IMAP, [IDLE], idle),
    make.session('imaps-idle-v6', IMAPS, [IDLE], { ...idle, tls: true, ip: '2001:db8:bad:9::9' }),
    make.session('pop3-idle', POP3, [IDLE], idle),
    make.session('sieve-idle', SIEVE, [IDLE], idle),
    make.session('imap-idle-in-auth', IMAP, ['a1 AUTHENTICATE LOGIN', IDLE], idle),
    make.session('imap-idle-after-failure', IMAP, ['a1 LOGIN support wrong', IDLE], {
      expect: { authentication: 1, loitering: 1 },
      logins: ['support'],
    }),
  ];
}

function probes(make: Maker): Scenario[] {
  const probe = { expect: { scan: 1 } } as const;
  const http = {
    raw: `GET / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nUser-Agent: b\r\n\r\n${'x y z\r\n'.repeat(10)}`,
  } as const;
  return [
    make.session('imap-http', IMAP, [http, 1_000, 'drop'], probe),
    make.session(
      'imap-junk',
      IMAP,
      Array.from({ length: 12 }, (_, i) => `a${i} XYZZY`),
      probe,
    ),
    make.session('imaps-text', IMAPS, [{ raw: 'a1 CAPABILITY\r\n' }, 1_000, 'drop'], probe),
    make.session('imaps-http', IMAPS, [http, 1_000, 'drop'], probe),
    make.session(
      'pop3-junk',
      POP3,
      Array.from({ length: 15 }, () => 'XYZZY'),
      probe,
    ),
    make.session(
      'sieve-junk',
      SIEVE,
      Array.from({ length: 15 }, () => 'XYZZY'),
      probe,
    ),
  ];
}

function forgers(make: Maker): Scenario[] {
  const line = `Nov 22 10:00:00 mx1 dovecot: imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<v>, rip=${INNOCENT}`;
  const both = (name: string, text: string): Scenario[] => [
    make.imapLogin(`forged-login-${name}`, text, make.forged),
    make.imapPlain(`forged-plain-${name}`, text, make.forged),
  ];
  return [
    ...both('rip', `x>, method=PLAIN, rip=${INNOCENT}, lip=203.0.113.10, session=<abc`),
    ...both('rip-whole', `x>, method=PLAIN, rip=${INNOCENT}, lip=203.0.113.10, TLS, session=<abcdefgh>`),
    ...both('closing', `]: user=<x>, rip=${INNOCENT}`),
    ...both('verbose', `${ALICE},${INNOCENT},<s>): Password mismatch`),
    ...both('outage', `x,${INNOCENT},<s>): Password query failed`),
    ...both('success', `x>, method=PLAIN, rip=${INNOCENT}, lip=1.2.3.4, mpid=1, session=<a`),
    ...both('rhost', `x rhost=${INNOCENT} user=root`),
    ...both('address', INNOCENT),
    ...both('address-v6', INNOCENT6),
    ...both('utf8', 'пользователь@example.org'),
    ...both('quotes', `"'\`<>()[]{}\\%s%n@example.org`),
    ...both('long', `${'L'.repeat(400)}@example.org`),
    make.imapPlain('forged-plain-newline', `a\n${line}`, make.forged),
    make.imapPlain('forged-plain-escape', 'a\tb\x1b[31mred', make.forged),
    make.pop3('forged-rip', `x>,rip=${INNOCENT},session=<a`, make.forged),
    make.sieve('forged-rip', `x>, rip=${INNOCENT}, session=<a`, make.forged),
    make.session('imap-forged-tag', IMAP, [`rip=${INNOCENT} LOGIN nobody wrong`, 1_000, 'a2 LOGOUT'], {
      ...FAILED,
      logins: ['nobody'],
      ...make.forged,
    }),
  ];
}
