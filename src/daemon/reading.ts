/**
 * Reads all sources into one stream of events: each log file with a reader of its own, all readers with one joiner, since
 * what two servers write of one attempt is one attempt. Owns the positions that the next checkpoint takes.
 */
import type { SourceView } from '../api/contract.ts';
import type { Event, Millis } from '../core/types.ts';
import type { CompiledFilter } from '../filter/compile.ts';
import { Copies } from '../filter/copies.ts';
import { Looks } from '../filter/first-look.ts';
import { type Joined, Joiner } from '../filter/join.ts';
import type { Sighting } from '../filter/match.ts';
import { LogReader } from '../filter/reader.ts';
import type { LocalTime } from '../filter/wall-clock.ts';
import type { LoginReport } from '../gate/types.ts';
import { type Chunk, type Position, positionKey, type Sink, type Source } from '../source/types.ts';
import { Backlog } from './backlog.ts';
import { reportSighting } from './reported.ts';
import { SharedLogs } from './shared-logs.ts';

/** A source and how its lines are to be read. */
export interface Feed {
  readonly source: Source;
  readonly filters: readonly CompiledFilter[];
  readonly localTime: LocalTime;
  readonly units: ReadonlySet<string>;
  /** All its lines come out of one log, in their order. */
  readonly isOneLog: boolean;
}

export interface ReadingOptions {
  readonly now: () => Millis;
  /** `source` is null where no log told of it. */
  readonly onEvent: (event: Event, source: string | null) => void;
  /** A chunk has been read to its end: what it led to is to be committed. */
  readonly onChunk: () => void;
  readonly warn: (source: string, message: string) => void;
  readonly info: (source: string, message: string) => void;
}

interface FeedCounts {
  readonly source: string;
  lines: number;
  cut: number;
  events: number;
  lastEvent: Millis | null;
}

/** What one line or report told, while the logs are caught up with. */
interface Waiting {
  readonly sighting: Sighting;
  /** Null where a server reported it, beside all logs. */
  readonly counts: FeedCounts | null;
}

/** The time until all logs have been read to their ends. */
interface CatchUp {
  readonly since: Millis;
  /** Null where there is only one log, whose lines are in order as they are. */
  readonly backlog: Backlog<Waiting> | null;
  /** Positions behind what waits in the backlog, in their order: not to be kept before that has been judged. */
  readonly positions: [string, string | null][];
  sourcesLeft: number;
}

/** So many lines are brought into order in memory; where more than that tell something, the order is only nearly right. */
const MAX_WAITING = 100_000;
/** A source that hangs must not keep what the others say from being judged. */
const LONGEST_CATCH_UP: Millis = 10_000;

/** How many files of one source are remembered with their time format; dated names come and go. */
const MAX_READERS = 256;

export class Reading {
  readonly #options: ReadingOptions;
  readonly #joiner = new Joiner();
  readonly #copies = new Copies();
  #feeds: readonly Feed[] = [];
  #shared: SharedLogs;
  readonly #readers = new Map<string, LogReader>();
  readonly #looks = new Map<Feed, Looks>();
  readonly #counts = new Map<string, FeedCounts>();
  /** The position behind everything that has been read, by key. */
  readonly #positions = new Map<string, string>();
  readonly #changedPositions = new Map<string, string | null>();
  #catchUp: CatchUp | null = null;
  #current: FeedCounts | null = null;

