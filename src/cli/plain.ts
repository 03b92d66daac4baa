/**
 * Subjects in lists of one line each, as `tailban list --format plain` writes them and `tailban import` reads them. A
 * login that could be taken for anything else stands in quotes, as a JSON string (RFC 8259): `login:"x y"`. Attackers
 * choose logins, so whatever is written is read back as that login and nothing else.
 */
import type { BanView } from '../api/contract.ts';

const LOGIN = 'login:';
/** No blank or comma, which end a name, no quote, and nothing that is not seen or not assigned to a character. */
const BARE = /^[^\s,"\p{C}]+$/u;
const QUOTED = /^login:("(?:[^"\\]|\\.)*")(?:[,\s]|$)/;
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** In ASCII where it is not letters: no line ends inside of it, and no terminal is steered. */
export function plainSubject({ type, subject }: Pick<BanView, 'type' | 'subject'>): string {
  if (type !== 'login') return subject;
  return LOGIN + (BARE.test(subject) ? subject : JSON.stringify(subject).replace(UNSEEN, escaped));
}

/** A line as a subject, without quotes, and what stands behind it; null for quotes that are not as above. */
export function splitPlain(line: string): { readonly name: string; readonly rest: string } | null {
  if (!line.startsWith(`${LOGIN}"`)) {
    const [, name = '', rest = ''] = /^([^\s,]*)[,\s]?(.*)$/s.exec(line) ?? [];
    return { name, rest };
  }
  const [all, quoted] = QUOTED.exec(line) ?? [];
  if (all === undefined || quoted === undefined) return null;
  try {
    return { name: LOGIN + JSON.parse(quoted), rest: line.slice(all.length) };
  } catch {
    return null;
  }
}

function escaped(character: string): string {
  return Array.from(
    { length: character.length },
    (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('');
}
