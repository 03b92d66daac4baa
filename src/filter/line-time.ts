/** When a line was written, wherever it says so: for who looks for a place in a log and does not read it. */
import type { Millis } from '../core/types.ts';
import type { StampReader } from './stamp.ts';

const COLOUR = /\x1b\[[0-9;]{0,20}m/g;
/** The quotation marks of a name cannot stand inside a value; there they are escaped. Docker, Nextcloud, Caddy, rspamd. */
const JSON_TIME = /"(?:time|timestamp|@timestamp|ts)" ?: ?"?/;
/** An entry of the journal, in microseconds. */
const JOURNAL_TIME = /"__REALTIME_TIMESTAMP" ?: ?"(\d{1,18})"/;
const PRIORITY = /^<\d{1,3}>(?:1 )?/;
/** Access logs have their time behind the address and the name of the user. */
const LAST_BRACKET = 1_024;

/**
 * Null where no time is found that is understood. A client can put a time into some access logs by its user name, so
 * what an event counts by is read by the pattern of its line and not here.
 */
export function timeInLine(line: string, stamps: StampReader): Millis | null {
  const text = line.startsWith('\x1b') ? line.replace(COLOUR, '') : line;
  if (text.startsWith('{')) return timeInJson(text, stamps);
  return stamps.read(text, PRIORITY.exec(text)?.[0].length ?? 0) ?? timeInBrackets(text, stamps);
}

function timeInJson(text: string, stamps: StampReader): Millis | null {
  const micros = JOURNAL_TIME.exec(text)?.[1];
  if (micros !== undefined) return Math.floor(Number(micros) / 1000);
  const name = JSON_TIME.exec(text);
  return name === null ? null : stamps.read(text, name.index + name[0].length);
}

function timeInBrackets(text: string, stamps: StampReader): Millis | null {
  for (let at = text.indexOf('['); at >= 0 && at < LAST_BRACKET; at = text.indexOf('[', at + 1)) {
    const time = stamps.read(text, at + 1);
    if (time !== null && text[stamps.end] === ']') return time;
  }
  return null;
}
