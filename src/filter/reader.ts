/** Reads a log from its bytes to its events: matching, joining and counting once, exactly as the daemon does it. */
import type { Millis } from '../core/types.ts';
import { ContainerJournal } from './container-journal.ts';
import { ContainerLog, containerFormat } from './container-log.ts';
import { type Joined, Joiner } from './join.ts';
import { Matcher, type MatcherOptions, type Sighting } from './match.ts';

export type LogFormat = 'text' | 'journal';

const NEWLINE = 10;
const BRACE = 123;
/** journalctl prints it in every entry. No text holds it: within a field its quotation marks are escaped. */
const JOURNAL_MARK = '"__REALTIME_TIMESTAMP"';

export class LogReader {
  readonly #matcher: Matcher;
  readonly #joiner: Joiner;
  readonly #container = new ContainerLog();
  readonly #containerJournal: ContainerJournal;
  #format: LogFormat | null;

  /** Several readers may share a joiner: what one server writes to two files is one story. */
  constructor(options: MatcherOptions, joiner: Joiner = new Joiner({ oneLog: true }), format: LogFormat | null = null) {
    this.#matcher = new Matcher(options);
    this.#joiner = joiner;
    this.#containerJournal = new ContainerJournal(options.trust);
    this.#format = format;
  }

  get lines(): number {
    return this.#matcher.lines;
  }

  get joiner(): Joiner {
    return this.#joiner;
  }

  /** Takes complete lines. Where the format is not known it is found from the first of them. */
  read(data: Buffer, emit: (joined: Joined) => void): void {
    this.match(data, (sighting) => this.#joiner.see(sighting, emit));
  }

  /** The same without joining, for who brings several logs into one order first. */
  match(data: Buffer, see: (sighting: Sighting) => void): void {
    if (data.length === 0) return;
    this.#format ??= isJournal(data) ? 'journal' : 'text';
    if (this.#format === 'journal') this.#readJournal(data, see);
    else this.#readText(data, see);
  }

  #readText(data: Buffer, see: (sighting: Sighting) => void): void {
    const container = containerFormat(data);
    this.#matcher.readText(container === null ? data : this.#container.unpack(data, container), see);
  }

  #readJournal(data: Buffer, see: (sighting: Sighting) => void): void {
    if (!ContainerJournal.isIn(data)) {
      this.#matcher.readJournal(data, see);
      return;
    }
    let start = 0;
    for (let end = data.indexOf(NEWLINE); end >= 0; end = data.indexOf(NEWLINE, start)) {
      const line = data.subarray(start, end + 1);
      start = end + 1;
      const text = this.#containerJournal.unpack(line);
      if (text === null) this.#matcher.readJournal(line, see);
      else this.#matcher.readText(text, see);
    }
  }

  tick(now: Millis, emit: (joined: Joined) => void): void {
    this.#joiner.tick(now, emit);
  }

  flush(emit: (joined: Joined) => void): void {
    this.#joiner.flush(emit);
  }
}

function isJournal(data: Buffer): boolean {
  return data[0] === BRACE && data.subarray(0, data.indexOf(NEWLINE) + 1).includes(JOURNAL_MARK);
}
