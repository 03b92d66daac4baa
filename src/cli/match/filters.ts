/** Which filters a command is to use: those that `--filter` names, else all there are. */
import type { Filter } from '../../config/filter-files.ts';
import { closest } from '../../config/suggest.ts';
import { CliError, EXIT } from '../exit.ts';

/** @throws CliError for a name that no filter has. */
export function chosenFilters(filters: ReadonlyMap<string, Filter>, names: readonly string[]): Filter[] {
  if (names.length === 0) return [...filters.values()];
  return [...new Set(names)].map((name) => {
    const filter = filters.get(name);
    if (filter !== undefined) return filter;
    const near = closest(name, filters.keys());
    const hint = near === null ? `There are ${[...filters.keys()].join(', ')}` : `Did you mean "${near}"?`;
    throw new CliError(EXIT.usage, `There is no filter "${name}"`, hint);
  });
}
