/**
 * The mail log of the demonstration: lines as Postfix 3.7 and Dovecot 2.3 of Debian 12 write them through rsyslog, in the
 * order in which a minute of mail traffic may bring them. A limit of five failed logins is crossed three times.
 */
import { appendFileSync } from 'node:fs';
import { SERVER4, SERVER6 } from '../../test/support/netns.ts';
import { FORGER, GUESSER, HOPPER, NEIGHBOUR, USER, WANTED_LOGIN } from './clients.ts';

/** Lines that belong together, and a remark on them. */
export interface Scene {
  readonly remark: string;
  readonly lines: readonly string[];
}

/** How many events the lines make. */
export const EVENTS = { authentication: 16, success: 2 } as const;

export function scenes(): readonly Scene[] {
  return [
    { remark: 'An ordinary mail comes in.', lines: delivery() },
    {
      remark: `${GUESSER.address} guesses passwords at the submission port.`,
      lines: guesses(912, ['admin@example.org', 'info@example.org']),
    },
    {
      remark: `${USER.address} is Alice. She mistypes her password, and gets it right the next time.`,
      lines: [...mistyped(), ...loggedIn()],
    },
    {
      remark: `${FORGER.address} sends logins that hold a log line about Alice's address, five times in all.`,
      lines: [...forgedToPostfix(1), ...forgedToDovecot(2)],
    },
    { remark: `${GUESSER.address} again: the fifth failure crosses the limit.`, lines: guesses(917, MORE_LOGINS) },
    {
      remark: `Two IPv6 addresses of one /64 are after one login. They count together, and so does the login.`,
      lines: [HOPPER.address, HOPPER.other, HOPPER.address, HOPPER.other, HOPPER.address].map(hop),
    },
    { remark: `${NEIGHBOUR.address} sends a mail over IPv6.`, lines: submission() },
    {
      remark: `${FORGER.address} goes on: its fifth failure bans the sender, not the address in the text.`,
      lines: [...forgedToPostfix(3), ...forgedToDovecot(4), ...forgedToDovecot(5)],
    },
  ];
}

/** Appends one line with the stamp of this moment (RFC 3339, as rsyslog writes it), at once. Returns the line. */
export function writeLine(file: string, message: string, now: number): string {
  const stamp = new Date(now).toISOString().replace('Z', '000+00:00');
  const line = `${stamp} mx1 ${message}`;
  appendFileSync(file, `${line}\n`);
  return line;
}

const MORE_LOGINS = ['root@example.org', 'test@example.org', 'backup@example.org'];

function delivery(): string[] {
  return [
    'postfix/smtpd[904]: connect from mail.example.net[198.51.100.25]',
    'postfix/smtpd[904]: 9FE0B23255F: client=mail.example.net[198.51.100.25]',
    'postfix/cleanup[906]: 9FE0B23255F: message-id=<20261122.7@mail.example.net>',
    'postfix/qmgr[373]: 9FE0B23255F: from=<bob@example.net>, size=2197, nrcpt=1 (queue active)',
    'postfix/lmtp[907]: 9FE0B23255F: to=<alice@example.org>, relay=mx1.example.org[private/dovecot-lmtp], delay=0.06, delays=0.01/0/0.03/0.01, dsn=2.0.0, status=sent (250 2.0.0 <alice@example.org> bUTBKdK2AmuwAQAAds41pg Saved)',
    'postfix/qmgr[373]: 9FE0B23255F: removed',
    'postfix/smtpd[904]: disconnect from mail.example.net[198.51.100.25] ehlo=2 starttls=1 mail=1 rcpt=1 data=1 quit=1 commands=7',
  ];
}

function guesses(pid: number, logins: readonly string[]): string[] {
  const client = `unknown[${GUESSER.address}]`;
  const failed = logins.map(
    (login) =>
      `postfix/submission/smtpd[${pid}]: warning: ${client}: SASL LOGIN authentication failed: (reason unavailable), sasl_username=${login}`,
  );
  const commands = `ehlo=1 auth=0/${logins.length} quit=1 commands=2/${logins.length + 2}`;
  return [
    `postfix/submission/smtpd[${pid}]: connect from ${client}`,
    ...failed,
    `postfix/submission/smtpd[${pid}]: disconnect from ${client} ${commands}`,
  ];
}

/** Dovecot tells of one failure twice, with one session; it counts once. */
function mistyped(): string[] {
  const session = 'bUTBKdK2AmuwAQA1';
  return [
    `dovecot: auth: passwd-file(alice@example.org,${USER.address},<${session}>): Password mismatch`,
    imapFailure('alice@example.org', USER.address, SERVER4, session),
  ];
}

function loggedIn(): string[] {
  return [
    `dovecot: imap-login: Login: user=<alice@example.org>, method=PLAIN, rip=${USER.address}, lip=${SERVER4}, mpid=921, TLS, session=<9NTvlNlga63AAAK9>`,
  ];
}

function forgedToPostfix(turn: number): string[] {
  const pid = 930 + turn;
  const client = `unknown[${FORGER.address}]`;
  const login = `x${turn}: warning: unknown[${USER.address}]: SASL LOGIN authentication failed: ${turn}`;
  return [
    `postfix/submission/smtpd[${pid}]: connect from ${client}`,
    `postfix/submission/smtpd[${pid}]: warning: ${client}: SASL LOGIN authentication failed: (reason unavailable), sasl_username=${login}`,
    `postfix/submission/smtpd[${pid}]: disconnect from ${client} ehlo=1 auth=0/1 quit=1 commands=2/3`,
  ];
}

function forgedToDovecot(turn: number): string[] {
  const login = `x${turn}>, method=PLAIN, rip=${USER.address}, lip=${SERVER4}, session=<abc${turn}`;
  return [imapFailure(login, FORGER.address, SERVER4, `2naTk9lg47LGM2Q${turn}`)];
}

function hop(address: string, turn: number): string {
  return imapFailure(WANTED_LOGIN, address, SERVER6, `eWMPkNlgJ6XAAAK${turn}`);
}

function submission(): string[] {
  const client = `unknown[${NEIGHBOUR.address}]`;
  return [
    `postfix/submission/smtpd[941]: connect from ${client}`,
    `postfix/submission/smtpd[941]: 8342223296A: client=${client}, sasl_method=PLAIN, sasl_username=carol@example.org`,
    `postfix/submission/smtpd[941]: disconnect from ${client} ehlo=2 starttls=1 auth=1 mail=1 rcpt=1 data=1 quit=1 commands=8`,
  ];
}

function imapFailure(login: string, from: string, to: string, session: string): string {
  return `dovecot: imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): user=<${login}>, method=PLAIN, rip=${from}, lip=${to}, session=<${session}>`;
}
