/** Durations as options, such as `--for 1d12h`. */
import { FormatError, parseDuration } from '../core/duration.ts';
import type { Millis } from '../core/types.ts';
import { CliError, EXIT } from './exit.ts';

/** @param option the option's name, for the error. */
export function readDurationOption(option: string, text: string): Millis {
  try {
    return parseDuration(text.trim());
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new CliError(
      EXIT.usage,
      `Cannot read ${option} "${text}": ${error.message}`,
      'For instance 10m, 1h or 1d12h',
      { cause: error },
    );
  }
}
