/** What attackers do to a mail host, in the shapes that Postfix 3.7 and Dovecot 2.3 write. */
import { type Conversation, hostile, type Line, plain, type Scene, sessionId, TLS } from './conversation.ts';

type Kind = (scene: Scene) => Conversation;

/** Each kind as often as its share says; the rest guess passwords over SMTP. */
const SHARES: readonly (readonly [number, Kind])[] = [
  [0.3, mailboxGuess],
  [0.12, harvest],
  [0.05, httpProbe],
  [0.06, idle],
  [0.04, mailboxIdle],
];

export function attack(scene: Scene): Conversation {
  let chosen = scene.random.next();
  for (const [share, kind] of SHARES) {
    if (chosen < share) return kind(scene);
    chosen -= share;
  }
  return passwordGuess(scene);
}

/** One failed login over SMTP, as a line without time; the crossing line of the latency measurement is one of these. */
export function saslFailure(pid: number, host: string, ip: string, login: string): string {
  return (
    `postfix/submission/smtpd[${pid}]: warning: ${host}[${ip}]: SASL LOGIN authentication failed: ` +
    `(reason unavailable), sasl_username=${login}`
  );
}

function passwordGuess({ random, people, pid }: Scene): Conversation {
  const { host, ip } = people.attacker();
  const from = `${host}[${ip}]`;
  const tries = random.chance(0.6) ? 1 : 2 + random.below(3);
  const encrypted = random.chance(0.4);
  const lines: Line[] = [plain(`postfix/submission/smtpd[${pid}]: connect from ${from}`)];
  if (encrypted) {
    lines.push(plain(`postfix/submission/smtpd[${pid}]: Anonymous TLS connection established from ${from}: ${TLS}`));
  }
  for (let i = 0; i < tries; i++) {
    const login = random.pick(people.guesses);
    if (random.chance(0.3)) lines.push(hostile(`dovecot: auth: passwd-file(${login},${ip}): unknown user`));
    lines.push(hostile(saslFailure(pid, host, ip, login)));
  }
  const quits = random.chance(0.5);
  if (!quits) lines.push(hostile(`postfix/submission/smtpd[${pid}]: lost connection after AUTH from ${from}`));
  const commands = encrypted ? 'ehlo=2 starttls=1' : 'ehlo=1';
  const done = (encrypted ? 3 : 1) + (quits ? 1 : 0);
  lines.push(
    plain(
      `postfix/submission/smtpd[${pid}]: disconnect from ${from} ${commands} auth=0/${tries}${quits ? ' quit=1' : ''} ` +
        `commands=${done}/${done + tries}`,
    ),
  );
  return lines;
}

function mailboxGuess({ random, people }: Scene): Conversation {
  const { ip } = people.attacker();
  const login = random.pick(people.guesses);
  const session = sessionId(random);
  const service = random.chance(0.75) ? 'imap-login' : 'pop3-login';
  const told = random.chance(0.3)
    ? [hostile(`dovecot: auth: passwd-file(${login},${ip},<${session}>): unknown user`)]
    : [];
  return [
    ...told,
    hostile(
      `dovecot: ${service}: Disconnected: Connection closed (auth failed, 1 attempts in ${2 + random.below(9)} secs): ` +
        `user=<${login}>, method=PLAIN, rip=${ip}, lip=203.0.113.10, TLS, session=<${session}>`,
    ),
  ];
}

/** Recipients that do not exist, one after the other. */
function harvest({ random, people, pid }: Scene): Conversation {
  const { host, ip } = people.attacker();
  const tries = 2 + random.below(5);
  const refusals = Array.from({ length: tries }, () => {
    const to = `${random.pick(people.guesses).replace(/@.*/, '')}${random.below(100)}@example.org`;
    return hostile(
      `postfix/smtpd[${pid}]: NOQUEUE: reject: RCPT from ${host}[${ip}]: 550 5.1.1 <${to}>: Recipient address rejected: ` +
        `User unknown in virtual mailbox table; from=<s@example.net> to=<${to}> proto=ESMTP helo=<client.example.net>`,
    );
  });
  return [
    plain(`postfix/smtpd[${pid}]: connect from ${host}[${ip}]`),
    ...refusals,
    plain(
      `postfix/smtpd[${pid}]: disconnect from ${host}[${ip}] ehlo=1 mail=1 rcpt=0/${tries} quit=1 commands=3/${3 + tries}`,
    ),
  ];
}

function httpProbe({ people, pid }: Scene): Conversation {
  const { host, ip } = people.attacker();
  return [
    plain(`postfix/smtpd[${pid}]: connect from ${host}[${ip}]`),
    hostile(
      `postfix/smtpd[${pid}]: improper command pipelining after CONNECT from ${host}[${ip}]: ` +
        String.raw`GET / HTTP/1.1\r\nHost: mx1.example.org\r\nUser-Agent: zgrab/0.x\r\n\r\n`,
    ),
    hostile(`postfix/smtpd[${pid}]: warning: non-SMTP command from ${host}[${ip}]: GET / HTTP/1.1`),
    plain(`postfix/smtpd[${pid}]: disconnect from ${host}[${ip}] unknown=0/1 commands=0/1`),
  ];
}

function idle({ random, people, pid }: Scene): Conversation {
  const { host, ip } = people.attacker();
  const what = random.chance(0.5) ? 'lost connection' : 'timeout';
  return [
    plain(`postfix/smtpd[${pid}]: connect from ${host}[${ip}]`),
    hostile(`postfix/smtpd[${pid}]: ${what} after CONNECT from ${host}[${ip}]`),
    plain(`postfix/smtpd[${pid}]: disconnect from ${host}[${ip}] commands=0/0`),
  ];
}

function mailboxIdle({ random, people }: Scene): Conversation {
  const { ip } = people.attacker();
  return [
    hostile(
      'dovecot: imap-login: Disconnected: Inactivity (no auth attempts in 180 secs): ' +
        `user=<>, rip=${ip}, lip=203.0.113.10, session=<${sessionId(random)}>`,
    ),
  ];
}
