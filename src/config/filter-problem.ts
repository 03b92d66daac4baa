/** What is wrong with a filter file, in sentences: its shape as zod sees it, and rules that no shape can express. */
import type * as z from 'zod/mini';
import type { FilterDefinition, PatternDefinition, Role } from '../filter/definition.ts';
import type { Path } from './positions.ts';
import { closest } from './suggest.ts';
import { unitName } from './unit-name.ts';

export interface FilterProblem {
  readonly path: Path;
  readonly on: 'key' | 'value';
  readonly message: string;
  /** Empty where there is nothing to add. */
  readonly hint: string;
}

/** The keys that there are, to suggest one where another is written. */
const KEYS = [
  ...['name', 'programs', 'units', 'session', 'pattern', 'negatives', 'story', 'as', 'kind', 'also', 'layer'],
  ...['own-log', 'prefix', 'extends', 'disabled'],
  ...['explains-login', 'samples', 'line', 'ip', 'login', 'attempts', 'lines', 'events'],
];
const TYPES: Readonly<Record<string, string>> = {
  string: 'text in quotes',
  array: 'a list',
  object: 'a table',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
};
/** A line of such a role makes an event of its own. */
const COUNTING: readonly Role[] = ['event', 'summary', 'echo', 'held', 'fallback'];

/** The sentence for one issue; `data` is what was checked. */
export function shapeProblem(issue: z.core.$ZodIssue, data: unknown): FilterProblem {
  const path = issue.path.filter((part) => typeof part !== 'symbol');
  const problem = (message: string, hint = '', on: 'key' | 'value' = 'value'): FilterProblem => ({
    path,
    on,
    message,
    hint,
  });
  const value = at(data, path);
  const subject = nameOf(path, data);
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    const near = closest(key, KEYS);
    const hint = near === null ? '' : `Did you mean "${near}"?`;
    return { ...problem(`"${key}" is no key of ${subject}`, hint, 'key'), path: [...path, key] };
  }
  if (value === undefined) return problem(`${subject} is missing`);
  if (issue.code === 'invalid_type')
    return problem(`${subject} is ${show(value)}, expected ${TYPES[issue.expected] ?? issue.expected}`);
  if (issue.code === 'invalid_value')
    return problem(`${subject} is ${show(value)}, expected one of ${issue.values.join(', ')}`);
  if (issue.code === 'too_small')
    return problem(`${subject} is empty`, issue.message === 'Invalid input' ? '' : issue.message);
  return problem(`${subject} is ${show(value)}, expected ${issue.message}`);
}

/** The first rule that a filter of the right shape breaks; null where it breaks none. */
export function ruleProblem({ units, patterns }: FilterDefinition): FilterProblem | null {
  for (const [index, unit] of units.entries()) {
    const name = unitName(unit);
    if (typeof name !== 'string') return { path: ['units', index], on: 'value', ...name };
  }
  const names = new Set<string>();
  for (const [index, pattern] of patterns.entries()) {
    const found = names.has(pattern.name)
      ? (['name', 'has the name of another one'] as const)
      : patternProblem(pattern);
    if (found !== null) {
      const [key, message] = found;
      return {
        path: ['pattern', index, key],
        on: 'value',
        message: `the pattern "${pattern.name}" ${message}`,
        hint: '',
      };
    }
    names.add(pattern.name);
  }
  return null;
}

/** What an extension switches off must be there; `shipped` is the filter that it extends. */
export function disabledProblem(
  name: string,
  shipped: FilterDefinition | undefined,
  disabled: readonly string[],
): FilterProblem | null {
  if (shipped === undefined) {
    const message = `there is no shipped filter "${name}" that it could extend`;
    return { path: ['extends'], on: 'value', message, hint: 'Leave out extends for a filter that is new' };
  }
  const names = shipped.patterns.map((pattern) => pattern.name);
  const index = disabled.findIndex((one) => !names.includes(one));
  if (index < 0) return null;
  const near = closest(disabled[index] ?? '', names);
  return {
    path: ['disabled', index],
    on: 'value',
    message: `the shipped filter has no pattern "${disabled[index]}"`,
    hint: near === null ? '' : `Did you mean "${near}"?`,
  };
}

/** The key where it is, and what is wrong. */
function patternProblem({ as, kind, also, layer }: PatternDefinition): readonly [string, string] | null {
  const counts = COUNTING.includes(as);
  if (counts && kind === null) return ['kind', `needs a kind, for a line taken as ${as} makes an event`];
  if (!counts && as !== 'end' && kind !== null)
    return ['kind', `has the kind ${kind}, but a line taken as ${as} makes no event`];
  if (also !== null && as !== 'event')
    return ['also', `makes a second event, but a line taken as ${as} makes no first one`];
  if ((as === 'echo' || as === 'hint') && layer === '') return ['layer', `needs a layer, for it is taken as ${as}`];
  if ((as === 'echo' || as === 'summary') && kind !== 'authentication')
    return ['kind', `is taken as ${as}, so its kind is authentication`];
  return null;
}

/** `samples.0.ip of the pattern "one"`. */
function nameOf(path: Path, data: unknown): string {
  const [list, index, ...rest] = path;
  if (path.length === 0) return at(data, ['extends']) === true ? 'a filter that extends a shipped one' : 'a filter';
  if (typeof index !== 'number') return path.join('.');
  const name = at(data, [list ?? '', index, 'name']);
  const owner = typeof name === 'string' ? `the ${list} "${name}"` : `${list} number ${index + 1}`;
  return rest.length === 0 ? owner : `${rest.join('.')} of ${owner}`;
}

function at(data: unknown, path: Path): unknown {
  let value = data;
  for (const part of path) {
    if (value === null || typeof value !== 'object') return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  return typeof value === 'object' ? 'a table' : String(value);
}
