/**
 * Bans out of JSON: what `tailban list --json` writes, objects of other servers that carry an address, and dumps of
 * Stalwart's settings, in which the address is part of a key, however deep that lies.
 */
import type { Millis } from '../../core/types.ts';
import { BLOCKED, type ImportEntry, listedSubject, type Reading, readExpiry, readInstant } from './entries.ts';

/** @throws SyntaxError where the text is no JSON. */
export function readJson(text: string, now: Millis): Reading {
  const found: Found = { entries: [], skipped: [], now };
  walk(JSON.parse(text.replace(/^\uFEFF/, '')), '', '', found);
  return { entries: found.entries, skipped: found.skipped };
}

interface Found {
  readonly entries: ImportEntry[];
  readonly skipped: string[];
  readonly now: Millis;
}

/**
 * @param keys the keys of objects on the way here, joined by dots: what Stalwart calls the key of a setting.
 * @param place the same with indices, for people.
 */
function walk(value: unknown, keys: string, place: string, found: Found): void {
  if (typeof value === 'string' && value.startsWith(BLOCKED)) add(value.slice(BLOCKED.length), place, {}, found);
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
    if (path.startsWith(BLOCKED)) add(path.slice(BLOCKED.length), inner, {}, found);
    else walk(child, path, inner, found);
  }
}

function addObject(name: string, fields: Record<string, unknown>, place: string, found: Found): void {
  const text = fields['type'] === 'login' && !name.startsWith('login:') ? `login:${name}` : name;
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
