/** Points in time as options, such as `--since 2026-11-22`, and the zone that they and the stamps of a log are in. */
import { localTimeIn } from '../clock.ts';
import { closest } from '../config/suggest.ts';
import { FormatError, parseDuration } from '../core/duration.ts';
import type { Millis } from '../core/types.ts';
import type { LocalTime } from '../filter/wall-clock.ts';
import { CliError, EXIT } from './exit.ts';

const MOMENT = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,3})\d*)?)?)?\s*(Z|[+-]\d\d:?\d\d)?$/;

/**
 * Reads a date with or without a time and a zone, or a duration, which is so long before now.
 * @param option the option's name, for the error.
 */
export function readMoment(option: string, text: string, now: Millis, localTime: LocalTime): Millis {
  const match = MOMENT.exec(text.trim());
  if (match === null) return now - readAgo(option, text);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  const date = new Date(Date.UTC(year, month - 1, day));
  const exists =
    date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 61;
  if (!exists) throw unreadableMoment(option, text);
  const millis = second * 1000 + Number((match[7] ?? '').padEnd(3, '0'));
  const zone = match[8];
  if (zone === undefined) return localTime(year, month - 1, day, hour, minute) + millis;
  return Date.UTC(year, month - 1, day, hour, minute) + millis - zoneOffset(zone);
}

/** @throws CliError where there is no such zone. */
export function zoneOption(name: string): LocalTime {
  try {
    Intl.DateTimeFormat('en', { timeZone: name });
  } catch (error) {
    const near = closest(name, Intl.supportedValuesOf('timeZone'));
    throw new CliError(
      EXIT.usage,
      `Cannot read --timezone "${name}": there is no such time zone`,
      near === null ? 'For instance Europe/Berlin or UTC' : `Did you mean ${near}?`,
      { cause: error },
    );
  }
  return localTimeIn(name);
}

function readAgo(option: string, text: string): Millis {
  try {
    return parseDuration(text.trim());
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw unreadableMoment(option, text, error);
  }
}

function unreadableMoment(option: string, text: string, cause?: Error): CliError {
  return new CliError(
    EXIT.usage,
    `Cannot read ${option} "${text}": it is no date, no time and no duration`,
    'For instance 2026-11-22, "2026-11-22 08:30", or 7d for seven days ago',
    { cause },
  );
}

function zoneOffset(zone: string): Millis {
  if (zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}
