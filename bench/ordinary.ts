/** Ordinary traffic of a mail host, in the shapes that Postfix 3.7 and Dovecot 2.3 write. */
import { type Conversation, lmtpId, plain, queueId, type Scene, sessionId, TLS } from './conversation.ts';

type Kind = (scene: Scene) => Conversation;

/** Each kind as often as its share says; the rest are incoming mails. */
const SHARES: readonly (readonly [number, Kind])[] = [
  [0.16, outgoing],
  [0.3, mailbox],
  [0.06, greylisted],
  [0.03, statistics],
];

export function ordinaryConversation(scene: Scene): Conversation {
  let chosen = scene.random.next();
  for (const [share, kind] of SHARES) {
    if (chosen < share) return kind(scene);
    chosen -= share;
  }
  return incoming(scene);
}

/** A mail from another server, delivered into a mailbox through LMTP. */
function incoming({ random, people, pid }: Scene): Conversation {
  const { host, ip } = random.pick(people.servers);
  const { login } = random.pick(people.users);
  const id = queueId(random);
  const lmtp = lmtpId(random);
  const message = `${random.word(12, '0123456789abcdef')}@${host}`;
  const delay = (0.1 + random.next()).toFixed(2);
  // smtpd_tls_loglevel is 0 by default, so most hosts do not log TLS; the shape is long, so some of it has to be here.
  const tls = random.chance(0.35)
    ? [plain(`postfix/smtpd[${pid}]: Anonymous TLS connection established from ${host}[${ip}]: ${TLS}`)]
    : [];
  return [
    plain(`postfix/smtpd[${pid}]: connect from ${host}[${ip}]`),
    ...tls,
    plain(`postfix/smtpd[${pid}]: ${id}: client=${host}[${ip}]`),
    plain(`postfix/cleanup[${pid + 1}]: ${id}: message-id=<${message}>`),
    plain(
      `postfix/qmgr[371]: ${id}: from=<bounce@${host}>, size=${900 + random.below(60_000)}, nrcpt=1 (queue active)`,
    ),
    plain(
      `postfix/smtpd[${pid}]: disconnect from ${host}[${ip}] ehlo=2 starttls=1 mail=1 rcpt=1 data=1 quit=1 commands=7`,
    ),
    plain(`dovecot: lmtp(${pid + 2}): Connect from local`),
    plain(`dovecot: lmtp(${login})<${pid + 2}><${lmtp}>: msgid=<${message}>: saved mail to INBOX`),
    plain(
      `postfix/lmtp[${pid + 3}]: ${id}: to=<${login}>, relay=mx1.example.org[private/dovecot-lmtp], delay=${delay}, ` +
        `delays=0.09/0/0.03/0.01, dsn=2.0.0, status=sent (250 2.0.0 <${login}> ${lmtp} Saved)`,
    ),
    plain(`dovecot: lmtp(${pid + 2}): Disconnect from local: Logged out (state=READY)`),
    plain(`postfix/qmgr[371]: ${id}: removed`),
  ];
}

/** A user sends a mail to another server. */
function outgoing({ random, people, pid }: Scene): Conversation {
  const { login, client } = random.pick(people.users);
  const from = `${client.host}[${client.ip}]`;
  const relay = random.pick(people.servers);
  const id = queueId(random);
  return [
    plain(`postfix/submission/smtpd[${pid}]: connect from ${from}`),
    plain(`postfix/submission/smtpd[${pid}]: Anonymous TLS connection established from ${from}: ${TLS}`),
    plain(`postfix/submission/smtpd[${pid}]: ${id}: client=${from}, sasl_method=PLAIN, sasl_username=${login}`),
    plain(`postfix/cleanup[${pid + 1}]: ${id}: message-id=<${random.word(24, '0123456789abcdef')}@example.org>`),
    plain(`postfix/qmgr[371]: ${id}: from=<${login}>, size=${700 + random.below(20_000)}, nrcpt=1 (queue active)`),
    plain(
      `postfix/submission/smtpd[${pid}]: disconnect from ${from} ehlo=2 starttls=1 auth=1 mail=1 rcpt=1 data=1 quit=1 commands=8`,
    ),
    plain(`postfix/smtp[${pid + 3}]: Trusted TLS connection established to ${relay.host}[${relay.ip}]:25: ${TLS}`),
    plain(
      `postfix/smtp[${pid + 3}]: ${id}: to=<someone@${relay.host}>, relay=${relay.host}[${relay.ip}]:25, delay=0.92, ` +
        `delays=0.04/0.01/0.31/0.56, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as ${queueId(random)})`,
    ),
    plain(`postfix/qmgr[371]: ${id}: removed`),
  ];
}

/** A user's program looks for mail. */
function mailbox({ random, people, pid }: Scene): Conversation {
  const { login, client } = random.pick(people.users);
  const session = sessionId(random);
  const where = `rip=${client.ip}, lip=203.0.113.10, mpid=${pid}, TLS, session=<${session}>`;
  if (random.chance(0.15)) {
    return [
      plain(`dovecot: pop3-login: Login: user=<${login}>, method=PLAIN, ${where}`),
      plain(
        `dovecot: pop3(${login})<${pid}><${session}>: Disconnected: Logged out top=0/0, retr=1/${random.below(90_000)}, ` +
          `del=1/${1 + random.below(30)}, size=${random.below(900_000)}`,
      ),
    ];
  }
  return [
    plain(`dovecot: imap-login: Login: user=<${login}>, method=PLAIN, ${where}`),
    plain(
      `dovecot: imap(${login})<${pid}><${session}>: Disconnected: Logged out in=${random.below(2_000)} out=${random.below(90_000)} ` +
        `deleted=0 expunged=0 trashed=0 hdr_count=${random.below(9)} hdr_bytes=${random.below(9_000)} body_count=0 body_bytes=0`,
    ),
  ];
}

/** A refusal that is no attack: the server is to come again. */
function greylisted({ random, people, pid }: Scene): Conversation {
  const { host, ip } = random.pick(people.servers);
  const { login } = random.pick(people.users);
  return [
    plain(`postfix/smtpd[${pid}]: connect from ${host}[${ip}]`),
    plain(
      `postfix/smtpd[${pid}]: NOQUEUE: reject: RCPT from ${host}[${ip}]: 450 4.2.0 <${login}>: Recipient address rejected: ` +
        `Greylisted, see http://postgrey.example/help; from=<news@${host}> to=<${login}> proto=ESMTP helo=<${host}>`,
    ),
    plain(
      `postfix/smtpd[${pid}]: disconnect from ${host}[${ip}] ehlo=2 starttls=1 mail=1 rcpt=0/1 quit=1 commands=5/6`,
    ),
  ];
}

function statistics({ random, people }: Scene): Conversation {
  const { ip } = random.pick(people.servers);
  return [
    plain(
      `postfix/anvil[${400 + random.below(50)}]: statistics: max connection rate 2/60s for (smtp:${ip}) at Nov 22 09:13:29`,
    ),
    plain(
      `postfix/anvil[${400 + random.below(50)}]: statistics: max connection count 1 for (smtp:${ip}) at Nov 22 09:13:29`,
    ),
    plain(`postfix/anvil[${400 + random.below(50)}]: statistics: max cache size 5 at Nov 22 09:17:34`),
  ];
}
