/**
 * Writes down what `tailban match` found. The JSON form is a contract: one object a line, with the fields of
 * `EventRecord`, and with `--all` one of `OtherRecord` for every line that made no event, in the order of the lines.
 */
import { oneLine } from '../../core/one-line.ts';
import type { Joined } from '../../filter/join.ts';
import type { Terminal } from '../terminal.ts';

export interface EventRecord {
  /** The file as it was named, where there are several. */
  readonly file?: string;
  /** From 1; where several lines make one event, the line that completed it. */
  readonly line: number;
  readonly filter: string;
  readonly kind: string;
  readonly ip: string;
  readonly login: string | null;
  /** ISO 8601 in UTC, with milliseconds. */
  readonly time: string;
}

export interface OtherRecord {
  readonly file?: string;
  readonly line: number;
  readonly filter: null;
}

export interface ReportOptions {
  /** Lines for programs rather than for people. */
  readonly json: boolean;
  /** Also the lines that made no event. */
  readonly all: boolean;
  /** Null where only one file is read. */
  readonly file: string | null;
}

const FLUSH_AT = 64 * 1024;
const LATEST = 8.64e15;

/** The report on one file. */
export class Report {
  readonly #terminal: Terminal;
  readonly #options: ReportOptions;
  /** Ready to be written. */
  #text = '';
  /** With `--all`: what waits for the lines before it, by line. */
  readonly #waiting = new Map<number, string>();
  #written = 0;

  constructor(terminal: Terminal, options: ReportOptions) {
    this.#terminal = terminal;
    this.#options = options;
  }

  readonly event = (joined: Joined): void => {
    const text = this.#describe(joined);
    if (!this.#options.all || joined.line <= this.#written) this.#text += text;
    else this.#waiting.set(joined.line, (this.#waiting.get(joined.line) ?? '') + text);
  };

  /** Writes what is ready. No event of a line up to `line` is to come any more. */
  async settle(line: number): Promise<void> {
    if (this.#options.all) {
      while (this.#written < line) {
        this.#written++;
        this.#text += this.#waiting.get(this.#written) ?? this.#describeOther(this.#written);
        this.#waiting.delete(this.#written);
        if (this.#text.length >= FLUSH_AT) await this.#flush();
      }
    }
    await this.#flush();
  }

  async #flush(): Promise<void> {
    const text = this.#text;
    this.#text = '';
    if (text !== '') await this.#terminal.write(text);
  }

  #describe({ event, line }: Joined): string {
    const { filter, kind, ip, login } = event;
    const time = isoTime(event.time);
    const record: EventRecord = { ...this.#file(), line, filter, kind, ip, login, time };
    if (this.#options.json) return `${JSON.stringify(record)}\n`;
    const { file } = this.#options;
    const name = login === null ? '' : `  ${oneLine(login)}`;
    const place = file === null ? String(line) : `${file}:${line}`;
    return `${place.padStart(7)}  ${time}  ${filter.padEnd(8)}  ${kind.padEnd(14)}  ${ip.padEnd(15)}${name}\n`;
  }

  #describeOther(line: number): string {
    const record: OtherRecord = { ...this.#file(), line, filter: null };
    if (this.#options.json) return `${JSON.stringify(record)}\n`;
    const { file } = this.#options;
    return `${(file === null ? String(line) : `${file}:${line}`).padStart(7)}  -\n`;
  }

  #file(): { file?: string } {
    return this.#options.file === null ? {} : { file: this.#options.file };
  }
}

/** A time stamp that no calendar holds can only come from a journal that is damaged. */
function isoTime(time: number): string {
  return new Date(Math.min(Math.max(time, -LATEST), LATEST)).toISOString();
}
