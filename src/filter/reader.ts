/** Reads a log from its bytes to its events: matching, joining and counting once, exactly as the daemon does it. */
import type { Millis } from '../core/types.ts';
import { type Joined, Joiner } from './join.ts';
import { Matcher, type MatcherOptions, type Sighting } from './match.ts';

export type LogFormat = 'text' | 'journal';

const BRACE = 123;

export class LogReader {
  readonly #matcher: Matcher;
  readonly #joiner: Joiner;
  #format: LogFormat | null;

  /** Several readers may share a joiner: what one server writes to two files is one story. */
  constructor(options: MatcherOptions, joiner: Joiner = new Joiner({ oneLog: true }), format: LogFormat | null = null) {
    this.#matcher = new Matcher(options);
    this.#joiner = joiner;
    this.#format = format;
  }

  get lines(): number {
    return this.#matcher.lines;
  }

  get joiner(): Joiner {
    return this.#joiner;
  }

  /** Takes complete lines. The format is found from the first byte: the journal's JSON objects begin with a brace. */
  read(data: Buffer, emit: (joined: Joined) => void): void {
    this.match(data, (sighting) => this.#joiner.see(sighting, emit));
  }

  /** The same without joining, for who brings several logs into one order first. */
  match(data: Buffer, see: (sighting: Sighting) => void): void {
    this.#format ??= data[0] === BRACE ? 'journal' : 'text';
    if (this.#format === 'journal') this.#matcher.readJournal(data, see);
    else this.#matcher.readText(data, see);
  }

  tick(now: Millis, emit: (joined: Joined) => void): void {
    this.#joiner.tick(now, emit);
  }

  flush(emit: (joined: Joined) => void): void {
    this.#joiner.flush(emit);
  }
}
