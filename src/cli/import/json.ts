/**
 * Bans out of JSON: what `tailban list --json` writes, objects of other servers that carry an address, and dumps of
 * Stalwart's settings, in which the address is part of a key, however deep that lies.
 */
import type { Millis } from '../../core/types.ts';
import { BLOCKED, type ImportEntry, listedSubject, type Reading, readExpiry, readInstant } from './entries.ts';

/** @throws SyntaxError where the text is no JSON. */
export function readJson(text: string, now: Millis): Reading {
  const found: Found = { entries: [], skipped: [], now, isOfStalwart: false };
  const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
  const barren = Array.isArray(value)
    ? value.flatMap((item, index) => (readItem(item, `[${index}]`, found) ? [] : [`[${index}]`]))
    : readItem(value, '', found)
      ? []
      : ['JSON'];
  // Other settings of Stalwart between the blocked addresses are no bans that were missed.
  const missed = found.isOfStalwart ? [] : barren.map((place) => `${place}: no address, network or login is in it`);
  return { entries: found.entries, skipped: [...found.skipped, ...missed] };
}

interface Found {
  readonly entries: ImportEntry[];
  readonly skipped: string[];
  readonly now: Millis;
  /** Whether there is any key of its settings. */
  isOfStalwart: boolean;
}

/** Whether anything was found in it, be it only to be left out. A list may also hold bare addresses. */
function readItem(item: unknown, place: string, found: Found): boolean {
  const before = found.entries.length + found.skipped.length;
  if (place !== '' && typeof item === 'string' && !item.startsWith(BLOCKED)) add(item, place, {}, found);
  else walk(item, '', place, found);
  return found.entries.length + found.skipped.length > before;
}

/**
 * @param keys the keys of objects on the way here, joined by dots: what Stalwart calls the key of a setting.
 * @param place the same with indices, for people.
 */
function walk(value: unknown, keys: string, place: string, found: Found): void {
  if (typeof value === 'string' && value.startsWith(BLOCKED)) addKey(value, place, found);
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) walk(item, keys, `${place}[${index}]`, found);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const fields = value as Record<string, unknown>;
  const name = fields['subject'] ?? fields['address'] ?? fields['ip'];
  if (typeof name === 'string') {
    addObject(name, fields, place, found);
    return;
  }
  for (const [key, child] of Object.entries(fields)) {
    const path = keys === '' ? key : `${keys}.${key}`;
    const inner = place === '' ? key : `${place}.${key}`;
    if (path.startsWith(BLOCKED)) addKey(path, inner, found);
    else walk(child, path, inner, found);
  }
}

function addKey(path: string, place: string, found: Found): void {
  found.isOfStalwart = true;
  add(path.slice(BLOCKED.length), place, {}, found);
}

function addObject(name: string, fields: Record<string, unknown>, place: string, found: Found): void {
  // A login may itself begin with `login:`.
  const text = fields['type'] === 'login' ? `login:${name}` : name;
  const expiry = fields['until'] === undefined ? fields['expiresAt'] : fields['until'];
  const until = expiry === undefined ? undefined : expiryOf(expiry, found.now);
  if (expiry !== undefined && until === undefined) {
    found.skipped.push(`${place}: ${JSON.stringify(expiry)} is no time`);
    return;
  }
  const reason = typeof fields['reason'] === 'string' ? fields['reason'].slice(0, 500) : '';
  add(text, place, { ...(until === undefined ? {} : { until }), ...(reason === '' ? {} : { reason }) }, found);
}

function expiryOf(expiry: unknown, now: Millis): Millis | null | undefined {
  if (expiry === null) return null;
  if (typeof expiry === 'number') return readInstant(expiry);
  return typeof expiry === 'string' ? readExpiry(expiry, now) : undefined;
}

function add(text: string, place: string, rest: Omit<ImportEntry, 'subject'>, found: Found): void {
  const subject = listedSubject(text);
  if (subject === null) found.skipped.push(`${place}: ${JSON.stringify(text)} is no address, network or login`);
  else found.entries.push({ subject, ...rest });
}
