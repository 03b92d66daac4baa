/**
 * Reads a log the way the daemon does, in a process of its own: the file source, matching, joining, the judge; with a
 * path for a database also the guard and the store, with a checkpoint every second. Prints one JSON object a run.
 *
 *     node bench/reading-run.ts LOG RUNS all|NAME,NAME [DATABASE]
 */
import { rmSync } from 'node:fs';
import { DISK } from '../src/config/files.ts';
import { loadFilters } from '../src/config/filter-files.ts';
import { loadConfig } from '../src/config/load.ts';
import { Judge } from '../src/core/judge.ts';
import type { Event } from '../src/core/types.ts';
import { Guard } from '../src/daemon/guard.ts';
import { Reading } from '../src/daemon/reading.ts';
import { timeInLine } from '../src/filter/line-time.ts';
import { StampReader } from '../src/filter/stamp.ts';
import { createLogger } from '../src/log.ts';
import { fileSource } from '../src/source/file.ts';
import { Store } from '../src/store/store.ts';
import { LOG_END, ROOT } from './context.ts';

/** One reading of the whole log. */
export interface ReadingRun {
  readonly lines: number;
  readonly events: number;
  readonly bans: number;
  readonly subjects: number;
  readonly milliseconds: number;
}

/** What takes the events: the judge alone, or the guard with a store behind it. */
interface Taker {
  handle(event: Event): void;
  commit(): void;
  bans(): number;
  close(): void;
}

const CHECKPOINT_EVERY = 1_000;
const now = (): number => LOG_END;

const [log = '', runs = '1', names = 'all', database] = process.argv.slice(2);
const filters = [...(await loadFilters(`${ROOT}filters`)).values()].filter(
  ({ definition }) => names === 'all' || names.split(',').includes(definition.name),
);
const { config } = await loadConfig(null, DISK, {
  filters: filters.map(({ definition }) => definition.name),
});
for (let i = 0; i < Number(runs); i++) process.stdout.write(`${JSON.stringify(await readOnce())}\n`);

async function readOnce(): Promise<ReadingRun> {
  const judge = new Judge(config);
  const localTime = Date.UTC;
  const stamps = new StampReader(localTime, now);
  const source = fileSource({ name: 'mail', globs: [log], timeOfLine: (line) => timeInLine(line, stamps), now });
  let events = 0;
  const reading = new Reading({
    now,
    onEvent: (event) => {
      events++;
      taker.handle(event);
    },
    onChunk: () => taker.commit(),
    warn: (name, message) => process.stderr.write(`${name}: ${message}\n`),
    info: () => {},
  });
  const taker = database === undefined ? judgeAlone(judge) : guardWithStore(judge, reading, database);
  const start = performance.now();
  await reading.start(
    [{ source, filters: filters.map(({ compiled }) => compiled), localTime, units: new Set<string>(), isOneLog: true }],
    0,
  );
  taker.close();
  const milliseconds = performance.now() - start;
  await reading.stop();
  return { lines: reading.lines, events, bans: taker.bans(), subjects: judge.subjects, milliseconds };
}

function judgeAlone(judge: Judge): Taker {
  let bans = 0;
  return {
    handle(event) {
      const verdict = judge.handle(event, LOG_END);
      if (verdict.type === 'banned') bans += verdict.bans.length;
    },
    commit: () => {},
    bans: () => bans,
    close: () => {},
  };
}

function guardWithStore(judge: Judge, reading: Reading, path: string): Taker {
  for (const suffix of ['', '-wal', '-shm', '-lock']) rmSync(path + suffix, { force: true });
  const say = (message: string): void => void process.stderr.write(`${message}\n`);
  const store = Store.open(path, { now, warn: say });
  const quiet = createLogger({ level: 'error', format: 'json', terminal: false, destination: process.stderr });
  const options = { judge, store, now, log: quiet, banTime: () => config.banTime, alwaysAllowed: () => [] };
  const guard = new Guard(options);
  guard.connect([], reading);
  const timer = setInterval(() => guard.checkpoint(), CHECKPOINT_EVERY);
  let bans = 0;
  return {
    handle(event) {
      const verdict = guard.handle(event);
      if (verdict.type === 'banned') bans += verdict.bans.length;
    },
    commit: () => guard.commit(),
    bans: () => bans,
    close() {
      clearInterval(timer);
      guard.checkpoint();
      store.close();
    },
  };
}
