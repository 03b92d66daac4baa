/**
 * A file that says which logins are one: on each line an alias and its login, with blanks or a colon between them, as in
 * the virtual and aliases maps of mail servers. Comments begin with #.
 */
import { canonicalLogin, type LoginNameSettings } from '../core/login-names.ts';
import { ConfigError, messageOf } from '../errors.ts';
import type { Disk } from './files.ts';

/** @param names how logins are named otherwise @throws ConfigError, with line 0 where the file cannot be read. */
export async function readAliases(
  file: string,
  disk: Disk,
  names: Omit<LoginNameSettings, 'aliases'>,
): Promise<ReadonlyMap<string, string>> {
  let text: string;
  try {
    text = await disk.read(file);
  } catch (error) {
    const reason = messageOf(error);
    const place = { file, line: 0, column: 0 };
    throw new ConfigError(`Cannot read the aliases of logins: ${reason}`, place, 'See login.aliases', { cause: error });
  }
  return parseAliases(text, file, names);
}

/** @throws ConfigError with the place of a line that says something else. */
export function parseAliases(
  text: string,
  file: string,
  names: Omit<LoginNameSettings, 'aliases'>,
): ReadonlyMap<string, string> {
  const plain = { ...names, aliases: new Map<string, string>() };
  const aliases = new Map<string, string>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const content = line.replace(/(?:^|\s)#.*$/, '').trim();
    if (content === '') continue;
    const [alias, login, more] = content.split(/\s*:\s+|\s+/);
    if (alias === undefined || login === undefined || more !== undefined)
      throw new ConfigError(
        `Cannot read this alias: "${content}" is not one alias and one login`,
        { file, line: index + 1, column: 1 },
        'Write "alias@example.org login@example.org", one pair on a line',
      );
    aliases.set(canonicalLogin(alias, plain), canonicalLogin(login, plain));
  }
  return aliases;
}
