/** `--limit`: how many rows a list may have. */
import { CliError, EXIT } from './exit.ts';

export function readLimit(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new CliError(EXIT.usage, `Cannot read --limit "${text}": a whole number of 1 or more is expected`);
}
