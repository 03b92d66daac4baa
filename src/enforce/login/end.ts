/** How the end of a ban is written into a file, and read again: seconds since 1970, or a word. Pure. */
import type { Millis } from '../../core/types.ts';

const PERMANENT = 'permanent';

/** Rounded up, so that nobody is let in early. */
export function writeEnd(until: Millis | null): string {
  return until === null ? PERMANENT : String(Math.ceil(until / 1000));
}

/** Undefined where the text is none. */
export function readEnd(text: string): Millis | null | undefined {
  if (text === PERMANENT) return null;
  return /^\d{1,12}$/.test(text) ? Number(text) * 1000 : undefined;
}
