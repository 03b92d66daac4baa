/** What the format of a time stamp is called, and whether it leaves something to be guessed. */

const FORMATS: readonly (readonly [RegExp, string])[] = [
  [/^\d{4}-\d\d-\d\dT/, 'RFC 3339'],
  [/^\d{4}-\d\d-\d\d /, 'ISO 8601'],
  [/^\d{4}\/\d\d\/\d\d /, 'as nginx writes it'],
  [/^\d\d\/[A-Z][a-z]{2}\/\d{4}/, 'Common Log Format'],
  [/^\d\d-[A-Z][a-z]{2}-\d{4}/, 'as PHP writes it'],
  [/^[A-Z][a-z]{2} [A-Z][a-z]{2} /, 'ctime'],
  [/^[A-Z][a-z]{2} [ \d]\d \d{4} /, 'RFC 3164 with a year'],
  [/^[A-Z][a-z]{2} [ \d]\d /, 'RFC 3164, without a year'],
  [/^@/, 'TAI64N'],
  [/^\d{13}/, 'milliseconds since 1970'],
  [/^\d{10}/, 'seconds since 1970'],
];
const TELLS_ZONE = /(?:Z|[+-]\d\d:?\d\d)$|^@|^\d{10}/;

/** @param zone in which a stamp without one is read. */
export function stampFormat(stamp: string, zone: string): string {
  const name = FORMATS.find(([shape]) => shape.test(stamp))?.[1] ?? 'of its own kind';
  return TELLS_ZONE.test(stamp) ? name : `${name}, without a zone: read as ${zone}`;
}
