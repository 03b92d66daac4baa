/**
 * The source for log files: looks which files are there whenever the watch or the clock says so, decides from where a
 * new one is to be read, and brings back what was read before. What is inside a file is the tailer's business.
 */
import { dirname } from 'node:path';
import type { Millis } from '../core/types.ts';
import { Absences } from './absences.ts';
import { Blocks } from './blocks.ts';
import { findCopy, originOf, rotatedFrom } from './copies.ts';
import { Followed } from './followed.ts';
import { compileGlobs, errorCode, type GlobSet, isMissing } from './glob.ts';
import { openMissed, type Seen } from './missed.ts';
import { fileKey, type OpenLog, openLog } from './open-log.ts';
import { readPacked } from './packed.ts';
import { cannotRead, nothingMatches, Problems } from './problems.ts';
import { planResume } from './resume.ts';
import { findStart, lastLineStart } from './seek.ts';
import type { Past, Tailer } from './tailer.ts';
import type { FilePosition, Position, Sink, Source, SourceStatus, TimeOfLine } from './types.ts';
import { type Watch, type WatchEvent, watchFiles } from './watch.ts';

export interface FileSourceOptions {
  readonly name: string;
  /** Absolute paths, with `*`, `?`, `[…]` and `{a,b}`. */
  readonly globs: readonly string[];
  readonly timeOfLine: TimeOfLine;
  readonly now: () => Millis;
  /** How often the disk is looked at without an event; 2 s where not given. */
  readonly rescan?: Millis;
  /** How long a rotated file has to be silent before it is let go; 10 s where not given. */
  readonly quiet?: Millis;
}

/** @throws RangeError where a glob is no absolute path. */
export function fileSource(options: FileSourceOptions): Source {
  const globs = compileGlobs(options.globs);
  let running: RunningFileSource | null = null;
  return {
    name: options.name,
    follows: globs.matches,
    start(positions, since, sink) {
      running = new RunningFileSource(options, globs, since, sink);
      return running.start(positions);
    },
    stop: async () => running?.stop(),
    status: () => running?.status() ?? { name: options.name, state: 'starting', problem: null, origins: [] },
  };
}

const DEFAULT_RESCAN: Millis = 2_000;
const DEFAULT_QUIET: Millis = 10_000;
/** Subjects of problems that are no paths of logs. */
const WATCH = 'watch';
const REST = 'rest:';

class RunningFileSource {
  readonly #options: FileSourceOptions;
  readonly #globs: GlobSet;
  readonly #since: Millis;
  readonly #sink: Sink;
  readonly #problems: Problems;
  readonly #absences: Absences;
  readonly #followed: Followed;
  readonly #watch: Watch;
  /** Positions from the store whose files have not been found yet. */
  #stored: readonly FilePosition[] = [];
  /** Where there were positions: what is new there appeared while nobody looked. */
  #directories: ReadonlySet<string> = new Set();
  /** What was there at the start and could not be read. */
  readonly #late = new Set<string>();
  #state: 'starting' | 'running' | 'stopped' = 'starting';
  #first = true;
  #timer: NodeJS.Timeout | null = null;
  #scanning: Promise<void> | null = null;
  #scanAgain = false;

