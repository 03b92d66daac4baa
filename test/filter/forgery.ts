/** What an attacker may try with the fields that a client fills, and whether a line so forged is read as it has to be. */
import assert from 'node:assert/strict';
import type { Role } from '../../src/filter/definition.ts';
import { Matcher, type Sighting } from '../../src/filter/match.ts';
import { type ClientLine, clientLines, type Field } from './client-fields.ts';
import { filters, options } from './reading.ts';

/** Somebody innocent, whom an attacker would like to have banned. */
export const VICTIM = '203.0.113.77';
const COUNTING: readonly Role[] = ['event', 'summary', 'echo', 'hint', 'held', 'fallback'];

/** The samples in which clients wrote something. */
export const forgeable: readonly ClientLine[] = filters.flatMap(clientLines).filter(({ fields }) => fields.length > 0);
const matcher = new Matcher(options);

function read(line: string): Sighting | undefined {
  const seen: Sighting[] = [];
  matcher.readText(Buffer.from(`${line}\n`, 'latin1'), (sighting) => seen.push(sighting));
  assert.ok(seen.length <= 1, line);
  return seen[0];
}

/** What is wrong with how a forged line is read; null where nothing is. */
export function forged(of: ClientLine, field: Field, text: string): string | null {
  const line = of.with(field, text);
  const seen = read(line);
  const tell = (problem: string): string =>
    `${of.filter.definition.name} ${of.pattern.name} <${field.token}>: ${problem}\n  ${line}`;
  if (seen === undefined) return null;
  const original = read(of.sample.line);
  if (seen.ip !== (original?.ip ?? null)) return tell(`${seen.filter} ${seen.pattern} reads the address ${seen.ip}`);
  if (seen.session !== original?.session)
    return tell(`${seen.filter} ${seen.pattern} reads the session ${seen.session}`);
  if (seen.kind === 'success' && original.kind !== 'success') return tell(`${seen.pattern} takes it for a good login`);
  // Behind what a client wrote <any> takes in what the server wrote: no client can change how a line ends.
  if (field.token !== 'any' && COUNTING.includes(original.as) && !COUNTING.includes(seen.as))
    return tell(`it counted as ${original.as}, and does not as ${seen.pattern}`);
  return null;
}

/** A message from each place on where a word or a number begins or ends, as if another client had caused it. */
export function tails({ message, sample }: ClientLine): string[] {
  const other = message.replaceAll(sample.ip ?? VICTIM, VICTIM);
  const starts = [...other.matchAll(/(?<=\w)(?=\W)|(?<=\W)(?=\w)/g)].map(({ index }) => index).slice(-60);
  return [other, ...starts.map((start) => other.slice(start))];
}
