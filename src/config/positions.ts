/**
 * Where each key and value of a TOML text stands. smol-toml gives values without places, so this reads the text a
 * second time, for places only: it expects a text that smol-toml has accepted, and never throws on any other.
 */

/** Keys and array indices from the root, such as `['server', 'allowed-ip', 2]`. */
export type Path = readonly (string | number)[];

/** Line and column, both from 1; a column is a UTF-16 code unit, as smol-toml counts. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** What was found at one path: offsets into the text. A table that a header opens has its key's place as value. */
export interface PositionNode {
  readonly key: number;
  readonly value: number;
  readonly children: ReadonlyMap<string, PositionNode>;
  readonly items: readonly PositionNode[];
}

interface OpenNode {
  readonly key: number;
  value: number;
  readonly children: Map<string, OpenNode>;
  readonly items: OpenNode[];
}

interface Cursor {
  readonly text: string;
  at: number;
}

/** Finds the places of all keys and values of a TOML text. */
export function indexPositions(text: string): PositionNode {
  const cursor: Cursor = { text, at: text.startsWith('\uFEFF') ? 1 : 0 };
  const root = openNode(cursor.at);
  let table = root;
  for (skipBlank(cursor); cursor.at < text.length; skipBlank(cursor)) {
    const before = cursor.at;
    if (text[before] === '[') table = readHeader(cursor, root);
    else {
      readPair(cursor, table);
      skipLine(cursor);
    }
    if (cursor.at === before) cursor.at++;
  }
  return root;
}

/** The offset of a path's key or value; of the nearest part of the path that is there, where all of it is not. */
export function offsetOf(root: PositionNode, path: Path, on: 'key' | 'value'): number {
  let node = root;
  for (const part of path) {
    const next = typeof part === 'number' ? node.items[part] : node.children.get(part);
    if (next === undefined) return node.key;
    node = next;
  }
  return on === 'key' ? node.key : node.value;
}

/** The offset in the text of the nth character of the string that begins at `start`; `start` where none begins there. */
export function offsetInString(text: string, start: number, index: number): number {
  if (text[start] !== '"' && text[start] !== "'") return start;
  const { places } = readString(text, start);
  return places[Math.min(index, places.length - 1)] ?? start;
}

/** Line and column of an offset. */
export function placeAt(text: string, offset: number): Place {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: before.length - before.lastIndexOf('\n') };
}

function openNode(key: number, value = key): OpenNode {
  return { key, value, children: new Map(), items: [] };
}

/** `[a.b]` or `[[a.b]]`: the table that the lines below it belong to. */
function readHeader(cursor: Cursor, root: OpenNode): OpenNode {
  const isArray = cursor.text.startsWith('[[', cursor.at);
  cursor.at += isArray ? 2 : 1;
  const keys = readKey(cursor);
  skipLine(cursor);
  const table = descend(root, keys);
  if (!isArray) return table;
  const item = openNode(keys.at(-1)?.at ?? table.key);
  table.items.push(item);
  return item;
}

/** `a.b = value`, at the top or in an inline table. */
function readPair(cursor: Cursor, table: OpenNode): void {
  const keys = readKey(cursor);
  if (cursor.text[cursor.at] !== '=' || keys.length === 0) return;
  cursor.at++;
  skipSpace(cursor);
  readValue(cursor, descend(table, keys));
}

/** Follows keys down from a table, making nodes on the way; in an array of tables it goes on in the last one. */
function descend(from: OpenNode, keys: readonly { name: string; at: number }[]): OpenNode {
  let node = from;
  for (const { name, at } of keys) {
    const inner = node.items.at(-1) ?? node;
    let next = inner.children.get(name);
    if (next === undefined) {
      next = openNode(at);
      inner.children.set(name, next);
    }
    node = next;
  }
  return node;
}

function readKey(cursor: Cursor): { name: string; at: number }[] {
  const keys: { name: string; at: number }[] = [];
  for (;;) {
    skipSpace(cursor);
    const at = cursor.at;
    const first = cursor.text[at];
    if (first === '"' || first === "'") {
      const { value, end } = readString(cursor.text, at);
      keys.push({ name: value, at });
      cursor.at = end;
    } else {
      const name = match(cursor, /[\w-]+/y);
      if (name === '') return keys;
      keys.push({ name, at });
    }
    skipSpace(cursor);
    if (cursor.text[cursor.at] !== '.') return keys;
    cursor.at++;
  }
}

