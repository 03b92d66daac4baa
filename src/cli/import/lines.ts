/**
 * Lists of bans of one line each: plain addresses, and Stalwart's settings, be it as keys (`server.blocked-ip.192.0.2.1`,
 * with or without a value) or as a dump with sections in brackets.
 */
import type { Millis } from '../../core/types.ts';
import { splitPlain } from '../plain.ts';
import { BLOCKED, type ImportEntry, listedSubject, type Reading, readExpiry } from './entries.ts';

/**
 * `ADDRESS`, or `ADDRESS EXPIRY`; what follows `#` or `;` is a comment. Logins are written `login:NAME`, or in quotes
 * `login:"NAME"`.
 */
export function readPlain(text: string, now: Millis): Reading {
  return readLines(text, (line) => {
    const content = line.trim();
    if (content === '' || /^[#;]/.test(content)) return null;
    const split = splitPlain(content);
    if (split === null) return `"${shortened(content)}" is no login in quotes (those of JSON)`;
    const { name } = split;
    const subject = listedSubject(name);
    if (subject === null) return `"${shortened(name)}" is no address, network or login`;
    const rest = split.rest.replace(/(?:^|\s)[#;].*/, '').trim();
    if (rest === '') return { subject };
    const until = readExpiry(rest, now);
    return until === undefined ? `"${shortened(rest)}" is no time and no duration` : { subject, until };
  });
}

/** Other settings between the blocked addresses are passed over without a word. */
export function readStalwart(text: string): Reading {
  let section = '';
  return readLines(text, (line) => {
    const header = /^\s*\[+([^\]]*)\]/.exec(line)?.[1];
    if (header !== undefined) {
      section = header.trim() === '' ? '' : `${unquoted(header.trim())}.`;
      return null;
    }
    const key = /^\s*((?:"[^"]*"|'[^']*'|[^\s"'=,])+)/.exec(line)?.[1];
    if (key === undefined || key.startsWith('#')) return null;
    const path = section + unquoted(key);
    if (!path.startsWith(BLOCKED)) return null;
    const address = path.slice(BLOCKED.length);
    const subject = listedSubject(address);
    return subject === null ? `"${shortened(address)}" is no address and no network` : { subject };
  });
}

/** @param read an entry, why there is none, or null for a line that is not meant to be one. */
function readLines(text: string, read: (line: string) => ImportEntry | string | null): Reading {
  const entries: ImportEntry[] = [];
  const skipped: string[] = [];
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const result = read(line);
    if (typeof result === 'string') skipped.push(`line ${index + 1}: ${result}`);
    else if (result !== null) entries.push(result);
  }
  return { entries, skipped };
}

function unquoted(text: string): string {
  return text.replace(/["']/g, '');
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
