/** Filter files: reads their TOML, checks their shape, compiles them, and finds the shipped and the admin's own ones. */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as z from 'zod/mini';
import { KINDS } from '../core/types.ts';
import { ConfigError } from '../errors.ts';
import { type CompiledFilter, compileFilter, PatternError } from '../filter/compile.ts';
import { type FilterDefinition, type PatternDefinition, ROLES } from '../filter/definition.ts';
import { extendDefinition } from '../filter/extend.ts';
import { unsafePattern } from '../filter/safety.ts';
import { TokenError } from '../filter/tokens.ts';
import { disabledProblem, type FilterProblem, ruleProblem, shapeProblem } from './filter-problem.ts';
import { indexPositions, offsetInString, offsetOf, placeAt } from './positions.ts';
import { parseToml } from './toml.ts';
import { unitName } from './unit-name.ts';

/** A filter, both as it was written and as it runs. */
export interface Filter {
  readonly file: string;
  /** Where it is the admin's own: what it is to the shipped filter of its name, if there is one. */
  readonly origin: 'shipped' | 'own' | 'replaces' | 'extends';
  readonly definition: FilterDefinition;
  /** What stands in the file: without what it extends. */
  readonly written: FilterDefinition;
  readonly compiled: CompiledFilter;
}

type Filters = ReadonlyMap<string, Filter>;

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
  extends: z._default(z.boolean(), false),
  programs: z.array(z.string().check(z.minLength(1))).check(z.minLength(1)),
  units: z._default(z.array(z.string()), []),
  session: z._default(z.enum(['pid', 'none']), 'none'),
  'logs-ends': z._default(z.boolean(), false),
  'own-log': z._default(z.boolean(), false),
  copies: z._default(z.boolean(), false),
  prefix: z._default(z.string(), ''),
  pattern: z.array(PATTERN).check(z.minLength(1)),
  negatives: z._default(z.array(z.string()), []),
  story: z._default(z.array(STORY), []),
});

/** Only what can be added to a filter: the rest holds for the shipped patterns too. */
const EXTENSION = z.strictObject({
  name: NAME,
  extends: z.literal(true),
  programs: z._default(z.array(z.string().check(z.minLength(1))), []),
  units: z._default(z.array(z.string()), []),
  disabled: z._default(z.array(z.string()), []),
  pattern: z._default(z.array(PATTERN), []),
  negatives: z._default(z.array(z.string()), []),
  story: z._default(z.array(STORY), []),
});

/**
 * The shipped filters, by name; before them the admin's own ones, each of which extends or replaces the shipped one of its
 * name. The folder of the own ones need not be there.
 * @throws ConfigError for the first file that cannot be used.
 */
export async function loadFilters(folder: string, ownFolder: string | null = null): Promise<Map<string, Filter>> {
  const shipped = new Map<string, Filter>();
  // That these are safe is proven by the tests: it takes longer than all else that is done at a start.
  for (const file of await filterFilesIn(folder))
    add(shipped, parseFilter(await readFile(file, 'utf8'), file, { isProven: true }));
  const own = new Map<string, Filter>();
  for (const file of ownFolder === null ? [] : await ownFilterFilesIn(ownFolder))
    add(own, parseFilter(await readOwn(file), file, { shipped }));
  return new Map([...own, ...[...shipped].filter(([name]) => !own.has(name))]);
}

/** The paths of all filter files of a folder, in their order. */
export async function filterFilesIn(folder: string): Promise<string[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.toml')).sort();
  return files.map((file) => join(folder, file));
}

/** The same for a folder that need not be there. @throws ConfigError */
export async function ownFilterFilesIn(folder: string): Promise<string[]> {
  try {
    return await filterFilesIn(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw unreadable('folder of filters', folder, error);
  }
}

async function readOwn(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw unreadable('filter', file, error);
  }
}

function unreadable(what: string, file: string, error: unknown): ConfigError {
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  return new ConfigError(`Cannot read this ${what}: ${code}`, { file, line: 0, column: 0 }, '', { cause: error });
}

function add(filters: Map<string, Filter>, filter: Filter): void {
  filters.set(filter.definition.name, filter);
}

export interface ParseOptions {
  /** The shipped filters, where the file is the admin's own; it may extend one of them. */
  readonly shipped?: Filters;
  /** Its patterns are known to be safe. */
  readonly isProven?: boolean;
}