  constructor(options: FileSourceOptions, globs: GlobSet, since: Millis, sink: Sink) {
    this.#options = options;
    this.#globs = globs;
    this.#since = since;
    this.#sink = sink;
    this.#problems = new Problems(sink);
    this.#absences = new Absences(options.globs, this.#problems, options.now);
    this.#followed = new Followed(
      {
        source: options.name,
        sink,
        now: options.now,
        blocks: new Blocks(),
        origin: (tailer) => originOf(tailer, this.#followed.all()),
        emptied: (tailer, past) => {
          if (tailer.mayBeCopy) return this.#onUnseen(tailer);
          return past.head.length === 0 ? this.#onFilled(tailer, past) : this.#onEmptied(tailer, past);
        },
        problem: (tailer, error) => this.#onProblem(tailer, error),
      },
      options.quiet ?? DEFAULT_QUIET,
    );
    this.#watch = watchFiles({
      roots: globs.roots,
      isLog: globs.matches,
      mayContain: globs.mayContain,
      onEvent: (path, event) => this.#onEvent(path, event),
      onError: ({ message }) =>
        this.#problems.report(WATCH, `Cannot watch the logs for changes (${message}), looking now and then instead`),
    });
  }

  async start(positions: readonly Position[]): Promise<void> {
    const own = positions.filter((one) => one.type === 'file').filter((one) => one.source === this.#options.name);
    this.#stored = own.filter(({ path }) => this.#globs.matches(path));
    this.#directories = new Set(this.#stored.map(({ path }) => dirname(path)));
    for (const position of own) if (!this.#stored.includes(position)) this.#sink.forget(position);
    await this.#watch.ready;
    await this.#scan();
    await Promise.all(this.#followed.all().map((tailer) => tailer.drained()));
    if (this.#state === 'stopped') return;
    this.#state = 'running';
    this.#timer = setInterval(() => this.#tick(), this.#options.rescan ?? DEFAULT_RESCAN);
  }

  async stop(): Promise<void> {
    this.#state = 'stopped';
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#watch.close();
    await this.#followed.close();
    await this.#scanning;
    await this.#followed.close();
  }

  status(): SourceStatus {
    const origins = this.#followed.all().map(({ path, offset, size }) => ({ origin: path, offset, size }));
    const state = this.#shownState();
    const waiting = state === 'waiting' ? nothingMatches(this.#options.globs.join(' or ')) : null;
    return { name: this.#options.name, state, problem: this.#problems.summary() ?? waiting, origins };
  }

  #shownState(): SourceStatus['state'] {
    if (this.#state !== 'running') return this.#state;
    const working = this.#followed.all().filter(({ log }) => !this.#problems.has(log.key));
    // A rotated file is still read, but stands for no log once that is known to be gone.
    if (working.some(({ strayedAt }) => strayedAt === null || !this.#absences.some())) return 'reading';
    return this.#absences.onlyMissing() ? 'waiting' : 'failed';
  }

  #onEvent(path: string, event: WatchEvent): void {
    const tailer = this.#followed.at(path);
    tailer?.wake();
    this.#followed.wakeStrayed(dirname(path));
    const news = event === 'names' ? this.#globs.matches(path) || this.#globs.mayContain(path) : tailer === undefined;
    // A file that cannot be read may be written to all the time; it is tried again by the clock.
    if (news && !this.#problems.has(path) && (event === 'names' || this.#globs.matches(path))) void this.#scan();
  }

  #tick(): void {
    for (const tailer of this.#followed.all()) tailer.wake();
    // Only a file that a new look has not found either is let go.
    void this.#scan().then(() => this.#followed.release());
  }

  /** Looks at the disk; a call during a look makes it look once more. */
  #scan(): Promise<void> {
    if (this.#state === 'stopped') return Promise.resolve();
    this.#scanAgain = true;
    this.#scanning ??= this.#scanWhileAsked();
    return this.#scanning;
  }

  async #scanWhileAsked(): Promise<void> {
    try {
      while (this.#scanAgain && this.#state !== 'stopped') {
        this.#scanAgain = false;
        await this.#scanOnce();
      }
    } finally {
      this.#scanning = null;
    }
  }

  async #scanOnce(): Promise<void> {
    const first = this.#first;
    this.#first = false;
    const listing = await this.#globs.list();
    // What is no file now will be a new one; only that is read later which is there already.
    if (first) for (const [path, error] of listing.problems) if (errorCode(error) !== null) this.#late.add(path);
    await this.#absences.look(listing, this.#followed.all(), first);
    await this.#followed.rename(listing.files);
    const unknown = [...listing.files].filter(([, key]) => !this.#followed.has(key));
    const isWaiting = this.#problems.subjects().some((subject) => subject.startsWith(REST));
    if (this.#stored.length > 0 && (first || unknown.length > 0 || isWaiting)) await this.#resume(listing.files);
    for (const [path, key] of unknown) if (!this.#followed.has(key)) await this.#admit(path, first);
  }

  /** Stored positions by log: a rotated file that the globs lead to is a part of one, and no log of its own. */
  #storedByLog(files: ReadonlyMap<string, string>): readonly FilePosition[] {
    const paths = [...files.keys(), ...this.#stored.map(({ path }) => path)];
    const isNamed = (path: string): boolean => this.#options.globs.includes(path);
    return this.#stored.map((one) => (isNamed(one.path) ? one : { ...one, path: rotatedFrom(one.path, paths) }));
  }

  /** Goes on at the stored positions, under whatever names their files are now. */
  async #resume(files: ReadonlyMap<string, string>): Promise<void> {
    const plan = await planResume(this.#storedByLog(files), (key) => this.#followed.has(key));
    const isStopped = () => this.#state === 'stopped';
    const packed = await readPacked(plan.lost, this.#sink, isStopped);
    if (isStopped()) return void (await Promise.all(plan.files.map(({ log }) => log.handle.close())));
    // One go from here on: a checkpoint holds either the old positions or all of the new ones.
    this.#stored = plan.waiting;
    const last = new Map<string, Tailer>();
    for (const { log, offset, of } of plan.files) {
      const strayed = !this.#globs.matches(log.path);
      const before = last.get(of);
      const after = before === undefined ? [] : [before];
      const start = { path: strayed ? of : log.path, offset, mayBeCopy: false, after };
      const tailer = this.#followed.add(log, start, strayed);
      last.set(of, tailer);
      tailer.register();
    }
    const kept = new Set(plan.files.map(({ log }) => log.key));
    const done = packed.filter(({ device, inode }) => !kept.has(fileKey(device, inode)));
    for (const position of [...plan.gone, ...done]) this.#sink.forget(position);
    this.#problems.only(REST, plan.unreadable);
    for (const warning of plan.warnings) this.#sink.warn(warning);
    for (const tailer of last.values()) tailer.wake();
  }

  /** Begins with a file that no position is known of. */
  async #admit(path: string, first: boolean): Promise<void> {
    const late = first || [...this.#late].some((one) => path === one || path.startsWith(`${one}/`));
    let log: OpenLog | null = null;
    let offset = 0;
    try {
      log = await openLog(path);
      if (late) offset = await this.#firstOffset(log);
    } catch (error) {
      await log?.handle.close();
      this.#onUnreadable(path, error, first);
      return;
    }
    // Looked for once this one is open: what was rotated away before it came under the name is there by now.
    const known = this.#followed.predecessors(path);
    const missed = await this.#followMissed(path, known);
    if (this.#state === 'stopped' || this.#followed.has(log.key)) return void (await log.handle.close());
    this.#late.delete(path);
    this.#problems.solved(path, `${path} can be read now`);
    // Nothing is a copy of a file that is not known.
    const mayBeCopy = this.#followed.all().length > 0 && (!first || this.#directories.size > 0);
    const after = [...known, ...missed];
    const tailer = this.#followed.add(log, { path, offset, mayBeCopy, after }, false);
    if (!mayBeCopy) this.#sink.begin(tailer.position());
    tailer.wake();
  }

  /** Opens what came after these files of a log and was rotated away before anybody looked, and follows it. */
  async #followMissed(path: string, known: readonly Tailer[], after = known): Promise<readonly Tailer[]> {
    if (known.length === 0) return [];
    const keys = new Set(known.map(({ log }) => log.key));
    return this.#addMissed(path, await this.#openMissed(path, { known: keys }), after);
  }

  #openMissed(path: string, seen: Seen): Promise<readonly OpenLog[]> {
    return openMissed(path, seen, (key) => this.#followed.has(key));
  }

  /** @param after what has to be read before the first of them; each waits for the one before it. */
  #addMissed(path: string, logs: readonly OpenLog[], after: readonly Tailer[]): readonly Tailer[] {
    const missed: Tailer[] = [];
    for (const log of logs) {
      if (this.#followed.has(log.key)) {
        void log.handle.close();
        continue;
      }
      const start = { path, offset: 0, mayBeCopy: true, after: missed.length === 0 ? after : missed.slice(-1) };
      missed.push(this.#followed.add(log, start, true));
    }
    for (const tailer of missed) {
      tailer.register();
      tailer.wake();
    }
    return missed;
  }

  async #firstOffset(log: OpenLog): Promise<number> {
    const { handle, path, size } = log;
    const found = await findStart(handle, size, this.#since, this.#options.timeOfLine);
    if (found !== null) return found;
    return this.#directories.has(dirname(path)) ? 0 : lastLineStart(handle, size);
  }

  /** Reads what was copied away unread before the file was emptied, then lets the file go on. */
  async #onEmptied(tailer: Tailer, past: Past): Promise<void> {
    // A copy whose name the globs match is one of those that may be a copy, once the disk has been looked at.
    await this.#scan();
    // Not for one that waits for a file in the same state, perhaps this one: two would wait for each other.
    const others = this.#followed.all().filter((one) => one.mayBeCopy && !one.waitsForEmptied());
    await Promise.all(others.map((one) => one.drained()));
    const isFollowed = (key: string) => this.#followed.has(key);
    const log = past.copy !== null ? null : await findCopy(tailer.path, past, isFollowed);
    const later = log === null ? [] : await this.#openMissed(tailer.path, { known: new Set([log.key]) });
    this.#sink.info(`${tailer.path} was emptied, reading it from its beginning`);
    if (log === null || isFollowed(log.key) || this.#state === 'stopped') {
      await Promise.all([log, ...later].map((one) => one?.handle.close()));
      // One that may have been a copy has turned out to be this one's.
      await past.copy?.drained();
      if (this.#state !== 'stopped') tailer.register();
      return;
    }
    // One go from here on, so that a checkpoint holds either the old position or all of the new ones.
    const strayed = !this.#globs.matches(log.path);
    const path = strayed ? tailer.path : log.path;
    const start = { path, offset: past.offset, mayBeCopy: false, after: [] };
    const copy = this.#followed.add(log, start, strayed);
    past.copy = copy;
    copy.register();
    const missed = this.#addMissed(tailer.path, later, [copy]);
    tailer.register();
    await copy.drained();
    await Promise.all(missed.map((one) => one.drained()));
  }

  /** Reads what may have been written, copied and emptied since the file was seen empty. */
  async #onFilled(tailer: Tailer, past: Past): Promise<void> {
    const logs = await this.#openMissed(tailer.path, { emptyAt: past.modified });
    if (this.#state === 'stopped') return void (await Promise.all(logs.map(({ handle }) => handle.close())));
    const missed = this.#addMissed(tailer.path, logs, []);
    await Promise.all(missed.map((one) => one.drained()));
  }

  /** The same for a file that was emptied before anything was read of it: the copy is of what nobody has seen. */
  async #onUnseen(tailer: Tailer): Promise<void> {
    await this.#scan();
    // What came before had been read when this one began.
    const missed = await this.#followMissed(tailer.path, this.#followed.predecessors(tailer.path), []);
    await Promise.all(missed.map((one) => one.drained()));
  }

  #onUnreadable(path: string, error: unknown, first: boolean): void {
    if (isMissing(error)) return;
    if (!(error instanceof Error) || errorCode(error) === null) throw error;
    if (first) this.#late.add(path);
    this.#problems.report(path, cannotRead(path, error));
  }

  #onProblem(tailer: Tailer, error: Error | null): void {
    if (error === null) this.#problems.solved(tailer.log.key, `${tailer.path} can be read again`);
    else this.#problems.report(tailer.log.key, cannotRead(tailer.path, error));
  }
}
