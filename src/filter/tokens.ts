/** The short tokens of filter patterns and the bounded regular expressions that they stand for. */

const STAMP = [
  // 2026-11-22T08:47:25.498+01:00, 2026-11-22 08:47:25 +0100, 2026/11/22 08:47:25
  '\\d{4}[-/]\\d\\d[-/]\\d\\d[T ]\\d\\d:\\d\\d:\\d\\d(?:[.,]\\d{1,9})?(?:Z| ?[+-]\\d\\d:?\\d\\d)?',
  // 22/Nov/2026:08:47:25 +0000, 22-Nov-2026 08:47:25
  '\\d\\d[-/][A-Z][a-z]{2}[-/]\\d{4}[: ]\\d\\d:\\d\\d:\\d\\d(?:\\.\\d{1,9})?(?: [+-]\\d{4})?',
  // Sun Nov 22 08:47:25.123456 2026, Nov 22 08:47:25
  '(?:[A-Z][a-z]{2} )?[A-Z][a-z]{2} [ 0-3]\\d \\d\\d:\\d\\d:\\d\\d(?:\\.\\d{1,9})?(?: \\d{4})?',
  // 1795337245.123
  '\\d{10}(?:\\d{3})?(?:\\.\\d{1,9})?',
].join('|');

const ESCAPED = '(?:[^"\\\\]|\\\\.){0,16384}';
const QUOTED = `"${ESCAPED}"`;
const FORWARDED_FOR = `"(?<forwardedfor>${ESCAPED})"`;
// Only nginx's $request_time has three decimals, in seconds; Apache's %D is in microseconds, perhaps behind %T and a slash.
const MICROSECONDS = '(?:\\d{1,6}/)?(?<microseconds>\\d{1,15})';
const SECONDS = '(?:rt=)?(?<duration>\\d{1,9}\\.\\d{3})';
/**
 * What stands behind the status: size, referrer, agent, and then X-Forwarded-For, the duration, both, or what our own
 * format adds. Both servers escape quotation marks in what clients sent, so no text can pass for what stands behind it.
 */
const ACCESS_END = `(?:(?:\\d{1,20}|-) ${QUOTED} ${QUOTED}(?:${[
  '',
  ` ${FORWARDED_FOR}(?: ${MICROSECONDS}| ${SECONDS}(?: .*)?)?`,
  ` (?:${MICROSECONDS}|${SECONDS})(?: ${FORWARDED_FOR})?`,
  ` took=(?:(?<duration>\\d{1,9}(?:\\.\\d{1,3})?)s|(?<microseconds>\\d{1,15})us) id=(?<requestid>[A-Za-z0-9@_-]{1,128}) auth=(?<auth>[A-Za-z-]{1,16}) xff=${FORWARDED_FOR} forwarded="(?<forwarded>${ESCAPED})"`,
].join('|')})|.*)`;

