/** `tailban replay`: whom the configuration would have banned, going by old logs, and which innocents among them. */
import { systemClock } from '../../clock.ts';
import { DISK } from '../../config/files.ts';
import { loadConfig } from '../../config/load.ts';
import type { Millis } from '../../core/types.ts';
import { loadEverything } from '../../daemon/loading.ts';
import { Copies } from '../../filter/copies.ts';
import { advise } from '../../replay/advice.ts';
import { compareTrials } from '../../replay/comparison.ts';
import { findInnocents } from '../../replay/innocents.ts';
import { replay as replayLogs } from '../../replay/replay.ts';
import { sortLogs } from '../../replay/rotation.ts';
import { Trial } from '../../replay/trial.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import type { Invocation } from '../invocation.ts';
import { readLimit } from '../limit-option.ts';
import { readMoment, zoneOption } from '../moments.ts';
import { configPath, filtersFolder, ownFiltersFolder } from '../places.ts';
import { inspectFile, type ReplayFile, readLog } from '../replay/files.ts';
import { jsonReport } from '../replay/json.ts';
import type { Outcome } from '../replay/outcome.ts';
import { Progress } from '../replay/progress.ts';
import { printReport } from '../replay/report.ts';
import { type LineRules, lineRules } from '../replay/rules.ts';
import type { Terminal } from '../terminal.ts';
import { unreadable } from '../unreadable.ts';

export interface ReplayOptions {
  readonly since?: string;
  readonly until?: string;
  readonly filter?: readonly string[];
  readonly timezone?: string;
  readonly compare?: string;
  readonly limit?: string;
  readonly verbose?: boolean;
  readonly json?: boolean;
}

const USUAL_LIMIT = 50;

export async function replay(
  { terminal, globals }: Invocation,
  names: readonly string[],
  options: ReplayOptions,
): Promise<ExitCode> {
  const { filter = [], timezone, compare, verbose = false, json = false } = options;
  const localTime = timezone === undefined ? null : zoneOption(timezone);
  const moment = (option: 'since' | 'until', otherwise: Millis): Millis => {
    const text = options[option];
    if (text === undefined) return otherwise;
    return readMoment(`--${option}`, text, terminal.now(), localTime ?? systemClock.localTime);
  };
  const since = moment('since', Number.NEGATIVE_INFINITY);
  const until = moment('until', Number.POSITIVE_INFINITY);
  const limit = options.limit === undefined ? null : readLimit(options.limit);
  const { loaded, filters } = await loadEverything({
    configPath: configPath(globals.config),
    filterFolder: filtersFolder(),
    ownFilterFolder: ownFiltersFolder(globals.filters),
  });
  const trial = new Trial(loaded.config, { keepEvidence: verbose });
  const other = compare === undefined ? null : await otherTrial(compare, [...filters.keys()]);
  const rules = lineRules(loaded.config, filters, { filters: filter, localTime });
  const problems = new Problems(terminal);
  const files = await inspectFiles(names.length === 0 ? ['-'] : names, terminal, rules, problems);
  if (files.length === 0) return problems.exitCode;
  const { logs, copies } = sortLogs(files);
  for (const [copy, read] of copies)
    terminal.note(`note: ${copy.name} begins as ${read.name} does and is taken for a copy of it; it is left out`);
  const progress = new Progress(terminal, totalSize(files), !json);
  let last: Millis | null = null;
  const watch = {
    bytes: (count: number) => progress.bytes(count),
    lines: (count: number) => {
      progress.lines += count;
    },
    end: (time: Millis) => {
      last = Math.max(time, last ?? time);
    },
    problem: (name: string, error: unknown) => {
      progress.end();
      problems.tell(name, error);
    },
  };
  const reading = { terminal, rules, since, until, watch, copies: new Copies() };
  const events = await replayLogs({
    logs: logs.map((log) => readLog(log, reading)),
    trials: other === null ? [trial] : [trial, other],
    since,
    until,
  });
  progress.end();
  const innocents = findInnocents(trial.banned.values());
  const outcome: Outcome = {
    logs,
    lines: progress.lines,
    ...period(files, last, since, until),
    events,
    trial,
    innocents,
    advice: advise(innocents, trial.banned.values()),
    other:
      other === null || compare === undefined
        ? null
        : { file: compare, trial: other, comparison: compareTrials(trial, other) },
  };
  if (json) await terminal.write(`${JSON.stringify(jsonReport(outcome, { limit, verbose }), null, 2)}\n`);
  else await printReport(terminal, outcome, { limit: limit ?? USUAL_LIMIT, verbose });
  return problems.exitCode;
}

async function otherTrial(path: string, filters: readonly string[]): Promise<Trial> {
  const { config } = await loadConfig(path, DISK, { filters });
  return new Trial(config, { keepEvidence: false });
}

/** A file that cannot be read does not keep the others from being read. */
class Problems {
  readonly #terminal: Terminal;
  exitCode: ExitCode = EXIT.ok;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  tell(name: string, error: unknown): void {
    const problem = unreadable(error);
    if (problem === null) throw error;
    this.#terminal.fail(`Cannot read ${name === '-' ? 'standard input' : name}: ${problem.reason}`, '');
    if (this.exitCode === EXIT.ok) this.exitCode = problem.exitCode;
  }
}

async function inspectFiles(
  names: readonly string[],
  terminal: Terminal,
  rules: LineRules,
  problems: Problems,
): Promise<ReplayFile[]> {
  const files: ReplayFile[] = [];
  for (const name of new Set(names)) {
    try {
      files.push(await inspectFile(name, terminal, rules));
    } catch (error) {
      problems.tell(name, error);
    }
  }
  return files;
}

function totalSize(files: readonly ReplayFile[]): number | null {
  return files.reduce<number | null>((sum, { size }) => (sum === null || size === null ? null : sum + size), 0);
}

/** The time that the lines cover, as far as they were asked for. */
function period(
  files: readonly ReplayFile[],
  end: Millis | null,
  since: Millis,
  until: Millis,
): { first: Millis | null; last: Millis | null } {
  const starts = files.flatMap(({ start }) => start ?? []);
  const first = starts.length === 0 ? null : Math.max(since, Math.min(...starts));
  return { first, last: end === null ? null : Math.min(until, end) };
}
