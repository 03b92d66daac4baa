/** `tailban match`: what the filters read out of a log, event by event, as the daemon would. */
import { systemClock } from '../../clock.ts';
import type { CompiledFilter } from '../../filter/compile.ts';
import { LogReader } from '../../filter/reader.ts';
import type { LocalTime } from '../../filter/wall-clock.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { allFilters } from '../filters.ts';
import type { Invocation } from '../invocation.ts';
import { chosenFilters } from '../match/filters.ts';
import { type Input, openInput, referenceOf } from '../match/input.ts';
import { completeLines } from '../match/lines.ts';
import { Report, type ReportOptions } from '../match/report.ts';
import { zoneOption } from '../moments.ts';
import type { Terminal } from '../terminal.ts';
import { unreadable } from '../unreadable.ts';

export interface MatchOptions {
  readonly filter?: readonly string[];
  readonly timezone?: string;
  readonly json?: boolean;
  readonly all?: boolean;
}

/** Each file is read by itself: lines of one file are not joined with lines of another. */
export async function match(
  invocation: Invocation,
  files: readonly string[],
  options: MatchOptions,
): Promise<ExitCode> {
  const { terminal } = invocation;
  const filters = chosenFilters(await allFilters(invocation), options.filter ?? []).map(({ compiled }) => compiled);
  const localTime = options.timezone === undefined ? systemClock.localTime : zoneOption(options.timezone);
  const names = files.length === 0 ? ['-'] : files;
  const json = options.json === true || !terminal.isTty;
  let exitCode: ExitCode = EXIT.ok;
  for (const name of names) {
    const file = names.length > 1 ? name : null;
    const failed = await matchFile(terminal, name, filters, localTime, { json, all: options.all === true, file });
    if (exitCode === EXIT.ok) exitCode = failed;
  }
  return exitCode;
}

/** A file that cannot be read does not keep the others from being read. */
async function matchFile(
  terminal: Terminal,
  name: string,
  filters: readonly CompiledFilter[],
  localTime: LocalTime,
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
    localTime,
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

function reportUnreadable(terminal: Terminal, name: string, error: unknown): ExitCode {
  const problem = unreadable(error);
  if (problem === null) throw error;
  terminal.fail(`Cannot read ${name === '-' ? 'standard input' : name}: ${problem.reason}`, '');
  return problem.exitCode;
}
