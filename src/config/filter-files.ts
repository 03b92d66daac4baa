/** Filter files: reads their TOML, checks their shape, compiles them, and finds the shipped and the admin's own ones. */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as z from 'zod/mini';
import { KINDS } from '../core/types.ts';
import { ConfigError } from '../errors.ts';
import { type CompiledFilter, compileFilter, PatternError } from '../filter/compile.ts';
import { type FilterDefinition, ROLES } from '../filter/definition.ts';
import { TokenError } from '../filter/tokens.ts';
import { type FilterProblem, ruleProblem, shapeProblem } from './filter-problem.ts';
import { indexPositions, offsetInString, offsetOf, placeAt } from './positions.ts';
import { parseToml } from './toml.ts';

/** A filter, both as it was written and as it runs. */
export interface Filter {
  readonly file: string;
  readonly definition: FilterDefinition;
  readonly compiled: CompiledFilter;
}

const NAME = z.string().check(z.regex(/^[a-z0-9-]{1,40}$/, 'small letters, digits and hyphens'));

const SAMPLE = z.strictObject({
  line: z.string(),
  ip: z.optional(z.string()),
  login: z.optional(z.string()),
  attempts: z.optional(z.int()),
});

const PATTERN = z.strictObject({
  name: NAME,
  as: z._default(z.enum(ROLES), 'event'),
  kind: z._default(z.nullable(z.enum(KINDS)), null),
  also: z._default(z.nullable(z.enum(KINDS)), null),
  layer: z._default(z.string(), ''),
  'explains-login': z._default(z.boolean(), false),
  pattern: z.string().check(z.minLength(1)),
  samples: z.array(SAMPLE).check(z.minLength(1, 'Every pattern needs at least one real line as a sample')),
});

const STORY = z.strictObject({
  name: z.string(),
  lines: z.array(z.string()).check(z.minLength(1)),
  events: z.array(z.strictObject({ kind: z.enum(KINDS), ip: z.string(), login: z.optional(z.string()) })),
});

const FILTER = z.strictObject({
  name: NAME,
  programs: z.array(z.string().check(z.minLength(1))).check(z.minLength(1)),
  units: z._default(z.array(z.string()), []),
  session: z._default(z.enum(['pid', 'none']), 'none'),
  'own-log': z._default(z.boolean(), false),
  prefix: z._default(z.string(), ''),
  pattern: z.array(PATTERN).check(z.minLength(1)),
  negatives: z._default(z.array(z.string()), []),
  story: z._default(z.array(STORY), []),
});

/** All filters of a folder, by name. @throws ConfigError for the first file that cannot be used. */
export async function loadFilters(folder: string): Promise<Map<string, Filter>> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.toml')).sort();
  const filters = new Map<string, Filter>();
  for (const file of files) {
    const path = join(folder, file);
    const filter = parseFilter(await readFile(path, 'utf8'), path);
    filters.set(filter.definition.name, filter);
  }
  return filters;
}

/** One filter file. @throws ConfigError with the place of what is wrong. */
export function parseFilter(text: string, file: string): Filter {
  const data = parseToml(text, file);
  const checked = FILTER.safeParse(data);
  const fail = ({ path, on, message, hint }: FilterProblem, within = 0, options?: ErrorOptions): ConfigError => {
    const offset = offsetOf(indexPositions(text), path, on);
    const place = placeAt(text, within === 0 ? offset : offsetInString(text, offset, within));
    return new ConfigError(`Cannot use this filter: ${message}`, { file, ...place }, hint, options);
  };
  if (!checked.success) {
    const [issue] = checked.error.issues;
    throw issue === undefined ? checked.error : fail(shapeProblem(issue, data));
  }
  const { pattern, story, 'own-log': ownLog, ...rest } = checked.data;
  const definition: FilterDefinition = {
    ...rest,
    ownLog,
    patterns: pattern.map(({ 'explains-login': explainsLogin, ...one }) => ({ ...one, explainsLogin })),
    stories: story,
  };
  if (definition.name !== basename(file, '.toml')) {
    const message = `it is named "${definition.name}", name it as its file ${basename(file)}`;
    throw fail({ path: ['name'], on: 'value', message, hint: '' });
  }
  const broken = ruleProblem(definition);
  if (broken !== null) throw fail(broken);
  try {
    return { file, definition, compiled: compileFilter(definition) };
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    const index = definition.patterns.findIndex((one) => one.name === error.pattern);
    const message = `the pattern "${error.pattern}" does not work: ${error.message}`;
    const within = error.cause instanceof TokenError ? error.cause.offset : 0;
    throw fail({ path: ['pattern', index, 'pattern'], on: 'value', message, hint: '' }, within, { cause: error });
  }
}