  constructor(options: ReadingOptions) {
    this.#options = options;
    this.#shared = this.#newShared();
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
    this.#shared = this.#newShared();
    const positions = [...this.#positions.values()].map((text) => JSON.parse(text) as Position);
    const catchUp: CatchUp = {
      since: this.#options.now(),
      backlog: feeds.length === 1 && feeds[0]?.isOneLog ? null : new Backlog<Waiting>(),
      positions: [],
      sourcesLeft: feeds.length,
    };
    this.#catchUp = feeds.length === 0 ? null : catchUp;
    await Promise.all(
      feeds.map(async (feed) => {
        const own = positions.filter((position) => position.source === feed.source.name);
        try {
          await feed.source.start(own, since, this.#sink(feed));
        } finally {
          catchUp.sourcesLeft--;
          if (catchUp.sourcesLeft === 0 && this.#catchUp === catchUp) this.#endCatchUp(true);
        }
      }),
    );
  }

  async stop(): Promise<void> {
    // What waits is not judged by halves, it is read again from the positions before it.
    if (this.#catchUp !== null) this.#catchUp.sourcesLeft = Number.POSITIVE_INFINITY;
    await Promise.all(this.#feeds.map(({ source }) => source.stop()));
    this.#catchUp = null;
    this.#feeds = [];
    this.#readers.clear();
    this.#looks.clear();
  }

  /** Takes what a server reports at once, in one stream with what the logs tell. */
  report(report: LoginReport): void {
    const sighting = reportSighting(report, this.#options.now());
    const backlog = this.#catchUp?.backlog;
    if (backlog) backlog.add(report.reporter, sighting.time, { sighting, counts: null });
    else this.#see(sighting, null);
    this.#options.onChunk();
  }

  /** Lets lines that wait for others wait no longer than they must. While old lines are still being read, theirs is the time. */
  tick(): void {
    const now = this.#options.now();
    if (this.#catchUp?.backlog && now - this.#catchUp.since > LONGEST_CATCH_UP) this.#endCatchUp(false);
    if (this.#catchUp !== null) return;
    this.#joiner.tick(now, this.#emit);
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
      const { lines, cut, events, lastEvent } = this.#counts.get(source.name) ?? newCounts(source.name);
      const { name, state, problem, origins } = source.status();
      const names = filters.map((filter) => filter.name);
      const shared = this.#shared.problemOf(name);
      return { name, state, problem: problem ?? shared, filters: names, lines, cut, events, lastEvent, origins };
    });
  }

  #sink(feed: Feed): Sink {
    const { name } = feed.source;
    return {
      chunk: (chunk) => this.#read(feed, chunk),
      begin: (position) => this.#begin(position),
      forget: (position) => {
        this.#shared.release(position);
        this.#place(positionKey(position), null);
      },
      warn: (message) => this.#options.warn(name, message),
      info: (message) => this.#options.info(name, message),
    };
  }

  #newShared(): SharedLogs {
    const feedOf = (source: string): Feed | undefined => this.#feeds.find((feed) => feed.source.name === source);
    // One that is new beside others has not counted what they have.
    const known = new Set([...this.#positions.values()].map((text) => (JSON.parse(text) as Position).source));
    const names = this.#feeds.map(({ source }) => source.name);
    return new SharedLogs({
      sources: names.sort((one, other) => Number(known.has(other)) - Number(known.has(one))),
      follows: (source, path) => feedOf(source)?.source.follows?.(path) ?? false,
      mayCountTwice: (source, other) =>
        feedOf(source)?.filters.some((filter) => feedOf(other)?.filters.includes(filter)) ?? false,
      warn: this.#options.warn,
    });
  }

  /**
   * Kept at once, also while what is behind it waits to be judged: a daemon that is killed then goes on here, wherever the
   * log has been rotated to meanwhile.
   */
  #begin(position: Position): void {
    this.#shared.isLeft(position, true);
    const [key, text] = [positionKey(position), JSON.stringify(position)];
    // Unless what was read of another file with this inode still waits.
    if (!this.#positions.has(key)) this.#keep(key, text);
    this.#place(key, text);
    this.#options.onChunk();
  }

  #read(feed: Feed, chunk: Chunk): void {
    if (this.#shared.isLeft(chunk.position)) {
      // It moves on all the same: were the other source gone, this one would not begin with what has counted.
      this.#place(positionKey(chunk.position), JSON.stringify(chunk.position));
      return;
    }
    const reader = this.#reader(feed, chunk);
    const counts = this.#count(chunk.source);
    const before = reader.lines;
    // Not by its name: a copy that is read under the name of its log is a file of its own, in whatever order they come.
    const log = positionKey(chunk.position);
    reader.match(chunk.data, (sighting) => {
      const backlog = this.#catchUp?.backlog;
      if (backlog) backlog.add(log, sighting.time, { sighting, counts });
      else this.#see(sighting, counts);
    });
    counts.lines += reader.lines - before;
    counts.cut += chunk.cut;
    this.#place(positionKey(chunk.position), JSON.stringify(chunk.position));
    if (this.#catchUp?.backlog && this.#catchUp.backlog.size >= MAX_WAITING) this.#takeBacklog(this.#catchUp, false);
    this.#options.onChunk();
  }

  #see(sighting: Sighting, counts: FeedCounts | null): void {
    this.#current = counts;
    // One log in its order: while it is caught up with, its lines tell the time.
    if (this.#catchUp?.backlog === null && counts !== null) this.#joiner.tick(sighting.time, this.#emit);
    if (counts === null) this.#joiner.report(sighting, this.#emit);
    else this.#joiner.see(sighting, this.#emit);
    this.#current = null;
  }

  #endCatchUp(all: boolean): void {
    const catchUp = this.#catchUp;
    this.#catchUp = null;
    if (catchUp === null) return;
    this.#takeBacklog(catchUp, all);
    this.#options.onChunk();
  }

  /** @param all whether the logs have been read to their ends, so that nothing earlier can come. */
  #takeBacklog({ backlog, positions }: CatchUp, all: boolean): void {
    for (const { sighting, counts } of backlog?.take() ?? []) {
      if (all) this.#joiner.tick(sighting.time, this.#emit);
      this.#see(sighting, counts);
    }
    for (const [key, position] of positions.splice(0)) this.#keep(key, position);
  }

  /** Remembers where reading goes on; null where there is nothing more to read. */
  #place(key: string, position: string | null): void {
    if (this.#catchUp?.backlog) this.#catchUp.positions.push([key, position]);
    else this.#keep(key, position);
  }

  #keep(key: string, position: string | null): void {
    if (position === null) this.#positions.delete(key);
    else this.#positions.set(key, position);
    this.#changedPositions.set(key, position);
  }

  readonly #emit = ({ event }: Joined): void => {
    if (this.#current) {
      this.#current.events++;
      this.#current.lastEvent = event.time;
    }
    this.#options.onEvent(event, this.#current?.source ?? null);
  };

  #reader(feed: Feed, chunk: Chunk): LogReader {
    const key = `${chunk.source} ${chunk.origin}`;
    let reader = this.#readers.get(key);
    if (reader === undefined) {
      if (this.#readers.size >= MAX_READERS) this.#readers.clear();
      const { filters, localTime, units } = feed;
      const looks = this.#looks.get(feed) ?? new Looks(filters);
      this.#looks.set(feed, looks);
      const options = {
        filters,
        localTime,
        reference: this.#options.now,
        trust: { units },
        copies: this.#copies,
        looks,
      };
      reader = new LogReader(options, this.#joiner, chunk.format);
      this.#readers.set(key, reader);
    }
    return reader;
  }

  #count(source: string): FeedCounts {
    let counts = this.#counts.get(source);
    if (counts === undefined) {
      counts = newCounts(source);
      this.#counts.set(source, counts);
    }
    return counts;
  }
}

function newCounts(source: string): FeedCounts {
  return { source, lines: 0, cut: 0, events: 0, lastEvent: null };
}