/** One filter file. @throws ConfigError with the place of what is wrong. */
export function parseFilter(text: string, file: string, { shipped, isProven = false }: ParseOptions = {}): Filter {
  const data = parseToml(text, file);
  const fail = ({ path, on, message, hint }: FilterProblem, within = 0, options?: ErrorOptions): ConfigError => {
    const offset = offsetOf(indexPositions(text), path, on);
    const place = placeAt(text, within === 0 ? offset : offsetInString(text, offset, within));
    return new ConfigError(`Cannot use this filter: ${message}`, { file, ...place }, hint, options);
  };
  const checked = data['extends'] === true ? EXTENSION.safeParse(data) : FILTER.safeParse(data);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    throw issue === undefined ? checked.error : fail(shapeProblem(issue, data));
  }
  const { name } = checked.data;
  if (name !== basename(file, '.toml')) {
    const message = `it is named "${name}", name it as its file ${basename(file)}`;
    throw fail({ path: ['name'], on: 'value', message, hint: '' });
  }
  const base = shipped?.get(name);
  const { written, disabled } = definitionOf(checked.data, base);
  const broken =
    ruleProblem(written) ?? (checked.data.extends ? disabledProblem(name, base?.definition, disabled) : null);
  if (broken !== null) throw fail(broken);
  const definition =
    checked.data.extends && base ? extendDefinition(base.definition, { own: written, disabled }) : written;
  const failAt = (pattern: string, message: string, hint: string, within: number, cause?: unknown): ConfigError => {
    const path = ['pattern', written.patterns.findIndex((one) => one.name === pattern), 'pattern'];
    return fail({ path, on: 'value', message: `the pattern "${pattern}" ${message}`, hint }, within, { cause });
  };
  let compiled: CompiledFilter;
  try {
    compiled = compileFilter(definition);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    const within = error.cause instanceof TokenError ? error.cause.offset : 0;
    throw failAt(error.pattern, `does not work: ${error.message}`, '', within, error);
  }
  for (const { name: pattern, pattern: source } of isProven ? [] : written.patterns) {
    const unsafe = unsafePattern({ prefix: written.prefix, pattern: source });
    if (unsafe !== null) throw failAt(pattern, `is not safe: ${unsafe.problem}`, unsafe.hint, unsafe.offset);
  }
  return { file, origin: originOf(checked.data.extends, shipped, base), definition, written, compiled };
}

type Read = z.infer<typeof FILTER> | z.infer<typeof EXTENSION>;

/** What the file says, as a definition; an extension takes over the keys that it cannot change. */
/** What an extension has of its own where there is nothing that it extends, which is an error told elsewhere. */
const PLAIN = { session: 'none', logsEnds: false, ownLog: false, copies: false, prefix: '' } as const;

function definitionOf(
  read: Read,
  base: Filter | undefined,
): { readonly written: FilterDefinition; readonly disabled: readonly string[] } {
  const { name, programs, negatives, story: stories } = read;
  const units = read.units.map(wholeName);
  const patterns = read.pattern.map(
    ({ 'explains-login': explainsLogin, ...one }): PatternDefinition => ({ ...one, explainsLogin }),
  );
  const common = { name, programs, units, patterns, negatives, stories };
  if ('disabled' in read) {
    const { session, logsEnds, ownLog, copies, prefix } = base?.definition ?? PLAIN;
    return { written: { ...common, session, logsEnds, ownLog, copies, prefix }, disabled: read.disabled };
  }
  const { session, 'logs-ends': logsEnds, 'own-log': ownLog, copies, prefix } = read;
  return { written: { ...common, session, logsEnds, ownLog, copies, prefix }, disabled: [] };
}

/** What is no name of a unit is left as it is, for `ruleProblem` to tell. */
function wholeName(unit: string): string {
  const name = unitName(unit);
  return typeof name === 'string' ? name : unit;
}

function originOf(extending: boolean, shipped: Filters | undefined, base: Filter | undefined): Filter['origin'] {
  if (shipped === undefined) return 'shipped';
  if (base === undefined) return 'own';
  return extending ? 'extends' : 'replaces';
}

/** A sentence for each of the admin's own filters. */
export function ownFilterNotes(filters: Filters): string[] {
  const sentences = { own: '', extends: ', which extends the shipped one', replaces: ' instead of the shipped one' };
  return [...filters.values()].flatMap(({ file, origin, definition }) =>
    origin === 'shipped' ? [] : [`own filter ${definition.name}${sentences[origin]}: ${file}`],
  );
}
