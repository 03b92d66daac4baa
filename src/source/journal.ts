/**
 * The source for the systemd journal: keeps one journalctl running and goes on behind the last cursor. When it dies or
 * is not there, it is started again after a pause that doubles; none of that stops another source.
 */
import type { Millis } from '../core/types.ts';
import { JournalCutter } from './journal-lines.ts';
import {
  cursorOf,
  type Journalctl,
  type JournalEnd,
  type JournalMatches,
  type JournalStart,
  journalArguments,
  runJournalctl,
  timeOfCursor,
} from './journalctl.ts';
import { Problems } from './problems.ts';
import type { Position, Sink, Source, SourceStatus } from './types.ts';

export interface JournalSourceOptions {
  readonly name: string;
  /** Entries of any of these units or facilities; all entries where none is given. */
  readonly units: readonly string[];
  readonly facilities?: readonly number[];
  /** This host's id, for entries of other boots than this one. */
  readonly machine?: string | null;
  /** The program to run; `journalctl` where not given. */
  readonly command?: string;
  readonly now: () => Millis;
  /** The backlog counts as read when nothing has come for so long; 300 ms where not given. */
  readonly quiet?: Millis;
  /** Before the first new try; 1 s where not given. Doubles up to 60 times that. */
  readonly pause?: Millis;
}

export function journalSource(options: JournalSourceOptions): Source {
  let running: RunningJournalSource | null = null;
  return {
    name: options.name,
    start(positions, since, sink) {
      running = new RunningJournalSource(options, since, sink);
      return running.start(positions);
    },
    stop: async () => running?.stop(),
    status: () => running?.status() ?? { name: options.name, state: 'starting', problem: null, origins: [] },
  };
}

const DEFAULT_QUIET: Millis = 300;
const DEFAULT_PAUSE: Millis = 1_000;
const MOST_DOUBLED = 60;
/** The start of a journalctl that has run for so many first pauses was a good one. */
const RAN_WELL = 10;
/** journald takes fields of up to 48 KiB from syslog; JSON may triple that. Larger ones are attachments, not log lines. */
const LONGEST_ENTRY = 1024 * 1024;
const ORIGIN = 'journal';
const UNAVAILABLE = 'journalctl';

class RunningJournalSource {
  readonly #options: JournalSourceOptions;
  readonly #matches: JournalMatches;
  readonly #sink: Sink;
  readonly #problems: Problems;
  readonly #caughtUp = Promise.withResolvers<void>();
  #start: JournalStart;
  #state: 'starting' | 'reading' | 'failed' | 'stopped' = 'starting';
  #child: Journalctl | null = null;
  #ended: Promise<void> = Promise.resolve();
  #quietTimer: NodeJS.Timeout | null = null;
  #pauseTimer: NodeJS.Timeout | null = null;
  #pause: Millis;
  #bytes = 0;
  /** Entries dropped since the last chunk. */
  #dropped = 0;

  constructor(options: JournalSourceOptions, since: Millis, sink: Sink) {
    const { units, facilities = [], machine = null } = options;
    this.#options = options;
    this.#matches = { units, facilities, machine };
    this.#sink = sink;
    this.#problems = new Problems(sink);
    this.#start = { type: 'since', time: since };
    this.#pause = options.pause ?? DEFAULT_PAUSE;
  }

