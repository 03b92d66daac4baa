/** `tailban match`: what the filters read out of a log, event by event, as the daemon would. */
import { systemClock } from '../../clock.ts';
import { loadFilters } from '../../config/filter-files.ts';
import { closest } from '../../config/suggest.ts';
import type { Millis } from '../../core/types.ts';
import type { CompiledFilter } from '../../filter/compile.ts';
import { LogReader } from '../../filter/reader.ts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import type { Invocation } from '../invocation.ts';
import { type Input, openInput } from '../match/input.ts';
import { completeLines } from '../match/lines.ts';
import { Report, type ReportOptions } from '../match/report.ts';
import { filtersFolder } from '../places.ts';
import type { Terminal } from '../terminal.ts';
import { unreadable } from '../unreadable.ts';

export interface MatchOptions {
  readonly filter?: readonly string[];
  readonly json?: boolean;
  readonly all?: boolean;
}

const DAY: Millis = 86_400_000;

/** Each file is read by itself: lines of one file are not joined with lines of another. */
export async function match(
  { terminal }: Invocation,
  files: readonly string[],
  options: MatchOptions,
): Promise<ExitCode> {
  const filters = await chooseFilters(options.filter ?? []);
  const names = files.length === 0 ? ['-'] : files;
  const json = options.json === true || !terminal.isTty;
  let exitCode: ExitCode = EXIT.ok;
  for (const name of names) {
    const file = names.length > 1 ? name : null;
    const failed = await matchFile(terminal, name, filters, { json, all: options.all === true, file });
    if (exitCode === EXIT.ok) exitCode = failed;
  }
  return exitCode;
}

async function chooseFilters(names: readonly string[]): Promise<CompiledFilter[]> {
  const filters = await loadFilters(filtersFolder());
  if (names.length === 0) return [...filters.values()].map(({ compiled }) => compiled);
  return [...new Set(names)].map((name) => {
    const filter = filters.get(name);
    if (filter !== undefined) return filter.compiled;
    const near = closest(name, filters.keys());
    const hint = near === null ? `There are ${[...filters.keys()].join(', ')}` : `Did you mean "${near}"?`;
    throw new CliError(EXIT.usage, `There is no filter "${name}"`, hint);
  });
}

/** A file that cannot be read does not keep the others from being read. */
async function matchFile(
  terminal: Terminal,
  name: string,
  filters: readonly CompiledFilter[],
  options: ReportOptions,
): Promise<ExitCode> {
  let input: Input;
  try {
    input = await openInput(name, terminal.stdin);
  } catch (error) {
    return reportUnreadable(terminal, name, error);
  }
  const reader = new LogReader({
    filters,
    localTime: systemClock.localTime,
    reference: referenceOf(input, terminal.now()),
    trust: { units: new Set() },
  });
  const report = new Report(terminal, options);
  let exitCode: ExitCode = EXIT.ok;
  const lines = completeLines(input.blocks)[Symbol.asyncIterator]();
  for (;;) {
    let block: Buffer;
    try {
      const next = await lines.next();
      if (next.done) break;
      block = next.value;
    } catch (error) {
      exitCode = reportUnreadable(terminal, name, error);
      break;
    }
    reader.read(block, report.event);
    await report.settle(Math.min(reader.lines, reader.joiner.oldestWaitingLine() - 1));
  }
  reader.flush(report.event);
  await report.settle(reader.lines);
  return exitCode;
}

/** Decides the year of stamps that have none: that of an old file's last change, else now. */
function referenceOf({ modified }: Input, now: Millis): () => Millis {
  const reference = modified !== null && modified < now - DAY ? modified : now;
  return () => reference;
}

function reportUnreadable(terminal: Terminal, name: string, error: unknown): ExitCode {
  const problem = unreadable(error);
  if (problem === null) throw error;
  terminal.fail(`Cannot read ${name === '-' ? 'standard input' : name}: ${problem.reason}`, '');
  return problem.exitCode;
}
