/**
 * Entries of the systemd journal with fields of their own, so that `journalctl TAILBAN_SUBJECT=192.0.2.1` finds a ban.
 * Source of the format: systemd, docs/JOURNAL_NATIVE_PROTOCOL; of the prefixes: sd-daemon(3).
 */
import { oneLine } from '../core/one-line.ts';
import { type LogRecord, priorityOf } from './record.ts';

export const JOURNAL_SOCKET = '/run/systemd/journal/socket';

const IDENTIFIER = 'tailban';
/** syslog(3): LOG_DAEMON, so that no source of mail logs reads what we write. */
const FACILITY = 3;
/** What a datagram takes with the kernel's default for its buffers (socket(7)), and some room to spare. */
const LONGEST_FIELD = 32 * 1024;

/** One entry as a datagram. */
export function journalEntry({ level, message, fields, stack }: LogRecord): Buffer {
  const own = Object.entries(fields).map(([name, value]): [string, string] => [
    `TAILBAN_${fieldName(name)}`,
    `${value}`,
  ]);
  return Buffer.concat(
    [
      ['MESSAGE', message] as const,
      ['PRIORITY', String(priorityOf(level))] as const,
      ['SYSLOG_IDENTIFIER', IDENTIFIER] as const,
      ['SYSLOG_FACILITY', String(FACILITY)] as const,
      ...own,
      ...(stack === null ? [] : [['TAILBAN_STACK', stack] as const]),
    ].map(([name, value]) => encodeField(name, value)),
  );
}

/** The same for a reader of standard output that knows priorities alone; one line. */
export function prefixedLine({ level, message }: LogRecord): string {
  return `<${priorityOf(level)}>${oneLine(message)}\n`;
}

/** A value with line breaks is told by its length, so that nothing in it can begin a field of its own. */
function encodeField(name: string, value: string): Buffer {
  const data = Buffer.from(value.slice(0, LONGEST_FIELD));
  if (!data.includes('\n')) return Buffer.concat([Buffer.from(`${name}=`), data, Buffer.from('\n')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  return Buffer.concat([Buffer.from(`${name}\n`), length, data, Buffer.from('\n')]);
}

/** Capital letters, digits and underscores; journald drops fields with other names. */
function fieldName(name: string): string {
  return name
    .replace(/[A-Z]/g, (letter) => `_${letter}`)
    .replace(/[^A-Za-z0-9]/g, '_')
    .toUpperCase();
}
