/**
 * One spelling for each login, so that writing it differently evades no limit: case and blanks, the default domain, what
 * stands behind a plus sign, and aliases. Pure.
 */
import { normalLogin } from './subject.ts';

export interface LoginNameSettings {
  /** Added to a login without a domain; null leaves it as it is. */
  readonly defaultDomain: string | null;
  /** `alice+shop@…` is `alice@…`: the character where the tag begins, or null. */
  readonly tagDelimiter: '+' | '-' | '=' | null;
  /** What stands for what, each already in its one spelling. */
  readonly aliases: ReadonlyMap<string, string>;
}

/** An alias of an alias of an alias is followed so far: a circle must not be followed for ever. */
const MOST_ALIASES = 8;

/** Empty for a name of blanks alone. */
export function canonicalLogin(name: string, settings: LoginNameSettings): string {
  let login = withoutTag(withDomain(normalLogin(name), settings.defaultDomain), settings.tagDelimiter);
  for (let i = 0; i < MOST_ALIASES; i++) {
    const target = settings.aliases.get(login);
    if (target === undefined) break;
    login = target;
  }
  return login;
}

/** Why a login has another name than the one that was written, such as `alias` or `tag`. */
export type NameChange = 'default domain' | 'tag' | 'alias';

/** What makes the one spelling of a login different, beside case and blanks. */
export function nameChanges(name: string, settings: LoginNameSettings): NameChange[] {
  const plain = normalLogin(name);
  const full = withDomain(plain, settings.defaultDomain);
  const bare = withoutTag(full, settings.tagDelimiter);
  return [
    ...(full === plain ? [] : (['default domain'] as const)),
    ...(bare === full ? [] : (['tag'] as const)),
    ...(canonicalLogin(name, settings) === bare ? [] : (['alias'] as const)),
  ];
}

function withDomain(login: string, domain: string | null): string {
  return domain === null || login === '' || login.includes('@') ? login : `${login}@${domain.toLowerCase()}`;
}

function withoutTag(login: string, delimiter: LoginNameSettings['tagDelimiter']): string {
  if (delimiter === null) return login;
  const at = login.lastIndexOf('@');
  const local = at < 0 ? login : login.slice(0, at);
  const tag = local.indexOf(delimiter);
  // A login that begins with the delimiter has no other name.
  return tag <= 0 ? login : local.slice(0, tag) + (at < 0 ? '' : login.slice(at));
}
