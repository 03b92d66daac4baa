/** Text that others have chosen, such as a login, on a line of ours: it cannot end the line or steer a terminal. */

/** Without control and format characters and separators of lines; each becomes a dot. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '·');
}
