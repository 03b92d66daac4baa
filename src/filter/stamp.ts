/**
 * Reads the time at the start of a log line. Each source has a reader of its own, which remembers the last minute that
 * it saw, so that the usual line costs a comparison and some arithmetic.
 */
import type { Millis } from '../core/types.ts';

/** The epoch time of a wall-clock minute in the zone of the log; month counts from 0. */
export type LocalTime = (year: number, month: number, day: number, hour: number, minute: number) => Millis;

const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec';
const DAY: Millis = 86_400_000;
const SPACE = 32;

export class StampReader {
  readonly #localTime: LocalTime;
  readonly #reference: () => Millis;
  #minuteKey = '';
  #minute: Millis = 0;
  #zoneKey = '';
  #zone: Millis | null = 0;
  /** Where the stamp that was read last ends: the index of the first character behind it. */
  end = 0;

  /** `reference` is about the time at which the line was written; it decides the year where a stamp has none. */
  constructor(localTime: LocalTime, reference: () => Millis) {
    this.#localTime = localTime;
    this.#reference = reference;
  }

  /** The time at `start`, or null; sets `end`. */
  read(line: string, start = 0): Millis | null {
    const first = line.charCodeAt(start);
    return first >= 48 && first <= 57 ? this.#iso(line, start) : this.#bsd(line, start);
  }

  /** RFC 3339 and ISO 8601, with `T` or a blank, a dot or a comma, and with or without a zone. */
  #iso(line: string, start: number): Millis | null {
    // 2026-11-22T08:47:25.498659+00:00
    const second = readSeconds(line, start + 17);
    if (second < 0 || line.charCodeAt(start + 4) !== 45 || line.charCodeAt(start + 16) !== 58) return null;
    let end = start + 19;
    let fraction = 0;
    const dot = line.charCodeAt(end);
    if (dot === 46 || dot === 44) {
      let unit = 100;
      for (end++; ; end++) {
        const digit = line.charCodeAt(end) - 48;
        if (!(digit >= 0 && digit <= 9)) break;
        fraction += digit * unit;
        unit /= 10;
      }
    }
    const zoneStart = end;
    const sign = line.charCodeAt(end);
    if (sign === 90) end++;
    else if (sign === 43 || sign === 45) end += line.charCodeAt(end + 3) === 58 ? 6 : 5;
    const zone = end === zoneStart ? '' : line.slice(zoneStart, end);
    const key = line.slice(start, start + 17);
    if (key !== this.#minuteKey || zone !== this.#zoneKey) {
      const minute = this.#isoMinute(key, zone);
      if (minute === null) return null;
      this.#minuteKey = key;
      this.#zoneKey = zone;
      this.#minute = minute;
    }
    this.end = end;
    return this.#minute + second * 1000 + Math.floor(fraction);
  }

  #isoMinute(key: string, zone: string): Millis | null {
    const match = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):$/.exec(key);
    if (match === null) return null;
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = match.slice(1).map(Number);
    if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59) return null;
    if (zone === '') return this.#localTime(year, month - 1, day, hour, minute);
    this.#zone = zoneOffset(zone);
    return this.#zone === null ? null : Date.UTC(year, month - 1, day, hour, minute) - this.#zone;
  }

  /** RFC 3164, `Nov 22 08:47:25`, without a year; a fraction behind the seconds is read too. */
  #bsd(line: string, start: number): Millis | null {
    const second = readSeconds(line, start + 13);
    if (second < 0 || line.charCodeAt(start + 12) !== 58 || line.charCodeAt(start + 3) !== SPACE) return null;
    const key = line.slice(start, start + 13);
    if (key !== this.#minuteKey) {
      const minute = this.#bsdMinute(key);
      if (minute === null) return null;
      this.#minuteKey = key;
      this.#minute = minute;
    }
    let end = start + 15;
    let fraction = 0;
    if (line.charCodeAt(end) === 46) {
      const digits = /^\d{1,9}/.exec(line.slice(end + 1, end + 10))?.[0] ?? '';
      fraction = Math.floor(Number(`0.${digits}`) * 1000);
      end += 1 + digits.length;
    }
    this.end = end;
    return this.#minute + second * 1000 + fraction;
  }

  /** The latest year in which the stamp is not more than a day ahead of the reference: a log is never from the future. */
  #bsdMinute(key: string): Millis | null {
    const match = /^([A-Z][a-z]{2}) ([ 0-3]\d) (\d\d):(\d\d):$/.exec(key);
    if (match === null) return null;
    const month = MONTHS.indexOf(match[1] ?? '') / 3;
    const [day = 0, hour = 0, minute = 0] = match.slice(2).map(Number);
    if (!Number.isInteger(month) || month < 0 || day < 1 || day > 31 || hour > 23 || minute > 59) return null;
    const reference = this.#reference();
    const thisYear = new Date(reference).getUTCFullYear();
    // Eight years back always hold a 29 February.
    for (let year = thisYear + 1; year >= thisYear - 8; year--) {
      if (new Date(Date.UTC(year, month, day)).getUTCDate() !== day) continue;
      const time = this.#localTime(year, month, day, hour, minute);
      if (time <= reference + DAY) return time;
    }
    return null;
  }
}

/** The seconds at the index, 60 for a leap second, or -1. */
function readSeconds(line: string, at: number): number {
  const tens = line.charCodeAt(at) - 48;
  const ones = line.charCodeAt(at + 1) - 48;
  const isNumber = tens >= 0 && tens <= 6 && ones >= 0 && ones <= 9;
  return isNumber && (tens < 6 || ones === 0) ? tens * 10 + ones : -1;
}

/** The offset of `Z`, `+01:00` or `+0100` from UTC. */
function zoneOffset(zone: string): Millis | null {
  if (zone === 'Z') return 0;
  const match = /^([+-])(\d\d):?(\d\d)$/.exec(zone);
  if (match === null) return null;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  return (match[1] === '-' ? -minutes : minutes) * 60_000;
}
