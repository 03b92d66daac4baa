/**
 * Reads all sources into one stream of events: each log file with a reader of its own, all readers with one joiner, since
 * what two servers write of one attempt is one attempt. Owns the positions that the next checkpoint takes.
 */

import type { SourceView } from './api/contract.ts';
import type { Event, Millis } from './core/types.ts';
import type { CompiledFilter } from './filter/compile.ts';
import { type Joined, Joiner } from './filter/join.ts';
import { LogReader } from './filter/reader.ts';
import type { LocalTime } from './filter/stamp.ts';
import { type Chunk, type Position, positionKey, type Sink, type Source } from './source/types.ts';

/** A source and how its lines are to be read. */
export interface Feed {
  readonly source: Source;
  readonly filters: readonly CompiledFilter[];
  readonly localTime: LocalTime;
  readonly units: ReadonlySet<string>;
}

export interface ReadingOptions {
  readonly now: () => Millis;
  readonly onEvent: (event: Event) => void;
  /** A chunk has been read to its end: what it led to is to be committed. */
  readonly onChunk: () => void;
  readonly warn: (source: string, message: string) => void;
  readonly info: (source: string, message: string) => void;
}

interface FeedCounts {
  lines: number;
  cut: number;
  events: number;
  lastEvent: Millis | null;
}

/** How many files of one source are remembered with their time format; dated names come and go. */
const MAX_READERS = 256;

export class Reading {
  readonly #options: ReadingOptions;
  readonly #joiner = new Joiner();
  #feeds: readonly Feed[] = [];
  readonly #readers = new Map<string, LogReader>();
  readonly #counts = new Map<string, FeedCounts>();
  /** The position behind everything that has been read, by key. */
  readonly #positions = new Map<string, string>();
  readonly #changedPositions = new Map<string, string | null>();
  #catchingUp = 0;
  #current: FeedCounts | null = null;

  constructor(options: ReadingOptions) {
    this.#options = options;
  }

  get lines(): number {
    let lines = 0;
    for (const counts of this.#counts.values()) lines += counts.lines;
    return lines;
  }

  /** Takes over the state of the last checkpoint. */
  load(positions: ReadonlyMap<string, string>, joins: ReadonlyMap<string, string>): void {
    for (const [key, position] of positions) this.#positions.set(key, position);
    this.#joiner.load(joins);
  }

  /** Starts to read; resolves when every source has delivered what was there. */
  async start(feeds: readonly Feed[], since: Millis): Promise<void> {
    this.#feeds = feeds;
    const positions = [...this.#positions.values()].map((text) => JSON.parse(text) as Position);
    await Promise.all(
      feeds.map(async (feed) => {
        const own = positions.filter((position) => position.source === feed.source.name);
        this.#catchingUp++;
        try {
          await feed.source.start(own, since, this.#sink(feed));
        } finally {
          this.#catchingUp--;
        }
      }),
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.#feeds.map(({ source }) => source.stop()));
    this.#feeds = [];
    this.#readers.clear();
  }

  /** Lets lines that wait for others wait no longer than they must. While old lines are still being read, theirs is the time. */
  tick(): void {
    if (this.#catchingUp > 0) return;
    this.#joiner.tick(this.#options.now(), this.#emit);
    this.#options.onChunk();
  }

  takePositions(): Map<string, string | null> {
    const changed = new Map(this.#changedPositions);
    this.#changedPositions.clear();
    return changed;
  }

  takeJoins(): Map<string, string | null> {
    return this.#joiner.takeChanged();
  }

  views(): SourceView[] {
    return this.#feeds.map(({ source, filters }) => {
      const { lines = 0, events = 0, lastEvent = null } = this.#counts.get(source.name) ?? {};
      const { name, state, problem, origins } = source.status();
      return { name, state, problem, filters: filters.map((filter) => filter.name), lines, events, lastEvent, origins };
    });
  }

  #sink(feed: Feed): Sink {
    const { name } = feed.source;
    return {
      chunk: (chunk) => this.#read(feed, chunk),
      forget: (position) => {
        const key = positionKey(position);
        this.#positions.delete(key);
        this.#changedPositions.set(key, null);
      },
      warn: (message) => this.#options.warn(name, message),
      info: (message) => this.#options.info(name, message),
    };
  }

  #read(feed: Feed, chunk: Chunk): void {
    const reader = this.#reader(feed, chunk);
    const counts = this.#count(chunk.source);
    const before = reader.lines;
    this.#current = counts;
    reader.read(chunk.data, this.#emit);
    this.#current = null;
    counts.lines += reader.lines - before;
    counts.cut += chunk.cut;
    const key = positionKey(chunk.position);
    const position = JSON.stringify(chunk.position);
    this.#positions.set(key, position);
    this.#changedPositions.set(key, position);
    this.#options.onChunk();
  }

  readonly #emit = ({ event }: Joined): void => {
    if (this.#current) {
      this.#current.events++;
      this.#current.lastEvent = event.time;
    }
    this.#options.onEvent(event);
  };

  #reader({ filters, localTime, units }: Feed, chunk: Chunk): LogReader {
    const key = `${chunk.source} ${chunk.origin}`;
    let reader = this.#readers.get(key);
    if (reader === undefined) {
      if (this.#readers.size >= MAX_READERS) this.#readers.clear();
      const options = { filters, localTime, reference: this.#options.now, trust: { units } };
      reader = new LogReader(options, this.#joiner, chunk.format);
      this.#readers.set(key, reader);
    }
    return reader;
  }

  #count(source: string): FeedCounts {
    let counts = this.#counts.get(source);
    if (counts === undefined) {
      counts = { lines: 0, cut: 0, events: 0, lastEvent: null };
      this.#counts.set(source, counts);
    }
    return counts;
  }
}
