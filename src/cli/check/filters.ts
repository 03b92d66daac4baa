/** All filter files of a folder, each read by itself, so that every broken one is reported and not just the first. */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { systemClock } from '../../clock.ts';
import { type Filter, parseFilter } from '../../config/filter-files.ts';
import { ConfigError } from '../../errors.ts';
import { filterProblems } from './filter-problems.ts';

export interface CheckedFilters {
  /** The names of all files, also of those that cannot be used: naming one in the configuration is no second error. */
  readonly names: readonly string[];
  readonly problems: readonly ConfigError[];
}

export async function checkFilters(folder: string): Promise<CheckedFilters> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.toml')).sort();
  const filters: { filter: Filter; text: string }[] = [];
  const problems: ConfigError[] = [];
  for (const file of files) {
    const path = join(folder, file);
    const text = await readFile(path, 'utf8');
    try {
      filters.push({ filter: parseFilter(text, path), text });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(error);
    }
  }
  const all = filters.map(({ filter }) => filter);
  const { now, localTime } = systemClock;
  for (const { filter, text } of filters) problems.push(...filterProblems(filter, text, { all, localTime, now }));
  return { names: files.map((file) => basename(file, '.toml')), problems };
}
