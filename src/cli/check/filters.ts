/** All filter files, each read by itself, so that every broken one is reported and not just the first. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { systemClock } from '../../clock.ts';
import {
  type Filter,
  filterFilesIn,
  ownFilterFilesIn,
  ownFilterNotes,
  type ParseOptions,
  parseFilter,
} from '../../config/filter-files.ts';
import { ConfigError } from '../../errors.ts';
import { disputedBy } from '../../filter/safety.ts';
import { Prover } from './filter-problems.ts';

export interface CheckedFilters {
  /** The names of all files, also of those that cannot be used: naming one in the configuration is no second error. */
  readonly names: readonly string[];
  readonly problems: readonly ConfigError[];
  /** What is in order and yet worth a thought. */
  readonly notes: readonly string[];
}

/** @throws ConfigError where the folder of own filters cannot be read. */
export async function checkFilters(folder: string, ownFolder: string): Promise<CheckedFilters> {
  const shippedFiles = await filterFilesIn(folder);
  const ownFiles = await ownFilterFilesIn(ownFolder);
  const problems: ConfigError[] = [];
  const read = (files: readonly string[], options: ParseOptions): Promise<Read[]> =>
    Promise.all(files.map((file) => readOne(file, options, problems))).then((found) => found.flat());
  const shipped = await read(shippedFiles, {});
  const byName = new Map(shipped.map(({ filter }) => [filter.definition.name, filter]));
  const own = await read(ownFiles, { shipped: byName });
  const names = [...shippedFiles, ...ownFiles].map((file) => basename(file, '.toml'));
  const ownNames = new Set(ownFiles.map((file) => basename(file, '.toml')));
  const used = [...own, ...shipped.filter(({ filter }) => !ownNames.has(filter.definition.name))];
  const all = used.map(({ filter }) => filter);
  const { now, localTime } = systemClock;
  const prover = new Prover({ all, localTime, now });
  for (const { filter, text } of used) problems.push(...prover.problems(filter, text));
  const notes = [
    ...ownFilterNotes(new Map(all.map((filter) => [filter.definition.name, filter]))),
    ...all.flatMap((filter) => lackNote(filter, byName.get(filter.definition.name))),
    ...all.filter(({ origin }) => origin !== 'shipped').flatMap(disputeNotes),
  ];
  return { names: [...new Set(names)], problems, notes };
}

interface Read {
  readonly filter: Filter;
  readonly text: string;
}

async function readOne(file: string, options: ParseOptions, problems: ConfigError[]): Promise<Read[]> {
  const text = await readFile(file, 'utf8');
  try {
    return [{ filter: parseFilter(text, file, options), text }];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(error);
    return [];
  }
}

/** A copy of a shipped filter goes out of date with every update of tailban. */
function lackNote({ file, origin, definition }: Filter, shipped: Filter | undefined): string[] {
  if (origin !== 'replaces' || shipped === undefined) return [];
  const own = new Set(definition.patterns.map(({ name }) => name));
  const lacking = shipped.definition.patterns.map(({ name }) => name).filter((name) => !own.has(name));
  if (lacking.length === 0) return [];
  return [
    `${file} does without ${lacking.length} patterns of the shipped filter (${lacking.join(', ')}); with extends = true it would have all that it does not disable`,
  ];
}

/** Each pattern by itself is safe; where two read one line differently, a client may be able to choose between them. */
function disputeNotes({ file, definition: { prefix, patterns }, written }: Filter): string[] {
  return written.patterns.flatMap((own) =>
    patterns.flatMap((other) => {
      if (other.name === own.name) return [];
      const line = disputedBy({ prefix, pattern: own.pattern }, { prefix, pattern: other.pattern });
      return line === null
        ? []
        : [`${file}: "${own.name}" and "${other.name}" find different addresses in ${JSON.stringify(line)}`];
    }),
  );
}
