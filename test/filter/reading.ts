/** What the tests of filters share: the shipped filters, a zone, and reading lines as the daemon does. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Filter, loadFilters } from '../../src/config/filter-files.ts';
import type { Millis } from '../../src/core/types.ts';
import { type Joined, Joiner } from '../../src/filter/join.ts';
import { Matcher, type MatcherOptions, type Sighting } from '../../src/filter/match.ts';
import { LogReader } from '../../src/filter/reader.ts';

export const NOON: Millis = Date.UTC(2026, 10, 22, 12);

export const filters: readonly Filter[] = [...(await loadFilters(join(import.meta.dirname, '../../filters'))).values()];

/** The shipped filters, a log written in UTC, and no trust in any unit. */
export const options: MatcherOptions = {
  filters: filters.map(({ compiled }) => compiled),
  localTime: (year, month, day, hour, minute) => Date.UTC(year, month, day, hour, minute),
  reference: () => NOON,
  trust: { units: new Set() },
};

export function fixture(name: string): Buffer {
  return readFileSync(join(import.meta.dirname, 'fixtures', name));
}

/** Lines as a file holds them. */
export function file(lines: readonly string[]): Buffer {
  return Buffer.from(lines.map((line) => `${line}\n`).join(''));
}

export function sightings(data: Buffer, own: Partial<MatcherOptions> = {}): Sighting[] {
  const seen: Sighting[] = [];
  new Matcher({ ...options, ...own }).readText(data, (sighting) => seen.push(sighting));
  return seen;
}

/** Reads whole files one after the other; `flush` ends all waiting. */
export function events(files: readonly Buffer[], joiner = new Joiner()): Joined[] {
  const joined: Joined[] = [];
  for (const data of files) new LogReader(options, joiner).read(data, (one) => joined.push(one));
  joiner.flush((one) => joined.push(one));
  return joined;
}

/** `authentication 192.0.2.1 alice`, with `-` for no login. */
export function tell({ event }: Joined): string {
  return `${event.kind} ${event.ip} ${event.login ?? '-'}`;
}
