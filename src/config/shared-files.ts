/** Finds the files that two sources name: each line of them would be read twice, and every failure count twice. */
import { ConfigError } from '../errors.ts';
import type { Documents, Spot } from './documents.ts';
import { valueAt } from './older-names.ts';
import type { Path } from './positions.ts';
import type { Settings } from './schema.ts';

interface Named {
  readonly glob: string;
  readonly source: string;
  /** Null is all of them. */
  readonly filters: readonly string[] | null;
  readonly path: Path;
  readonly spot: Spot;
}

/**
 * One error for each name that an earlier source has, in the same letters. Two names that only lead to the same file are
 * found when that is read. Sources without a common filter may share files: they find different lines in them.
 */
export function sharedFiles(settings: Settings, documents: Documents): ConfigError[] {
  const named = Object.entries(settings.source)
    .flatMap(([source, { files = [], filter = null }]) => {
      const isArray = Array.isArray(valueAt(documents.table, ['source', source, 'files']));
      return files.map((glob, index): Named => {
        const path = ['source', source, 'files', ...(isArray ? [index] : [])];
        return { glob, source, filters: filter, path, spot: documents.spot(path, 'value') };
      });
    })
    .sort((one, other) => documents.compare(one.spot, other.spot));
  return named.flatMap((one, index) => {
    const first = named.slice(0, index).find((other) => other.glob === one.glob && isShared(one, other));
    if (first === undefined) return [];
    const { file, line } = first.spot;
    return new ConfigError(
      `Cannot read ${documents.nameOf(one.path)}: ${one.glob} is read by source.${first.source} already (${file}:${line}), so every failure in it would count twice`,
      one.spot,
      'Name each file in one source, with all the filters that it needs, or give the two sources different filters',
    );
  });
}

function isShared(one: Named, other: Named): boolean {
  if (one.source === other.source) return false;
  return one.filters === null || other.filters === null || one.filters.some((name) => other.filters?.includes(name));
}
