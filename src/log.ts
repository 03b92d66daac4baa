/**
 * The daemon's own log: the only user of pino. JSON for machines, a readable line for people, an entry with fields for
 * the systemd journal; on standard output, or in a file that can be opened anew.
 */
import { fstatSync } from 'node:fs';
import { type Logger, pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { oneLine } from './core/one-line.ts';
import { LogFile } from './log/file.ts';
import { JOURNAL_SOCKET, journalEntry, prefixedLine } from './log/journal.ts';
import { readRecord } from './log/record.ts';
import { type DatagramSender, datagramSender } from './system/unix-datagram.ts';

export type { Logger } from 'pino';

/** What a reload can change. */
export interface LogSettings {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly format: 'auto' | 'json' | 'pretty' | 'journal';
  /** Null or missing is standard output. */
  readonly file?: string | null;
}

export interface LogOptions extends LogSettings {
  /** What the command line asks for; it wins over the settings. */
  readonly forcedLevel?: LogSettings['level'] | undefined;
  /** Whether a person reads along; decides what `auto` means. */
  readonly terminal: boolean;
  readonly destination: NodeJS.WritableStream;
  /** The journal's end of our standard output; `JOURNAL_STREAM` of the environment (systemd.exec(5)) where missing. */
  readonly journalStream?: string | undefined;
  /** Where the journal takes entries. */
  readonly journalSocket?: string;
}

type Form = Exclude<LogSettings['format'], 'auto'>;

export class OwnLog {
  readonly logger: Logger;
  readonly #options: LogOptions;
  #form: Form = 'json';
  #toText: (line: string) => string = (line) => line;
  #file: LogFile | null = null;
  #journal: DatagramSender | null = null;

  constructor(options: LogOptions) {
    this.#options = options;
    const settings = { base: null, timestamp: pino.stdTimeFunctions.isoTime };
    this.logger = pino(settings, { write: (line) => this.#write(line) });
    this.configure(options);
  }

  /** Takes new settings over, from the next line on. */
  configure({ level, format, file = null }: LogSettings): void {
    this.logger.level = this.#options.forcedLevel ?? level;
    if (this.#file?.path !== file) {
      this.#file?.close();
      this.#file = file === null ? null : new LogFile(file);
    }
    this.#form = format === 'auto' ? this.#formForHere() : format;
    this.#toText = this.#form === 'pretty' ? this.#pretty() : (line) => line;
    const usesJournal = this.#form === 'journal' && this.#file === null;
    if (usesJournal) this.#journal ??= datagramSender(this.#options.journalSocket ?? JOURNAL_SOCKET);
    else this.#closeJournal();
  }

  /** A log file that was moved away is made anew. */
  reopen(): void {
    this.#file?.close();
  }

  /** After the last line. */
  close(): void {
    this.#file?.close();
    this.#closeJournal();
  }

  #write(line: string): void {
    const file = this.#file;
    if (file === null) {
      this.#writeOut(line);
      return;
    }
    const before = file.problem;
    const isWritten = file.write(this.#toText(line));
    // Both come by here again, and then there is nothing new to tell.
    if (before === null && !isWritten)
      this.logger.error(
        `the log file ${file.path} cannot be written, what is meant for it comes here: ${file.problem}`,
      );
    if (before !== null && isWritten) this.logger.info(`the log file ${file.path} can be written again`);
    if (!isWritten) this.#writeOut(line);
  }

  /** What the journal does not take as an entry, since too much comes at once, goes where it reads line by line. */
  #writeOut(line: string): void {
    if (this.#form !== 'journal') this.#options.destination.write(this.#toText(line));
    else {
      const record = readRecord(line);
      if (!this.#journal?.send(journalEntry(record))) this.#options.destination.write(prefixedLine(record));
    }
  }

  #formForHere(): Form {
    const { terminal, destination, journalStream = process.env['JOURNAL_STREAM'] } = this.#options;
    if (this.#file !== null) return 'json';
    if (terminal) return 'pretty';
    return isJournal(destination, journalStream) ? 'journal' : 'json';
  }

  #pretty(): (line: string) => string {
    const inFile = this.#file !== null;
    return prettyFactory({
      colorize: this.#options.terminal && !inFile,
      translateTime: inFile ? 'SYS:yyyy-mm-dd HH:MM:ss.l' : 'SYS:HH:MM:ss.l',
      // The message says all that; the fields are for machines.
      ignore: 'pid,hostname,subject,subjects,cause,reason,filter,network,count,source,type',
      singleLine: true,
      messageFormat: (log, key) => oneLine(String(log[key] ?? '')),
    });
  }

  #closeJournal(): void {
    this.#journal?.close();
    this.#journal = null;
  }
}

/** A log whose settings stay as they are. */
export function createLogger(options: LogOptions): Logger {
  return new OwnLog(options).logger;
}

/** Whether standard output still is what systemd has connected with the journal. */
function isJournal(destination: NodeJS.WritableStream, stream: string | undefined): boolean {
  const fd: unknown = Reflect.get(destination, 'fd');
  if (stream === undefined || typeof fd !== 'number') return false;
  try {
    const { dev, ino } = fstatSync(fd);
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}
