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

const TOKENS: Readonly<Record<string, string>> = {
  // Checked by the address parser afterwards; what is none makes no event.
  ip: '(?<ip>[0-9A-Fa-f:.]{2,45})',
  // Text that the client wrote. Greedy, so that what stands behind it is read from the right end of the line.
  login: '(?<login>.{0,1024})',
  // A login in a place where it may hold no delimiter, because an attacker could forge the fields behind it.
  plainlogin: '(?<login>[^\\s(),<>]{0,255})',
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
  // A host name as reverse DNS gave it: it belongs to the attacker, but holds neither blanks nor brackets.
  host: '[^\\s\\[\\]]{1,255}',
  any: '.*',
};

export const TOKEN_NAMES: readonly string[] = Object.keys(TOKENS);

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
  return pattern.replace(
    /(\(\?)?<([a-z]{2,16})>/g,
    (whole, group: string | undefined, name: string, offset: number) => {
      if (group !== undefined) return whole;
      const token = TOKENS[name];
      if (token === undefined) {
        throw new TokenError(
          `<${name}> is no token, there are ${TOKEN_NAMES.map((known) => `<${known}>`).join(' ')}`,
          offset,
        );
      }
      return token;
    },
  );
}
