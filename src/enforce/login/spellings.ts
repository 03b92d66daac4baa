/** The names that a login goes by, for servers that look it up as the client wrote it. Pure. */
import type { LoginNameSettings } from '../../core/login-names.ts';

/** Gives the names of a login, itself first, which the judge takes for one; tags cannot be foreseen. */
export function spellings(settings: LoginNameSettings): (login: string) => readonly string[] {
  const aliases = new Map<string, string[]>();
  for (const [alias, login] of settings.aliases) aliases.set(login, [...(aliases.get(login) ?? []), alias]);
  const domain = settings.defaultDomain === null ? null : `@${settings.defaultDomain.toLowerCase()}`;
  return (login) => {
    const names = namesOf(login, aliases);
    const short =
      domain === null ? [] : [...names].filter((name) => name.endsWith(domain) && name.length > domain.length);
    return [...names, ...short.map((name) => name.slice(0, -(domain?.length ?? 0)))];
  };
}

/** With the aliases of aliases; a set, so that a circle ends. */
function namesOf(login: string, aliases: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const names = new Set([login]);
  for (const name of names) for (const alias of aliases.get(name) ?? []) names.add(alias);
  return names;
}
