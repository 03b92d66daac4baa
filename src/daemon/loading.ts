/** Loads filters and configuration from their files: at the start, and again at a reload. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { Refusal } from '../api/contract.ts';
import { DISK } from '../config/files.ts';
import { type Filter, filterFilesIn, loadFilters, ownFilterFilesIn } from '../config/filter-files.ts';
import { type Loaded, loadConfig } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';
import { ConfigError, ConfigErrors } from '../errors.ts';

export interface Files {
  /** Null: no file, defaults and discovery. */
  readonly configPath: string | null;
  /** Of the shipped filters. */
  readonly filterFolder: string;
  /** Of the admin's own ones; it need not be there. */
  readonly ownFilterFolder: string | null;
}

export interface Everything {
  readonly loaded: Loaded;
  readonly filters: ReadonlyMap<string, Filter>;
}

/** What a start needs first, and what it needs only to read logs. */
export interface Beginning {
  readonly loaded: Loaded;
  /** All filters where an admin has written some, else none. */
  readonly own: ReadonlyMap<string, Filter>;
  /** All filters. @throws ConfigError where a shipped one is broken */
  readonly filters: () => Promise<ReadonlyMap<string, Filter>>;
}

/** @throws ConfigError, ConfigErrors */
export async function loadEverything(files: Files): Promise<Everything> {
  const filters = await loadFilters(files.filterFolder, files.ownFilterFolder);
  return { loaded: await loadConfig(files.configPath, DISK, { filters: [...filters.keys()] }), filters };
}

/**
 * Everything that an admin wrote is checked now. To compile the shipped filters takes a third of a second, and that they
 * are sound is proven by the tests: where there are no others they are left for later.
 * @throws ConfigError, ConfigErrors
 */
export async function loadBeginning(files: Files): Promise<Beginning> {
  const { configPath, filterFolder, ownFilterFolder } = files;
  if (ownFilterFolder !== null && (await ownFilterFilesIn(ownFilterFolder)).length > 0) {
    const { loaded, filters } = await loadEverything(files);
    return { loaded, own: filters, filters: async () => filters };
  }
  const names = (await filterFilesIn(filterFolder)).map((file) => basename(file, '.toml'));
  return {
    loaded: await loadConfig(configPath, DISK, { filters: names }),
    own: new Map(),
    filters: () => loadFilters(filterFolder),
  };
}

/** @throws Refusal with every problem and its place, for whoever asked for the reload. */
export async function loadAgain(files: Files): Promise<Everything> {
  try {
    return await loadEverything(files);
  } catch (error) {
    const problems = error instanceof ConfigErrors ? error.errors : error instanceof ConfigError ? [error] : [];
    if (problems.length === 0) throw error;
    const texts = problems.map(async (problem) => {
      const text = await readFile(problem.file, 'utf8').catch(() => '');
      return formatProblem(problem, text);
    });
    throw new Refusal(422, (await Promise.all(texts)).join('\n'));
  }
}

/** Whether two sets of filters say the same. */
export function areSame(one: ReadonlyMap<string, Filter>, other: ReadonlyMap<string, Filter>): boolean {
  const definitions = (filters: ReadonlyMap<string, Filter>): string =>
    JSON.stringify([...filters.values()].map(({ definition }) => definition));
  return definitions(one) === definitions(other);
}
