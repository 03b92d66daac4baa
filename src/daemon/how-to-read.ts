/** With which filters, in which zone and with how much trust the lines of a source are read. */
import { localTimeIn, systemClock } from '../clock.ts';
import type { SourceConfig } from '../config/config.ts';
import type { Filter } from '../config/filter-files.ts';
import type { LocalTime } from '../filter/wall-clock.ts';

export interface HowToRead {
  readonly filters: readonly Filter[];
  readonly localTime: LocalTime;
  /** Whose entries in the journal are believed. */
  readonly units: ReadonlySet<string>;
}

export function howToRead(source: SourceConfig, all: ReadonlyMap<string, Filter>): HowToRead {
  const filters = (source.filters ?? [...all.keys()]).flatMap((name) => all.get(name) ?? []);
  const localTime = source.zone === null ? systemClock.localTime : localTimeIn(source.zone);
  const ownUnits = filters.flatMap(({ definition }) => definition.units);
  const units = new Set(source.type === 'journal' ? (source.units ?? ownUnits) : ownUnits);
  return { filters, localTime, units };
}
