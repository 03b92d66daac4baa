/**
 * Log lines built as the servers build them, around text that a client has chosen. Each server cleans and cuts such text
 * in its own way before it logs it (Postfix 3.7 and 3.10, Dovecot 2.3 and 2.4, Linux-PAM 1.5).
 */

/** What a client controls; `ip` is where it really is. */
export interface Client {
  readonly ip: string;
  /** From reverse DNS. */
  readonly host: string;
  readonly login: string;
  readonly mechanism: string;
  readonly helo: string;
  readonly sender: string;
  readonly recipient: string;
  readonly data: string;
}

export interface ServerLine {
  readonly line: string;
  /** The pattern may not read it at all (a layer behind the server, whose line tells of the same). */
  readonly mayBeUnread: boolean;
  /** What the server shows as the login; null where it shows none. */
  readonly login: string | null;
}

const SESSION = 'naY+j9lgI6vAAAK0';

export function serverLines(client: Client): ServerLine[] {
  return [...postfixLines(client), ...postscreenLines(client), ...dovecotLines(client), ...layerLines(client)];
}

/** With smtpd_client_port_logging, and without. */
function postfixLines(client: Client): ServerLine[] {
  const peer = `${hostName(client.host)}[${client.ip}]`;
  return [peer, `${peer}:41389`].flatMap((one) => smtpdLines(one, client));
}

function smtpdLines(peer: string, { login, mechanism, helo, sender, recipient, data }: Client): ServerLine[] {
  const user = postfixText(login).slice(0, 100);
  const method = postfixText(mechanism).replaceAll(' ', '').slice(0, 100) || 'PLAIN';
  // Only a part between quotation marks may hold blanks, and they are shown.
  const quoted = `"${postfixText(mechanism).replaceAll(/["\\]/g, '')}"`.slice(0, 100);
  const to = postfixText(recipient).slice(0, 500);
  const tail = `from=<${postfixText(sender).slice(0, 500)}> to=<${to}> proto=ESMTP helo=<${postfixText(helo).slice(0, 500)}>`;
  const text = postfixText(data).slice(0, 300);
  const smtpd = (message: string): string => `2026-11-22T08:48:38.8+00:00 mx1 postfix/smtpd[383]: ${message}`;
  return [
    read(
      smtpd(`warning: ${peer}: SASL LOGIN authentication failed: (reason unavailable), sasl_username=${user}`),
      user,
    ),
    ...[method, quoted].flatMap((name) =>
      ['', `: '${name}'`].map((reason) =>
        read(
          smtpd(
            `warning: ${peer}: SASL ${name} authentication failed: Invalid authentication mechanism${reason}, sasl_username=(unavailable)`,
          ),
          '',
        ),
      ),
    ),
    read(smtpd(`warning: ${peer}: SASL ${method} authentication failed: ${text === '' ? 'x' : 'UGFzc3dvcmQ6'}`)),
    read(
      smtpd(
        `NOQUEUE: reject: RCPT from ${peer}: 550 5.1.1 <${to}>: Recipient address rejected: User unknown in virtual mailbox table; ${tail}`,
      ),
    ),
    read(smtpd(`32F0A242034: reject: RCPT from ${peer}: 554 5.7.1 <${to}>: Relay access denied; ${tail}`)),
    read(smtpd(`improper command pipelining after CONNECT from ${peer}: ${text}`)),
    read(smtpd(`warning: non-SMTP command from ${peer}: ${text}`)),
    read(smtpd(`too many errors after RCPT from ${peer}`)),
  ];
}

function postscreenLines({ ip, data }: Client): ServerLine[] {
  const text = postfixText(data).slice(0, 100);
  const peer = `[${ip}]:41389`;
  return [
    `PREGREET ${text.length} after 0.1 from ${peer}: ${text}`,
    `COMMAND PIPELINING from ${peer} after EHLO: ${text}`,
    `NON-SMTP COMMAND from ${peer} after CONNECT: ${text}`,
    `BARE NEWLINE from ${peer} after ${text}`,
  ].map((message) => read(`Nov 22 08:48:38 mx1 postfix/postscreen[402]: ${message}`));
}

