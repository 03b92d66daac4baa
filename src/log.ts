/** The daemon's own log: the only user of pino. JSON for machines, one readable line for people at a terminal. */
import { type Logger, pino } from 'pino';
import { PinoPretty } from 'pino-pretty';

export type { Logger } from 'pino';

export interface LogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly format: 'auto' | 'json' | 'pretty';
  /** Whether a person reads along; decides what `auto` means. */
  readonly terminal: boolean;
  readonly destination: NodeJS.WritableStream;
}

export function createLogger(options: LogOptions): Logger {
  const pretty = options.format === 'pretty' || (options.format === 'auto' && options.terminal);
  const settings = { level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (!pretty) return pino(settings, options.destination);
  const stream = PinoPretty({
    colorize: options.terminal,
    translateTime: 'SYS:HH:MM:ss.l',
    // The message says all that; the fields are for machines.
    ignore: 'pid,hostname,subject,subjects,cause,reason,filter,network',
    singleLine: true,
    destination: options.destination,
  });
  return pino(settings, stream);
}
