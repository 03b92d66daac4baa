/** The filters that a command uses: the shipped ones and the admin's own. */
import { type Filter, loadFilters } from '../config/filter-files.ts';
import type { Invocation } from './invocation.ts';
import { filtersFolder, ownFiltersFolder } from './places.ts';

/** By name. @throws ConfigError for an own one that cannot be used. */
export function allFilters({ globals }: Invocation): Promise<Map<string, Filter>> {
  return loadFilters(filtersFolder(), ownFiltersFolder(globals.filters));
}