function dovecotLines({ ip, login, mechanism }: Client): ServerLine[] {
  const user = dovecotText(login);
  const fields = (end: string, method = 'PLAIN'): string =>
    `user=<${user}>, method=${method}, rip=${ip}, lip=203.0.113.10${end}`;
  // IMAP and POP3 read it up to a blank, ManageSieve between quotation marks.
  const sieve = dovecotText(mechanism, 64).toUpperCase();
  const word = dovecotText(mechanism.replaceAll(' ', ''), 64).toUpperCase();
  const unsupported = 'tried to use unsupported auth mechanism';
  return [
    `imap-login: Disconnected: Aborted login by logging out (auth failed, 1 attempts in 2 secs): ${fields(`, TLS, session=<${SESSION}>`)}`,
    `pop3-login: Disconnected (auth failed, 2 attempts in 9 secs): ${fields('')}`,
    `submission-login: Login aborted: Logged out (auth failed, 1 attempts in 2 secs) (auth_failed): ${fields(`, session=<${SESSION}>`)}`,
    `imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): ${fields(', TLS: Connection closed')}`,
    `imap-login: Disconnected: Inactivity (auth failed, 1 attempts in 180 secs): ${fields(', TLS')}`,
    `managesieve-login: Disconnected: Aborted login by logging out (user disabled): ${fields(`, session=<${SESSION}>`)}`,
    `imap-login: Disconnected: Aborted login by logging out (${unsupported}): ${fields(`, TLS, session=<${SESSION}>`, word)}`,
    `pop3-login: Disconnected: Aborted login by logging out (${unsupported}): ${fields('', word)}`,
    `managesieve-login: Disconnected: Too many invalid commands (${unsupported}): ${fields(`, session=<${SESSION}>`, sieve)}`,
    `imap-login: Login aborted: Logged out (${unsupported}, 3 attempts in 9 secs) (invalid_mech): ${fields(`, session=<${SESSION}>`, word)}`,
  ].flatMap((message) => [
    read(`2026-11-22T08:49:49.1+00:00 mx1 dovecot: ${message}`, user),
    read(`Nov 22 08:49:49 ${message.replace(': ', ': Info: ')}`, user),
  ]);
}

/** The auth process shows what it was given, unless a name holds characters that are not allowed. */
function layerLines({ ip, login }: Client): ServerLine[] {
  const user = login.replaceAll(/[\x00-\x1f]/g, '?').slice(0, 250);
  const ends = ['Password mismatch', 'unknown user', 'Password mismatch (SHA1 of given password: 7c4a8d)'];
  const auth = ends.flatMap((end) => [
    `auth: passwd-file(${user},${ip},<${SESSION}>): ${end}`,
    `auth: ldap(${user},${ip}): ${end}`,
    `auth(${user},${ip},sasl:plain)<${SESSION}>: passwd-file: ${end}`,
    `auth-worker(385): conn unix:auth-worker (pid=383,uid=101): auth-worker<8>: pam(${user},${ip}): pam_authenticate() failed: Authentication failure (Password mismatch?)`,
  ]);
  const pam = `pam_unix(dovecot:auth): authentication failure; logname= uid=0 euid=0 tty=dovecot ruser=${user} rhost=${ip} `;
  return [
    ...auth.map((message) => mayBeUnread(`2026-11-22T08:49:49.1+00:00 mx1 dovecot: ${message}`)),
    ...auth.map((message) => mayBeUnread(`Nov 22 08:49:49 ${message.replace(': ', ': Info: ')}`)),
    read(`2026-11-22T08:49:49.1+00:00 mx1 auth: ${pam}`, user),
    read(
      `2026-11-22T08:49:49.1+00:00 mx1 dovecot: auth: plain(?,${ip}): Username character disallowed by auth_username_chars: 0x3e (username: ${user})`,
      user,
    ),
    read(
      `2026-11-22T08:49:49.1+00:00 mx1 dovecot: auth(?,${ip},sasl:plain): plain: Username character disallowed by auth_username_chars: 0x3e (username: ${user})`,
      user,
    ),
  ];
}

function read(line: string, login: string | null = null): ServerLine {
  return { line, login, mayBeUnread: false };
}

function mayBeUnread(line: string): ServerLine {
  return { line, login: null, mayBeUnread: true };
}

/** Postfix takes no name from DNS that is no host name (RFC 1123). */
function hostName(text: string): string {
  const name = text.replaceAll(/[^A-Za-z0-9.-]/g, '').slice(0, 200);
  return name === '' ? 'unknown' : name;
}

/** Control characters become question marks. */
function postfixText(text: string): string {
  return text.replaceAll(/[\x00-\x1f\x7f]/g, '?');
}

/** The same, and no more than so many characters. */
function dovecotText(text: string, longest = 80): string {
  const clean = text.replaceAll(/[\x00-\x1f]/g, '?');
  return clean.length > longest ? `${clean.slice(0, longest - 3)}...` : clean;
}
