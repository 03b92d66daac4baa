/**
 * Reads what `nft --json` prints (libnftables-json(5)). The output is the kernel's and not an attacker's, but it
 * differs between versions: what has another shape than expected is skipped.
 */
import type { Millis } from '../../core/types.ts';
import type { Held } from '../types.ts';
import { CHAIN, TABLE } from './ruleset.ts';
import { type Shape, setName, shapeOf, subjectAt } from './slot.ts';

type Json = Readonly<Record<string, unknown>>;

/**
 * The subjects in our sets. nft rounds the seconds that are left down, so the end is up to a second late, never early.
 * @throws SyntaxError where the text is no JSON
 */
export function heldElements(text: string, now: Millis): Held[] {
  const held: Held[] = [];
  for (const set of objects(text, 'set')) {
    const shape = typeof set['name'] === 'string' ? shapeOf(set['name']) : null;
    if (shape === null || set['table'] !== TABLE || !Array.isArray(set['elem'])) continue;
    for (const element of set['elem']) {
      const found = readElement(shape, element, now);
      if (found !== null) held.push(found);
    }
  }
  return held;
}

/**
 * Our table without its elements, as one string to compare with a later one. Kernel handles are part of it, so a table
 * that was deleted and made again differs too. Null where the chain, a set or a rule is missing.
 * @throws SyntaxError where the text is no JSON
 */
export function fingerprint(text: string, shapes: readonly Shape[], ruleCount: number): string | null {
  const ours = (item: Json): boolean => item['family'] === 'inet' && item['table'] === TABLE;
  const tables = objects(text, 'table').filter((table) => table['family'] === 'inet' && table['name'] === TABLE);
  const sets = objects(text, 'set').filter(ours);
  const chains = objects(text, 'chain').filter(ours);
  const rules = objects(text, 'rule').filter(ours);
  const names = new Set(sets.map((set) => set['name']));
  const whole =
    tables.length === 1 &&
    shapes.every((shape) => names.has(setName(shape))) &&
    chains.some((chain) => chain['name'] === CHAIN && chain['hook'] === 'prerouting') &&
    rules.length === ruleCount;
  return whole ? JSON.stringify([tables, sets, chains, rules]) : null;
}

/** The items of one kind in the listing. */
function objects(text: string, kind: string): Json[] {
  const root: unknown = JSON.parse(text);
  const items = isObject(root) ? root['nftables'] : undefined;
  if (!Array.isArray(items)) return [];
  return items.map((item: unknown) => (isObject(item) ? item[kind] : undefined)).filter(isObject);
}

/** An element is a plain address, or `{"elem": {"val": address, "timeout": seconds, "expires": seconds}}`. */
function readElement(shape: Shape, element: unknown, now: Millis): Held | null {
  const fields = isObject(element) && isObject(element['elem']) ? element['elem'] : { val: element };
  const subject = typeof fields['val'] === 'string' ? subjectAt(shape, fields['val']) : null;
  if (subject === null) return null;
  const left = fields['expires'] ?? fields['timeout'];
  return { subject, until: typeof left === 'number' ? now + left * 1000 + 999 : null };
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
