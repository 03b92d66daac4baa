/**
 * Where the message begins in a program's own log: behind the time stamp that leads the line, or at the very beginning
 * where none does (an access log, JSON). Looks at bytes and at the shape alone; what a stamp says is read by `stamp.ts`,
 * and only for lines that matter.
 */

const DASH = 45;
const DOT = 46;
const COMMA = 44;
const SLASH = 47;
const COLON = 58;
const SPACE = 32;
const PLUS = 43;
const OPEN = 91;
const CLOSE = 93;
const AT = 64;
const UTC = [85, 84, 67];
const GMT = [71, 77, 84];
/** `@` and 24 hexadecimal digits. */
const TAI64N_LENGTH = 25;
/** `Nov 22 08:47:25` */
const BSD_LENGTH = 15;

/** The index of the first byte of the message. */
export function ownMessageStart(data: Uint8Array, start: number, end: number): number {
  const bracketed = data[start] === OPEN;
  const from = bracketed ? start + 1 : start;
  let at = stampEnd(data, from, end);
  if (at === from) return start;
  if (bracketed) {
    if (data[at] !== CLOSE) return start;
    at++;
  }
  if (data[at] === COLON) at++;
  while (at < end && data[at] === SPACE) at++;
  return at;
}

/** The index behind the stamp that begins at `start`; `start` itself where there is none. */
export function stampEnd(data: Uint8Array, start: number, end: number): number {
  const first = data[start] as number;
  let at: number;
  if (isDigit(first)) at = digitsFirst(data, start);
  else if (first >= 65 && first <= 90) at = nameFirst(data, start);
  else if (first === AT) at = start + TAI64N_LENGTH;
  else return start;
  return at <= end ? at : start;
}

function digitsFirst(data: Uint8Array, start: number): number {
  const fifth = data[start + 4];
  // 2026-11-22T08:47:25, 2026/11/22 08:47:25
  if (fifth === DASH || fifth === SLASH) {
    return data[start + 16] === COLON ? zoneEnd(data, fractionEnd(data, start + 19)) : start;
  }
  const third = data[start + 2];
  // 22/Nov/2026:08:47:25, 22-Nov-2026 08:47:25
  if (third === SLASH || third === DASH) {
    return data[start + 17] === COLON ? zoneEnd(data, fractionEnd(data, start + 20)) : start;
  }
  // 22 Nov 2026 08:47:25 +0000
  if (third === SPACE) return data[start + 17] === COLON ? zoneEnd(data, fractionEnd(data, start + 20)) : start;
  // 1795337245.123456
  let at = start;
  while (isDigit(data[at] as number)) at++;
  return at - start === 10 || at - start === 13 ? fractionEnd(data, at) : start;
}

function nameFirst(data: Uint8Array, start: number): number {
  // Sun, 22 Nov 2026 08:47:25 GMT
  if (data[start + 3] === COMMA) {
    return data[start + 22] === COLON ? zoneEnd(data, fractionEnd(data, start + 25)) : start;
  }
  if (data[start + 3] !== SPACE) return start;
  // Nov 22 08:47:25, Nov 22 2026 08:47:25
  if (data[start + 12] === COLON) return fractionEnd(data, start + BSD_LENGTH);
  if (data[start + 17] === COLON) return fractionEnd(data, start + BSD_LENGTH + 5);
  // Sun Nov 22 08:47:25.123456 2026
  if (data[start + 16] !== COLON) return start;
  const at = fractionEnd(data, start + 4 + BSD_LENGTH);
  return isYear(data, at + 1) ? at + 5 : at;
}

function isYear(data: Uint8Array, start: number): boolean {
  for (let i = start; i < start + 4; i++) if (!isDigit(data[i] as number)) return false;
  return data[start - 1] === SPACE && !isDigit(data[start + 4] as number);
}

function fractionEnd(data: Uint8Array, start: number): number {
  const mark = data[start];
  if ((mark !== DOT && mark !== COMMA) || !isDigit(data[start + 1] as number)) return start;
  let at = start + 1;
  while (isDigit(data[at] as number)) at++;
  return at;
}

/** Steps over `Z`, `+01:00`, `+0100`, ` +0100`, ` UTC`, ` GMT`. */
function zoneEnd(data: Uint8Array, start: number): number {
  if (data[start] === 90) return start + 1;
  const at = data[start] === SPACE ? start + 1 : start;
  const sign = data[at];
  if (at > start && (isText(data, at, UTC) || isText(data, at, GMT))) return at + 3;
  if ((sign !== PLUS && sign !== DASH) || !isDigit(data[at + 1] as number) || !isDigit(data[at + 2] as number))
    return start;
  const minutes = data[at + 3] === COLON ? at + 4 : at + 3;
  return isDigit(data[minutes] as number) && isDigit(data[minutes + 1] as number) ? minutes + 2 : start;
}

function isText(data: Uint8Array, start: number, text: readonly number[]): boolean {
  return data[start] === text[0] && data[start + 1] === text[1] && data[start + 2] === text[2];
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}
