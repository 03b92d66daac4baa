/** The shape of a log message: what differs from line to line is replaced by what it is. Pure. */

/** Of a longer message only the beginning is looked at. */
const LONGEST_MESSAGE = 600;
const LONGEST_SHAPE = 200;

const MASKS: readonly (readonly [RegExp, string])[] = [
  [/"(?:[^"\\]|\\.)*"/g, '"<text>"'],
  [/<[^<>]*>/g, '<text>'],
  [/[^\s,;:<>()[\]{}"'=]+@[^\s,;:<>()[\]{}"'=]+/g, '<mail>'],
  [
    /(?<![\w:])(?:(?=[0-9a-f:]*::)(?:[0-9a-f]{0,4}:){2,7}|(?:[0-9a-f]{1,4}:){7})(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9a-f]{1,4}|(?<=::))(?!\w|:\w)/gi,
    '<ip>',
  ],
  [/(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\w)/g, '<ip>'],
  // UUIDs and hexadecimal ids
  [/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi, '<id>'],
  [/\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b/gi, '<id>'],
  // Exim's queue ids
  [/\b[0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4}\b/g, '<id>'],
  // Session and queue ids: long words of letters and digits
  [/(?<![\w+/.])(?=[\w+/]*\d)(?=[\w+/]*[A-Za-z])[\w+/]{10,}={0,2}(?![\w+/.])/g, '<id>'],
  [/(?<![\w./-])(?:[a-z0-9_](?:[\w-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,61}(?![\w./-]*\w)/gi, '<name>'],
  [/(?<![\w.])[-+]?\d+(?:[.,]\d+)*/g, '<n>'],
];

/** `warning: hostname <name> does not resolve to address <ip>` */
export function shapeOf(message: string): string {
  let shape = message.slice(0, LONGEST_MESSAGE);
  for (const [what, mask] of MASKS) shape = shape.replace(what, mask);
  return shape.length > LONGEST_SHAPE ? `${shape.slice(0, LONGEST_SHAPE)}…` : shape;
}
