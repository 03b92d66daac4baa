/** The paths of the configuration, in which `*` stands for anything, as regular expressions of a web server (PCRE). */

/** For a path that the server has decoded, and in which it has resolved `//`, `/./` and `/../`. */
export function pathExpression(pattern: string): string {
  return `(?s)^${pattern.split('*').map(literal).join('.*')}\\z`;
}

/**
 * For a path in which `//`, `/./` and `/../` still stand: the server behind may resolve them, so they hide no path. It may
 * match a few strange paths too many, which costs only who asks for them.
 */
export function rawPathExpression(pattern: string): string {
  const parts = pattern.split('*').map((part) => part.split('/').map(literal).join('/(?:\\.?/)*'));
  return `(?s)^(?:.*/\\.\\.(?=/))?${parts.join('.*')}\\z`;
}

/** Whatever is not harmless in every syntax is written as its bytes. */
function literal(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9/_-]/.test(character) ? character : `\\x${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');
}
