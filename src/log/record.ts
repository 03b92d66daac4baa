/** A line of pino, taken apart again for those who want it in another form than JSON. */

export interface LogRecord {
  /** Of pino: 20 debug, 30 info, 40 warn, 50 error, 60 fatal. */
  readonly level: number;
  readonly message: string;
  /** Texts and numbers that a program may want to look for, such as `subject` and `reason`. */
  readonly fields: Readonly<Record<string, string | number>>;
  /** Of an error that was logged with it; null without. */
  readonly stack: string | null;
}

export function readRecord(line: string): LogRecord {
  const { level, time: _time, msg, err, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const scalars = Object.entries(rest).filter(
    (field): field is [string, string | number] => typeof field[1] === 'string' || typeof field[1] === 'number',
  );
  const { message, stack } = errorOf(err);
  const text = typeof msg === 'string' ? msg : '';
  return {
    level: Number(level),
    message: message === null || text.includes(message) ? text : `${text}: ${message}`,
    fields: Object.fromEntries(scalars),
    stack,
  };
}

/** syslog(3): 3 error, 4 warning, 6 informational, 7 debug. */
export function priorityOf(level: number): number {
  if (level >= 50) return 3;
  if (level >= 40) return 4;
  return level >= 30 ? 6 : 7;
}

function errorOf(err: unknown): { message: string | null; stack: string | null } {
  if (typeof err !== 'object' || err === null) return { message: null, stack: null };
  const text = (key: string): string | null => {
    const value: unknown = Reflect.get(err, key);
    return typeof value === 'string' ? value : null;
  };
  return { message: text('message'), stack: text('stack') };
}
