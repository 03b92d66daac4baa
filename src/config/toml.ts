/**
 * TOML as text and as values: the only user of smol-toml. Reads a document with the place of a syntax error, and writes
 * single values and keys. Where a value stood in the text is not known here, that is `positions.ts`.
 */
import { parse, TomlError } from 'smol-toml';
import { ConfigError } from '../errors.ts';

export type TomlValue = string | number | boolean | Date | readonly TomlValue[] | TomlTable;

export interface TomlTable {
  readonly [key: string]: TomlValue;
}

/** Nesting of arrays and inline tables beyond this is refused, so that whoever walks the values cannot run out of stack. */
const DEEPEST = 50;

/**
 * Reads a TOML 1.1 document.
 * @throws ConfigError with the place of the first syntax error.
 */
export function parseToml(text: string, file: string): TomlTable {
  try {
    return parse(text, { maxDepth: DEEPEST, unsafeKeyBehaviour: 'throw' }) as TomlTable;
  } catch (error) {
    if (!(error instanceof TomlError))
      throw new ConfigError('Cannot read this as TOML', { file, line: 0, column: 0 }, '', { cause: error });
    const { problem, hint } = explain(error.message);
    throw new ConfigError(
      `Cannot read this as TOML: ${problem}`,
      { file, line: error.line, column: error.column },
      hint,
      { cause: error },
    );
  }
}

/** Whether a value is a table, written in whichever way. */
export function isTable(value: TomlValue | undefined): value is TomlTable {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date);
}

/** One value on one line, such as `"10/1m"`, `[25, 465]` or `{ factor = 2 }`. */
export function tomlLiteral(value: TomlValue): string {
  if (typeof value === 'string') return quote(value);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return `[${value.map(tomlLiteral).join(', ')}]`;
  if (!isTable(value)) return String(value);
  const pairs = Object.entries(value).map(([key, field]) => `${tomlKey(key)} = ${tomlLiteral(field)}`);
  return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`;
}

/** A key as it stands before `=` or between dots. */
export function tomlKey(key: string): string {
  return /^[\w-]+$/.test(key) ? key : quote(key);
}

/** What smol-toml says (everything before the excerpt that it appends), with a hint for the usual slips. */
function explain(message: string): { problem: string; hint: string } {
  const problem = (message.split('\n', 1)[0] ?? '').replace('Invalid TOML document: ', '');
  if (/numeric|^invalid value|leading zero|date/.test(problem))
    return { problem, hint: 'Text, rates and durations stand in quotes, such as "10/1m"' };
  if (/redefine/.test(problem)) return { problem: 'this is defined twice', hint: 'Write each table and each key once' };
  if (/unsafe/.test(problem)) return { problem: 'no key may be called __proto__ or constructor', hint: '' };
  if (/unfinished string|control characters/.test(problem)) return { problem, hint: 'Is a closing quote missing?' };
  if (/incomplete key-value/.test(problem)) return { problem, hint: 'A setting is written key = value' };
  return { problem, hint: '' };
}

/** JSON's escapes are a subset of TOML's; only U+007F needs one that JSON does not ask for. */
function quote(text: string): string {
  return JSON.stringify(text).replaceAll('\u007f', '\\u007f');
}
