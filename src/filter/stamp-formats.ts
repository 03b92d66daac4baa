/**
 * What the time stamps of logs say, format by format. `leading-stamp.ts` finds where a stamp ends, by its shape alone;
 * here its text is taken apart. Runs once a minute of a log; `stamp.ts` does the rest.
 */
import type { Millis } from '../core/types.ts';

/** A stamp taken apart. */
export interface StampParts {
  /** The text in front of the seconds: as long as it stays the same, so does the minute. */
  readonly head: string;
  /** The text behind the seconds and their fraction: a zone, or a year. */
  readonly tail: string;
  /** Null where the stamp has no year. */
  readonly year: number | null;
  /** From 0. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  /** 60 for a leap second. */
  readonly second: number;
  readonly millis: number;
  /** How far the stamp is ahead of UTC; null where it does not say. */
  readonly ahead: Millis | null;
}

const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec';
const WEEKDAY = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)';
const NAME = '(?<name>[A-Z][a-z]{2})';
const HOUR = '(?<hour>[01]\\d|2[0-3]):(?<minute>[0-5]\\d):';
const SECOND = '(?<second>[0-5]\\d|60)(?:[.,](?<fraction>\\d+))?';
const ZONE = '(?:Z| (?:UTC|GMT)| ?(?<sign>[+-])(?<zoneHour>\\d\\d):?(?<zoneMinute>\\d\\d))?';

const FORMATS = [
  // RFC 3339 and ISO 8601 with `T` or a blank, a dot or a comma, with and without a zone; Exim sets a blank before its
  // zone, nginx writes slashes.
  stamp('(?<year>\\d{4})[-/](?<month>\\d\\d)[-/](?<day>\\d\\d)[T ]', ZONE),
  // RFC 3164, Dovecot, Asterisk; with the year in front of the hour; ctime(3) with the year at the end.
  stamp(`(?:${WEEKDAY} )?${NAME} (?<day>[ 0-3]\\d) (?:(?<year>\\d{4}) )?`, '(?: (?<yearBehind>\\d{4}))?'),
  // Access logs, PHP's date of `d-M-Y H:i:s O` that Roundcube writes.
  stamp(`(?<day>\\d\\d)[-/]${NAME}[-/](?<year>\\d{4})[: ]`, ZONE),
  // RFC 9110 section 5.6.7, RFC 5322 section 3.3.
  stamp(`(?:${WEEKDAY}, )?(?<day>\\d\\d) ${NAME} (?<year>\\d{4}) `, ZONE),
];

/** @param text a whole stamp and nothing more. Null where it is none, or no time that a calendar holds. */
export function stampParts(text: string): StampParts | null {
  for (const format of FORMATS) {
    const groups = format.exec(text)?.groups;
    if (groups !== undefined) return partsIn(groups);
  }
  return null;
}

function stamp(date: string, tail: string): RegExp {
  return new RegExp(`^(?<head>${date}${HOUR})${SECOND}(?<tail>${tail})$`);
}

function partsIn(groups: Record<string, string | undefined>): StampParts | null {
  const { head = '', tail = '', name } = groups;
  const yearText = groups['year'] ?? groups['yearBehind'];
  const year = yearText === undefined ? null : Number(yearText);
  const month = name === undefined ? Number(groups['month']) - 1 : MONTHS.indexOf(name) / 3;
  const day = Number(groups['day']);
  if (!Number.isInteger(month) || month < 0 || day < 1) return null;
  // A leap year where the year is not known.
  const date = new Date(Date.UTC(year ?? 2000, month, day));
  if (date.getUTCMonth() !== month || date.getUTCDate() !== day) return null;
  const [hour, minute, second] = [Number(groups['hour']), Number(groups['minute']), Number(groups['second'])];
  const millis = millisIn(groups['fraction']);
  return { head, tail, year, month, day, hour, minute, second, millis, ahead: zoneIn(groups) };
}

function zoneIn({ tail, sign, zoneHour, zoneMinute }: Record<string, string | undefined>): Millis | null {
  if (sign !== undefined) {
    const minutes = Number(zoneHour) * 60 + Number(zoneMinute);
    return (sign === '-' ? -minutes : minutes) * 60_000;
  }
  return tail === 'Z' || tail === ' UTC' || tail === ' GMT' ? 0 : null;
}

const TAI64N = /^@40000000([0-9a-f]{8})([0-9a-f]{8})$/;
const EPOCH = /^(\d{10})(\d{3})?(?:[.,](\d+))?$/;

/**
 * Seconds that are counted through: of the epoch, also in milliseconds and with a fraction, and TAI64N. Null where the text
 * is not such a stamp.
 *
 * A TAI64N label counts from 2^62 at 1970-01-01 00:00:00 TAI, which was 10 s ahead of UTC. multilog and tai64n (daemontools)
 * make it out of time(2), which knows no leap seconds, by adding 2^62 + 10 (libtai, tai_now). So 10 s are all that is to
 * be taken away: the 27 leap seconds since are not in the label. s6-log adds them, and is read 27 s late.
 */
export function countedTime(text: string): Millis | null {
  const label = TAI64N.exec(text);
  if (label !== null) {
    const [, seconds = '', nanoseconds = ''] = label;
    return (Number.parseInt(seconds, 16) - 10) * 1000 + Math.floor(Number.parseInt(nanoseconds, 16) / 1_000_000);
  }
  const epoch = EPOCH.exec(text);
  if (epoch === null) return null;
  const [, seconds, milliseconds, fraction] = epoch;
  return Number(seconds) * 1000 + (milliseconds === undefined ? millisIn(fraction) : Number(milliseconds));
}

function millisIn(fraction = ''): Millis {
  return Number(fraction.slice(0, 3).padEnd(3, '0'));
}
