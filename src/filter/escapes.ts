/** Reads logins that a program wrote with backslash escapes: nginx and Apache in their access logs, JSON, and Exim. Pure. */

const ESCAPE = /\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})(?:\\u([0-9A-Fa-f]{4}))?|([23][0-7]{2})|(["\\/]))/g;
const SPACE = 32;
const DELETE = 127;

/**
 * The text as it was before the program escaped it, one character a byte. Control characters stay escaped: they would
 * only harm whoever looks at the login, and no login has any.
 */
export function unescapeText(text: string): string {
  return text.replace(
    ESCAPE,
    (whole: string, byte?: string, unit?: string, second?: string, octal?: string, plain?: string) => {
      if (plain !== undefined) return plain;
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
      const units = [byte ?? unit ?? '', ...(second === undefined ? [] : [second])].map((hex) =>
        Number.parseInt(hex, 16),
      );
      if (units.some((code) => code < SPACE || code === DELETE)) return whole;
      if (byte !== undefined) return String.fromCharCode(...units);
      return Buffer.from(String.fromCharCode(...units), 'utf8').toString('latin1');
    },
  );
}
