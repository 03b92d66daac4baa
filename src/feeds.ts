/** Builds what the configuration says is to be read. */
import { localTimeIn, systemClock } from './clock.ts';
import type { Config, SourceConfig } from './config/config.ts';
import type { Filter } from './config/filter-files.ts';
import type { Millis } from './core/types.ts';
import { discoverSources } from './discover.ts';
import { lineTime } from './filter/header.ts';
import { StampReader } from './filter/stamp.ts';
import type { Logger } from './log.ts';
import type { Feed } from './reading.ts';
import { fileSource } from './source/file.ts';
import { journalSource } from './source/journal.ts';

/**
 * syslog(3): LOG_MAIL, where Postfix, Dovecot and most mail servers log, and LOG_AUTHPRIV, where PAM does. Short-lived
 * processes lose their unit in the journal, so the units alone would miss some of their lines.
 */
const FACILITIES = [2, 10];

/** The configured sources, or those that the host turns out to have. */
export async function findSources(config: Config, now: Millis, log: Logger): Promise<readonly SourceConfig[]> {
  const { sources } = config;
  if (sources.length === 0) {
    const found = await discoverSources(now);
    for (const finding of found.findings) log.info(finding);
    return found.sources;
  }
  if (new Set(sources.map(({ type }) => type)).size > 1) {
    log.warn(
      'both files and the journal are read: a line that stands in both counts twice, so give them different filters',
    );
  }
  return sources;
}

export function buildFeed(source: SourceConfig, all: ReadonlyMap<string, Filter>, now: () => Millis): Feed {
  const filters = (source.filters ?? [...all.keys()]).flatMap((name) => all.get(name) ?? []);
  const localTime = source.zone === null ? systemClock.localTime : localTimeIn(source.zone);
  const ownUnits = filters.flatMap(({ definition }) => definition.units);
  const units = new Set(source.type === 'journal' ? (source.units ?? ownUnits) : ownUnits);
  const stamps = new StampReader(localTime, now);
  const timeOfLine = (line: string): Millis | null => lineTime(line, stamps);
  const built =
    source.type === 'files'
      ? fileSource({ name: source.name, globs: source.files, timeOfLine, now })
      : journalSource({ name: source.name, units: [...units], identifiers: [], facilities: FACILITIES, now });
  const isOneLog = source.type === 'journal' || (source.files.length === 1 && !/[*?[{]/.test(source.files[0] ?? ''));
  return { source: built, filters: filters.map(({ compiled }) => compiled), localTime, units, isOneLog };
}
