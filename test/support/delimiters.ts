/** What stands between the fields of logs and around them, and what that turns into: where parsers stumble. */
export const DELIMITERS: readonly string[] = [...`"'\`\\[](){}<>,;:=|%\0\r\t `, ...['\\"', '#012', '  ', '...']];