function readValue(cursor: Cursor, node: OpenNode): void {
  node.value = cursor.at;
  const first = cursor.text[cursor.at];
  if (first === '"' || first === "'") cursor.at = readString(cursor.text, cursor.at).end;
  else if (first === '[') {
    readList(cursor, ']', () => {
      const item = openNode(cursor.at);
      node.items.push(item);
      readValue(cursor, item);
    });
  } else if (first === '{') readList(cursor, '}', () => readPair(cursor, node));
  else match(cursor, /\d{4}-\d\d-\d\d \d\d:[^\s,\]}#]*|[^\s,\]}#]*/y);
}

/** The inside of an array or inline table, from its opening to behind its closing bracket. */
function readList(cursor: Cursor, close: string, readItem: () => void): void {
  cursor.at++;
  for (skipBlank(cursor); cursor.at < cursor.text.length; skipBlank(cursor)) {
    const next = cursor.text[cursor.at];
    if (next === close) {
      cursor.at++;
      return;
    }
    const before = cursor.at;
    if (next !== ',') readItem();
    if (cursor.at === before) cursor.at++;
  }
}

/**
 * The string that begins at `start`, of any of the four kinds, with the offset of each of its characters and, last, of
 * its closing quote.
 */
function readString(text: string, start: number): { value: string; places: readonly number[]; end: number } {
  const quote = text.charAt(start);
  const isLong = text.startsWith(quote.repeat(3), start);
  const delimiter = isLong ? quote.repeat(3) : quote;
  const places: number[] = [];
  let value = '';
  let at = start + delimiter.length;
  if (isLong) at += /^\r?\n/.exec(text.slice(at, at + 2))?.[0].length ?? 0;
  while (at < text.length) {
    // Up to two quotes more than the delimiter belong to the string: """"a"""" holds "a".
    if (text.startsWith(delimiter, at) && !(isLong && text.startsWith(delimiter, at + 1))) break;
    if (!isLong && text[at] === '\n') break;
    const escaped = quote === '"' && text[at] === '\\' ? readEscape(text, at) : null;
    const piece = escaped?.value ?? text.charAt(at);
    for (let unit = 0; unit < piece.length; unit++) places.push(at);
    value += piece;
    at += escaped?.length ?? 1;
  }
  places.push(at);
  return { value, places, end: Math.min(at + delimiter.length, text.length) };
}

/** What a backslash stands for and how many characters it takes up (TOML 1.1, "String"). */
function readEscape(text: string, at: number): { value: string; length: number } {
  const rest = text.slice(at + 1, at + 10);
  const hex = /^(?:x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8})/.exec(rest)?.[0];
  if (hex !== undefined) {
    const code = Number.parseInt(hex.slice(1), 16);
    return { value: code > 0x10ffff ? '\uFFFD' : String.fromCodePoint(code), length: hex.length + 1 };
  }
  const lineEnd = /\\[ \t]*\r?\n[ \t\r\n]*/y;
  lineEnd.lastIndex = at;
  const folded = lineEnd.exec(text)?.[0];
  if (folded !== undefined) return { value: '', length: folded.length };
  const short = 'btnfre"\\'.indexOf(rest.charAt(0));
  return { value: short < 0 ? '\uFFFD' : '\b\t\n\f\r\x1b"\\'.charAt(short), length: 2 };
}

/** White space, line ends and comments. */
function skipBlank(cursor: Cursor): void {
  match(cursor, /(?:[ \t\r\n]+|#[^\n]*)*/y);
}

function skipSpace(cursor: Cursor): void {
  match(cursor, /[ \t]*/y);
}

function skipLine(cursor: Cursor): void {
  match(cursor, /[^\n]*/y);
}

function match(cursor: Cursor, pattern: RegExp): string {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text)?.[0] ?? '';
  cursor.at += found.length;
  return found;
}