const TOKENS: Readonly<Record<string, string>> = {
  // Checked by the address parser afterwards; what is none makes no event.
  ip: '(?<ip>[0-9A-Fa-f:.]{2,45})',
  // Where colons stand around an address, one of IPv6 could not be told from them.
  ipv4: '(?<ip>\\d{1,3}(?:\\.\\d{1,3}){3})',
  // Text that the client wrote. Greedy, so that what stands behind it is read from the right end of the line.
  login: '(?<login>.{0,1024})',
  // A login in a place where it may hold no delimiter, because an attacker could forge the fields behind it.
  plainlogin: '(?<login>[^\\s(),<>]{0,255})',
  // A login with quotation marks and backslashes escaped; it is reported without the escapes (escapes.ts).
  escapedlogin: '(?<escaped>(?:[^"\\\\]|\\\\.){0,1024})',
  // The base64 of a password, say: three stars stand in its place in what is kept of the line.
  secret: '(?<secret>[A-Za-z0-9+/=]{4,1024})',
  // The same for a password as the client wrote it, at the end of a line. It holds no "):", so that a login name that
  // goes on like the line itself cannot take the true address for a part of the password.
  plainsecret: '(?<secret>(?:[^)]|\\)[^:]){1,1024}\\)?)',
  // The hash of a password, or its beginning: what tells one wrong password from another without telling any.
  password: '(?<password>[0-9A-Fa-f]{3,64})',
  // The name of a SASL mechanism (RFC 4422, section 3.1), in which servers take small letters for capitals.
  mechanism: '[A-Za-z0-9_-]{1,20}',
  // What a client named as its mechanism, as Dovecot writes it: up to 64 characters, in capitals, or as they came but without
  // blanks. Neither can hold the ", rip=" that stands behind it.
  dovecotmechanism: '(?:[^a-z]{0,256}|\\S{0,256})',
  session: '(?<session>[^\\s<>]{1,64})',
  attempts: '(?<attempts>\\d{1,6})',
  seconds: '(?<seconds>\\d{1,9})',
  worked: '(?<worked>\\d{1,6})',
  tried: '(?<tried>\\d{1,6})',
  mails: '(?<mails>\\d{1,6})',
  taken: '(?<taken>\\d{1,6})',
  given: '(?<given>\\d{1,6})',
  // A time stamp inside the message, where none leads the line; what it says is read by stamp.ts.
  stamp: `(?<stamp>${STAMP})`,
  pid: '(?<pid>\\d{1,10})',
  // Between quotation marks, with a backslash in front of those that belong to the text.
  quoted: '"(?:[^"\\\\]|\\\\.){0,2048}"',
  number: '\\d{1,10}',
  word: '[^\\s]{1,512}',
  name: '[A-Za-z0-9_.-]{1,64}',
  // A client as Exim writes it: its host name, (its HELO), [its address]:port, our own address, and what identd said.
  // The parts that it chose hold no brackets, but for a HELO that is an address.
  eximclient:
    '(?:[^\\s()\\[\\]]{1,255} )?(?:\\((?:[^()\\[\\]]{0,2048}|\\[[^\\s()\\[\\]]{0,255}\\])\\) )?' +
    '(?:(?<session>\\[(?<ip>[0-9A-Fa-f:.]{2,45})\\]:\\d{1,5})|\\[(?<ip>[0-9A-Fa-f:.]{2,45})\\])' +
    '(?: I=\\[[0-9A-Fa-f:.]{2,45}\\](?::\\d{1,5})?)?(?: U=[^\\s()\\[\\]:"]{1,64})?',
  // A client as Postfix writes it: its host name, its address, and with smtpd_client_port_logging its port ("unknown" where
  // XCLIENT names none).
  postfixclient: '[^\\s\\[\\]]{1,255}\\[(?<ip>[0-9A-Fa-f:.]{2,45})\\](?::(?:\\d{1,5}|unknown))?',
  // A client as Sendmail writes it: its host name (and what identd said), its address, and whether the name is confirmed.
  // No name can be taken for the from=< of another line, in which the sender is the client's.
  sendmailclient: '(?:[^\\s\\[\\]=<>]{1,255} )?\\[(?:IPv6:)?(?<ip>[0-9A-Fa-f:.]{2,45})\\](?: \\([a-z ]{1,15}\\)?)?',
  // The connection's own keys of a line of Stalwart, which come before all text of a client.
  stalwartclient:
    '(?:listenerId = "?[A-Za-z0-9_.-]{1,64}"?, )?(?:localIp = [0-9A-Fa-f:.]{2,45}, )?(?:localPort = \\d{1,5}, )?' +
    'remoteIp = (?:(?<session>(?<ip>[0-9A-Fa-f:.]{2,45}), remotePort = \\d{1,5})|(?<ip>[0-9A-Fa-f:.]{2,45}))',
  // What clients send over HTTP, as access logs hold it between quotation marks, with those inside escaped. A line is cut
  // at 16 KiB before it is read (source/lines.ts), so that no longer text is needed.
  request: `(?<request>${ESCAPED})`,
  path: '(?<path>.{0,16384})',
  forwarded: `(?<forwarded>${ESCAPED})`,
  forwardedfor: `(?<forwardedfor>${ESCAPED})`,
  status: '(?<status>\\d{3})',
  requestid: '(?<requestid>[A-Za-z0-9_.:@+/=-]{1,128})',
  duration: '(?<duration>\\d{1,9}(?:\\.\\d{1,9})?)',
  milliseconds: '(?<milliseconds>\\d{1,12})',
  microseconds: '(?<microseconds>\\d{1,15})',
  accessend: ACCESS_END,
  // A host name as reverse DNS gave it: it belongs to the attacker, but holds neither blanks nor brackets.
  host: '[^\\s\\[\\]]{1,255}',
  any: '.*',
};

export const TOKEN_NAMES: readonly string[] = Object.keys(TOKENS);

const TOKEN = /(\(\?)?<([a-z][a-z0-9]{1,15})>/g;

/** An unknown token in a pattern. */
export class TokenError extends Error {
  override readonly name = 'TokenError';
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/**
 * Replaces each `<token>` by its regular expression. A `<` that opens no token is an ordinary character; `(?<name>` and
 * look-behinds are left alone.
 * @throws TokenError where a token looks like one of ours but is none.
 */
export function expandTokens(pattern: string): string {
  return pattern.replace(TOKEN, (whole, group: string | undefined, name: string, offset: number) => {
    if (group !== undefined) return whole;
    const token = TOKENS[name];
    if (token === undefined) {
      throw new TokenError(
        `<${name}> is no token, there are ${TOKEN_NAMES.map((known) => `<${known}>`).join(' ')}`,
        offset,
      );
    }
    return token;
  });
}

/** Where in the pattern stands what is at an offset in its expanded expression: a token, or the character itself. */
export function offsetInPattern(pattern: string, offset: number): number {
  let growth = 0;
  for (const { 0: whole, 1: group, 2: name = '', index } of pattern.matchAll(TOKEN)) {
    if (group !== undefined) continue;
    if (offset < index + growth) break;
    const length = TOKENS[name]?.length ?? whole.length;
    if (offset < index + growth + length) return index;
    growth += length - whole.length;
  }
  return offset - growth;
}
