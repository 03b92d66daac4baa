/**
 * Lines as Postfix 3.7 and Dovecot 2.3 write them through rsyslog, one function for each thing that a client can do. Each
 * gives the lines of one story in their order; the writer puts the time in front.
 */

/** A line without its time. */
export type Body = string;

/** What the writer has to number: processes and sessions are those of one connection only. */
export interface Numbers {
  next(): number;
}

/** RFC 3339 as rsyslog's high-precision format has it. */
export function stamped(time: number, body: Body): string {
  return `${new Date(time).toISOString().replace('Z', '000+00:00')} mx1 ${body}\n`;
}

/** RFC 3164: no year, no zone, whole seconds, in the zone of this host. */
export function yearless(time: number, body: Body): string {
  const date = new Date(time);
  const two = (part: number): string => String(part).padStart(2, '0');
  const month = 'JanFebMarAprMayJunJulAugSepOctNovDec'.slice(date.getMonth() * 3, date.getMonth() * 3 + 3);
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${month} ${String(date.getDate()).padStart(2, ' ')} ${clock} mx1 ${body}\n`;
}

/** A wrong password on the submission port: Dovecot's auth process tells of it, Postfix tells of it, Postfix counts it. */
export function wrongSubmission(numbers: Numbers, ip: string, login: string): Body[] {
  const smtpd = `postfix/submission/smtpd[${numbers.next()}]`;
  return [
    `${smtpd}: connect from unknown[${ip}]`,
    `dovecot: auth: passwd-file(${login},${ip}): Password mismatch`,
    `${smtpd}: warning: unknown[${ip}]: SASL LOGIN authentication failed: (reason unavailable), sasl_username=${login}`,
    `${smtpd}: disconnect from unknown[${ip}] ehlo=1 auth=0/1 quit=1 commands=2/3`,
  ];
}

/** Wrong passwords in one IMAP session: a line of the auth process each, and one of the login process for all. */
export function wrongImap(numbers: Numbers, ip: string, logins: readonly string[]): Body[] {
  const session = sessionOf(numbers.next());
  return [
    ...logins.map((login) => `dovecot: auth: passwd-file(${login},${ip},<${session}>): Password mismatch`),
    `dovecot: imap-login: Disconnected: Connection closed (auth failed, ${logins.length} attempts in 2 secs): ` +
      `user=<${logins.at(-1)}>, method=PLAIN, rip=${ip}, lip=203.0.113.10, session=<${session}>`,
  ];
}

/** What the auth process says of an attempt whose server says nothing. */
export function onlyEcho(ip: string, login: string): Body[] {
  return [`dovecot: auth: passwd-file(${login},${ip}): Password mismatch`];
}

/** Recipients that do not exist, on one connection; they count at its end. */
export function unknownRecipients(numbers: Numbers, ip: string, count: number): Body[] {
  const smtpd = `postfix/smtpd[${numbers.next()}]`;
  const rejects = Array.from({ length: count }, (_, n) => rejected(smtpd, ip, `nobody${n}@example.org`));
  return [
    `${smtpd}: connect from unknown[${ip}]`,
    ...rejects,
    `${smtpd}: disconnect from unknown[${ip}] ehlo=1 mail=1 rcpt=0/${count} quit=1 commands=${2 + count}/${2 + 2 * count}`,
  ];
}

/** A user who is logged in and mistypes a recipient: no failure. */
export function userWithTypo(numbers: Numbers, ip: string, login: string): Body[] {
  const smtpd = `postfix/submission/smtpd[${numbers.next()}]`;
  return [
    `${smtpd}: connect from unknown[${ip}]`,
    `${smtpd}: 8342223296A: client=unknown[${ip}], sasl_method=PLAIN, sasl_username=${login}`,
    rejected(smtpd, ip, 'bbo@example.org'),
    `${smtpd}: disconnect from unknown[${ip}] ehlo=1 auth=1 mail=1 rcpt=1/2 data=1 quit=1 commands=6/7`,
  ];
}

/** HTTP on the SMTP port: one scan a connection. */
export function httpProbe(numbers: Numbers, ip: string): Body[] {
  const smtpd = `postfix/smtpd[${numbers.next()}]`;
  return [
    `${smtpd}: connect from unknown[${ip}]`,
    `${smtpd}: warning: non-SMTP command from unknown[${ip}]: GET / HTTP/1.1`,
    `${smtpd}: disconnect from unknown[${ip}] unknown=0/1 commands=0/1`,
  ];
}

/** Connected and gone. */
export function idleConnection(numbers: Numbers, ip: string): Body[] {
  const smtpd = `postfix/smtpd[${numbers.next()}]`;
  return [
    `${smtpd}: connect from unknown[${ip}]`,
    `${smtpd}: lost connection after CONNECT from unknown[${ip}]`,
    `${smtpd}: disconnect from unknown[${ip}] commands=0/0`,
  ];
}

function rejected(smtpd: string, ip: string, recipient: string): Body {
  return (
    `${smtpd}: NOQUEUE: reject: RCPT from unknown[${ip}]: 550 5.1.1 <${recipient}>: Recipient address rejected: ` +
    `User unknown in virtual mailbox table; from=<s@example.net> to=<${recipient}> proto=ESMTP helo=<client.example.net>`
  );
}

function sessionOf(number: number): string {
  return Buffer.from(`session ${number}`).toString('base64');
}
