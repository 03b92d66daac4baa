/** Builds what the configuration says is to be read. */
import type { Config, SourceConfig } from '../config/config.ts';
import type { Filter } from '../config/filter-files.ts';
import type { Millis } from '../core/types.ts';
import { timeInLine } from '../filter/line-time.ts';
import { StampReader } from '../filter/stamp.ts';
import type { LocalTime } from '../filter/wall-clock.ts';
import type { Logger } from '../log.ts';
import { fileSource } from '../source/file.ts';
import { journalSource } from '../source/journal.ts';
import type { Source } from '../source/types.ts';
import { webhookSource } from '../source/webhook.ts';
import { machineId } from '../system/host.ts';
import { discoverSources } from './discover.ts';
import { howToRead } from './how-to-read.ts';
import type { Feed } from './reading.ts';

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
  const types = new Set(sources.map(({ type }) => type));
  if (types.has('files') && types.has('journal')) {
    log.warn(
      'both files and the journal are read: a line that stands in both counts twice, so give them different filters',
    );
  }
  return sources;
}

export function buildFeed(source: SourceConfig, all: ReadonlyMap<string, Filter>, now: () => Millis): Feed {
  const { filters, localTime, units } = howToRead(source, all);
  const isOneLog = source.type !== 'files' || (source.files.length === 1 && !/[*?[{]/.test(source.files[0] ?? ''));
  const built = buildSource(source, { localTime, units, now });
  return { source: built, filters: filters.map(({ compiled }) => compiled), localTime, units, isOneLog };
}

interface SourceContext {
  readonly localTime: LocalTime;
  readonly units: ReadonlySet<string>;
  readonly now: () => Millis;
}

function buildSource(source: SourceConfig, { localTime, units, now }: SourceContext): Source {
  const { name } = source;
  switch (source.type) {
    case 'files': {
      const stamps = new StampReader(localTime, now);
      const timeOfLine = (line: string): Millis | null => timeInLine(line, stamps);
      return fileSource({ name, globs: source.files, timeOfLine, now });
    }
    case 'journal':
      return journalSource({
        name,
        units: [...units],
        facilities: FACILITIES,
        machine: machineId(),
        now,
      });
    case 'webhook':
      return webhookSource({ name, ...source.listen, key: source.key, now });
  }
}