  async start(positions: readonly Position[]): Promise<void> {
    for (const one of positions) {
      if (one.type === 'journal' && one.source === this.#options.name)
        this.#start = { type: 'after', cursor: one.cursor };
    }
    this.#run();
    await this.#caughtUp.promise;
    if (this.#state === 'starting') this.#state = 'reading';
  }

  async stop(): Promise<void> {
    this.#state = 'stopped';
    if (this.#pauseTimer !== null) clearTimeout(this.#pauseTimer);
    this.#isCaughtUp();
    this.#child?.stop();
    await this.#ended;
  }

  status(): SourceStatus {
    const origins = this.#child === null ? [] : [{ origin: ORIGIN, offset: this.#bytes, size: this.#bytes }];
    return { name: this.#options.name, state: this.#state, problem: this.#problems.summary(), origins };
  }

  #run(): void {
    const cutter = new JournalCutter(LONGEST_ENTRY);
    const args = journalArguments(this.#matches, this.#start);
    const { command = 'journalctl', pause = DEFAULT_PAUSE } = this.#options;
    this.#child = runJournalctl(command, args, (data) => this.#onData(cutter, data));
    this.#waitForQuiet();
    const well = setTimeout(() => this.#onWell(), pause * RAN_WELL);
    this.#ended = this.#child.ended.then((end) => {
      clearTimeout(well);
      this.#onEnd(end);
    });
  }

  /** A journal in which nothing happens is no problem. */
  #onWell(): void {
    this.#pause = this.#options.pause ?? DEFAULT_PAUSE;
    this.#isWorking();
  }

  #isWorking(): void {
    if (this.#state === 'failed') this.#state = 'reading';
    this.#problems.solved(UNAVAILABLE, 'The journal can be read again');
  }

  #onData(cutter: JournalCutter, data: Buffer): void {
    if (this.#state === 'stopped') return;
    this.#isWorking();
    this.#bytes += data.length;
    this.#waitForQuiet();
    const lines = cutter.add(data);
    this.#dropped += lines.dropped;
    if (lines.data.length === 0) return;
    const cursor = lastCursor(lines.data) ?? (this.#start.type === 'after' ? this.#start.cursor : null);
    if (cursor === null) return void this.#sink.warn('journalctl printed something that is no entry of a journal');
    this.#start = { type: 'after', cursor };
    const source = this.#options.name;
    const position = { type: 'journal', source, cursor } as const;
    this.#sink.chunk({ source, origin: ORIGIN, format: 'journal', data: lines.data, position, cut: this.#dropped });
    this.#dropped = 0;
  }

  #onEnd(end: JournalEnd): void {
    this.#child = null;
    this.#isCaughtUp();
    if (this.#state === 'stopped') return;
    this.#state = 'failed';
    if (end.cursorRejected && this.#start.type === 'after') this.#loseCursor(this.#start.cursor);
    else this.#problems.report(UNAVAILABLE, `Cannot read the journal, ${end.reason}; trying again and again`);
    this.#pauseTimer = setTimeout(() => this.#run(), this.#pause);
    const first = this.#options.pause ?? DEFAULT_PAUSE;
    this.#pause = Math.min(this.#pause * 2, first * MOST_DOUBLED);
  }

  /** What was written later than the entry of the lost cursor has not been read, and that is all of it. */
  #loseCursor(cursor: string): void {
    const time = timeOfCursor(cursor);
    const microsecond = 0.001;
    const from = time === null ? this.#options.now() : time + microsecond;
    this.#start = { type: 'since', time: from };
    const when = new Date(from).toISOString();
    this.#sink.warn(
      `The journal does not know the place any more where reading ended, going on with entries since ${when}`,
    );
  }

  /** journalctl gives no sign that it has printed all there was, other than to be silent. */
  #waitForQuiet(): void {
    if (this.#state !== 'starting') return;
    if (this.#quietTimer !== null) clearTimeout(this.#quietTimer);
    this.#quietTimer = setTimeout(() => this.#isCaughtUp(), this.#options.quiet ?? DEFAULT_QUIET);
  }

  #isCaughtUp(): void {
    if (this.#quietTimer !== null) clearTimeout(this.#quietTimer);
    this.#caughtUp.resolve();
  }
}

/** The cursor of the last line that has one. */
function lastCursor(data: Buffer): string | null {
  for (let end = data.length - 1; end >= 0; ) {
    const start = data.lastIndexOf(10, end - 1) + 1;
    const cursor = end > 0 ? cursorOf(data.toString('latin1', start, end)) : null;
    if (cursor !== null || start === 0) return cursor;
    end = start - 1;
  }
  return null;
}
