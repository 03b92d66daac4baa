/** Loads filters and configuration from their files: at the start, and again at a reload. */
import { readFile } from 'node:fs/promises';
import { Refusal } from './api/contract.ts';
import { type Filter, loadFilters } from './config/filter-files.ts';
import { type Loaded, loadConfig } from './config/load.ts';
import { formatProblem } from './config/problem.ts';
import { ConfigError, ConfigErrors } from './errors.ts';

export interface Files {
  /** Null: no file, defaults and discovery. */
  readonly configPath: string | null;
  readonly filterFolder: string;
}

export interface Everything {
  readonly loaded: Loaded;
  readonly filters: ReadonlyMap<string, Filter>;
}

/** @throws ConfigError, ConfigErrors */
export async function loadEverything({ configPath, filterFolder }: Files): Promise<Everything> {
  const filters = await loadFilters(filterFolder);
  const names = { filters: [...filters.keys()] };
  return { loaded: await loadConfig(configPath, (path) => readFile(path, 'utf8'), names), filters };
}

/** @throws Refusal with every problem and its place, for whoever asked for the reload. */
export async function loadAgain(files: Files): Promise<Everything> {
  try {
    return await loadEverything(files);
  } catch (error) {
    if (error instanceof ConfigError) throw new Refusal(422, formatProblem(error, ''));
    if (!(error instanceof ConfigErrors)) throw error;
    const { configPath } = files;
    const text = configPath === null ? '' : await readFile(configPath, 'utf8').catch(() => '');
    throw new Refusal(422, error.errors.map((problem) => formatProblem(problem, text)).join('\n'));
  }
}
