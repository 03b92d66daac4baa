/**
 * Reads the times in log lines. Each source has a reader of its own, which remembers the last minute that it saw, so that
 * the usual line costs a comparison and some arithmetic, whatever its format.
 */
import type { Millis } from '../core/types.ts';
import { stampEnd } from './leading-stamp.ts';
import { countedTime, type StampParts, stampParts } from './stamp-formats.ts';
import { type LocalTime, WallClock } from './wall-clock.ts';

/** No stamp is longer, unless it has a fraction that no clock can tell. */
const LONGEST_STAMP = 64;
const SPACE = 32;
const PLUS = 43;
const COMMA = 44;
const DASH = 45;
const DOT = 46;
const AT = 64;
const LETTER_Z = 90;

export class StampReader {
  readonly #clock: WallClock;
  /** What stood before and behind the seconds of the last stamp; the head is empty where that is not to be used again. */
  #head = '';
  #tail = '';
  #minute: Millis = 0;
  /** Where the stamp that was read last ends: the index of the first character behind it. */
  end = 0;

  /** `reference` is about the time at which the line was written; it decides the year where a stamp has none. */
  constructor(localTime: LocalTime, reference: () => Millis) {
    this.#clock = new WallClock(localTime, reference);
  }

  /** The time at `start`, or null; sets `end`. */
  read(line: string, start = 0): Millis | null {
    const seconds = start + this.#head.length;
    // Much faster than startsWith.
    if (seconds > start && line.slice(start, seconds) === this.#head) {
      const time = this.#inSameMinute(line, seconds);
      if (time !== null) return time;
    }
    const first = line.charCodeAt(start);
    if (first === AT || (isDigit(first) && isDigit(line.charCodeAt(start + 4)))) return this.#counted(line, start);
    return isDigit(first) || (first >= 65 && first <= LETTER_Z) ? this.#inNewMinute(line, start) : null;
  }

  /** Null where the stamp may be of another form. */
  #inSameMinute(line: string, seconds: number): Millis | null {
    const second = readSeconds(line, seconds);
    if (second < 0) return null;
    let at = seconds + 2;
    let millis = 0;
    let next = line.charCodeAt(at);
    if (next === DOT || next === COMMA) {
      next = line.charCodeAt(at + 1);
      if (!isDigit(next)) return null;
      for (let unit = 100; isDigit(next); next = line.charCodeAt(at + 1)) {
        millis += (next - 48) * unit;
        unit = unit > 1 ? unit / 10 : 0;
        at++;
      }
      at++;
    }
    const tail = this.#tail;
    if (tail !== '') {
      const end = at + tail.length;
      if (line.slice(at, end) !== tail) return null;
      at = end;
      next = line.charCodeAt(at);
    }
    if (next === SPACE ? tail === '' && mayGoOn(line, at + 1) : !isBoundary(next)) return null;
    this.end = at;
    return this.#minute + second * 1000 + millis;
  }

  #inNewMinute(line: string, start: number): Millis | null {
    const text = stampText(line, start);
    if (!isBoundary(line.charCodeAt(start + text.length))) return null;
    const parts = stampParts(text);
    const minute = parts === null ? null : this.#minuteOf(parts);
    if (parts === null || minute === null) return null;
    // A minute that comes twice looks the same an hour later.
    this.#head = parts.ahead === null && this.#clock.isTwice ? '' : flat(parts.head);
    this.#tail = parts.tail;
    this.#minute = minute;
    this.end = start + text.length;
    return minute + parts.second * 1000 + parts.millis;
  }

  #minuteOf({ year, month, day, hour, minute, ahead }: StampParts): Millis | null {
    if (year === null) return this.#clock.inLikelyYear(month, day, hour, minute);
    const wall = Date.UTC(year, month, day, hour, minute);
    return ahead === null ? this.#clock.at(wall) : wall - ahead;
  }

  #counted(line: string, start: number): Millis | null {
    const text = stampText(line, start);
    const time = countedTime(text);
    if (time !== null) this.end = start + text.length;
    return time;
  }
}

function stampText(line: string, start: number): string {
  const text = line.slice(start, start + LONGEST_STAMP);
  return text.slice(0, stampEnd(Buffer.from(text, 'latin1'), 0, text.length));
}

/** The seconds at the index, 60 for a leap second, or -1. */
function readSeconds(line: string, at: number): number {
  const tens = line.charCodeAt(at) - 48;
  const ones = line.charCodeAt(at + 1) - 48;
  const isNumber = tens >= 0 && tens <= 6 && ones >= 0 && ones <= 9;
  return isNumber && (tens < 6 || ones === 0) ? tens * 10 + ones : -1;
}

/** Whether a zone or a year may stand there, behind a stamp that has had none so far. */
function mayGoOn(line: string, at: number): boolean {
  const next = line.charCodeAt(at);
  if (next >= 97) return false;
  if (isDigit(next)) return isDigit(line.charCodeAt(at + 3));
  return next === PLUS || next === DASH || line.startsWith('UTC', at) || line.startsWith('GMT', at);
}

/** Whether a stamp may end in front of such a character; a stamp that goes on with something unknown is none. */
function isBoundary(code: number): boolean {
  if (code <= SPACE) return true;
  const isLetter = (code | 32) >= 97 && (code | 32) <= 122;
  return !isLetter && !isDigit(code) && code !== PLUS && code !== DASH;
}

/** A text of its own: one that is a part of a line is slower to compare, and keeps the line in memory. */
function flat(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
