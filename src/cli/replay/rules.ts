/**
 * By which filters and in which zone a file is read: as the configuration has it for the source that the file, or the log
 * that it was rotated out of, belongs to; what the command line says comes first.
 */
import { resolve } from 'node:path';
import type { Config, SourceConfig } from '../../config/config.ts';
import type { Filter } from '../../config/filter-files.ts';
import { howToRead } from '../../daemon/how-to-read.ts';
import type { CompiledFilter } from '../../filter/compile.ts';
import type { LocalTime } from '../../filter/wall-clock.ts';
import { logName } from '../../replay/rotation.ts';
import { compileGlobs } from '../../source/glob.ts';
import { chosenFilters } from '../match/filters.ts';

export interface FileRules {
  readonly filters: readonly CompiledFilter[];
  readonly localTime: LocalTime;
  /** Units whose entries in the journal are believed. */
  readonly units: ReadonlySet<string>;
}

export interface LineRules {
  of(file: string): FileRules;
}

export interface Asked {
  /** Names of filters; none where nothing was asked for. */
  readonly filters: readonly string[];
  readonly localTime: LocalTime | null;
}

/** @throws CliError for a filter that there is not. */
export function lineRules(config: Config, all: ReadonlyMap<string, Filter>, asked: Asked): LineRules {
  const named = chosenFilters(all, asked.filters).map(({ definition }) => definition.name);
  const rulesFor = (source: SourceConfig): FileRules => {
    const filters = asked.filters.length > 0 ? named : (source.filters ?? named);
    const read = howToRead({ ...source, filters }, all);
    return {
      filters: read.filters.map(({ compiled }) => compiled),
      localTime: asked.localTime ?? read.localTime,
      units: read.units,
    };
  };
  const usual = rulesFor({ type: 'files', name: 'replay', files: [], filters: null, zone: null });
  const sources = config.sources
    .filter((source) => source.type === 'files')
    .map((source) => ({ globs: compileGlobs(source.files), rules: rulesFor(source) }));
  return {
    of: (file) => {
      const path = resolve(logName(file));
      return sources.find(({ globs }) => globs.matches(path))?.rules ?? usual;
    },
  };
}
