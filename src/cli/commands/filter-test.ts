/**
 * `tailban filter test`: do the filters keep what their own examples promise, and with logs: which lines does each pattern
 * match, and what do the lines look like that none does?
 */
import { readFile } from 'node:fs/promises';
import { systemClock } from '../../clock.ts';
import type { Filter } from '../../config/filter-files.ts';
import { ConfigError } from '../../errors.ts';
import type { LocalTime } from '../../filter/wall-clock.ts';
import { Prover } from '../check/filter-problems.ts';
import { printProblems } from '../config-problems.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { Coverage, LogCoverage } from '../filter-test/coverage.ts';
import { coverageLines, coverageRecord } from '../filter-test/report.ts';
import { allFilters } from '../filters.ts';
import type { Invocation } from '../invocation.ts';
import { readLimit } from '../limit-option.ts';
import { printLines } from '../lines.ts';
import { chosenFilters } from '../match/filters.ts';
import { openInput, referenceOf } from '../match/input.ts';
import { completeLines } from '../match/lines.ts';
import { zoneOption } from '../moments.ts';
import type { Terminal } from '../terminal.ts';
import { counted } from '../times.ts';
import { unreadable } from '../unreadable.ts';

export interface FilterTestOptions {
  readonly filter?: readonly string[];
  readonly limit: string;
  readonly timezone?: string;
  readonly json?: boolean;
}

export async function filterTest(
  invocation: Invocation,
  files: readonly string[],
  options: FilterTestOptions,
): Promise<ExitCode> {
  const { terminal } = invocation;
  const limit = readLimit(options.limit);
  const names = options.filter ?? [];
  const all = await allFilters(invocation);
  const filters = chosenFilters(all, names);
  const problems = await problemsOf(filters, [...all.values()]);
  if (problems.length > 0) {
    printProblems(terminal, problems);
    terminal.note(`\n${counted(problems.length, 'problem')} found`);
    if (files.length === 0) return EXIT.config;
  }
  if (files.length === 0) {
    if (options.json) await terminal.write(`${JSON.stringify(filters.map(exampleCounts), null, 2)}\n`);
    else printLines(terminal, [...filters.map(exampleLine), 'All of them as they should']);
    return EXIT.ok;
  }
  const coverage = new Coverage();
  const localTime = options.timezone === undefined ? systemClock.localTime : zoneOption(options.timezone);
  let exitCode: ExitCode = problems.length > 0 ? EXIT.config : EXIT.ok;
  for (const file of files) {
    const failed = await cover(file, coverage, { filters, localTime, named: names.length > 0 }, terminal);
    if (exitCode === EXIT.ok) exitCode = failed;
  }
  if (options.json) await terminal.write(`${JSON.stringify(coverageRecord(coverage, filters, limit), null, 2)}\n`);
  else printLines(terminal, coverageLines(coverage, filters, limit));
  return exitCode;
}

/** What the filters do not do as their own examples say. */
async function problemsOf(filters: readonly Filter[], all: readonly Filter[]): Promise<ConfigError[]> {
  const { localTime, now } = systemClock;
  const prover = new Prover({ all, localTime, now });
  const problems: ConfigError[] = [];
  for (const filter of filters) problems.push(...prover.problems(filter, await readFile(filter.file, 'utf8')));
  return problems;
}

interface Reading {
  readonly filters: readonly Filter[];
  readonly localTime: LocalTime;
  /** Somebody has chosen the filters for these logs. */
  readonly named: boolean;
}

/** Reads one log; a file that cannot be read does not keep the others from being read. */
async function cover(
  name: string,
  coverage: Coverage,
  { filters, localTime, named }: Reading,
  terminal: Terminal,
): Promise<ExitCode> {
  try {
    const input = await openInput(name, terminal.stdin);
    const log = new LogCoverage(coverage, {
      filters,
      localTime,
      reference: referenceOf(input, terminal.now()),
      trust: { units: new Set(filters.flatMap(({ definition }) => definition.units)) },
      own: named && filters.some(({ definition }) => definition.ownLog),
    });
    for await (const block of completeLines(input.blocks)) log.read(block);
    return EXIT.ok;
  } catch (error) {
    const problem = error instanceof ConfigError ? null : unreadable(error);
    if (problem === null) throw error;
    terminal.fail(`Cannot read ${name === '-' ? 'standard input' : name}: ${problem.reason}`, '');
    return problem.exitCode;
  }
}

function exampleCounts({ definition }: Filter): {
  name: string;
  patterns: number;
  samples: number;
  negatives: number;
  stories: number;
} {
  const { name, patterns, negatives, stories } = definition;
  const samples = patterns.reduce((sum, pattern) => sum + pattern.samples.length, 0);
  return { name, patterns: patterns.length, samples, negatives: negatives.length, stories: stories.length };
}

function exampleLine(filter: Filter): string {
  const { name, patterns, samples, negatives, stories } = exampleCounts(filter);
  const texts = [
    counted(samples, 'sample'),
    `${counted(negatives, 'line')} that must not match`,
    counted(stories, 'story'),
  ];
  return `${name.padEnd(12)} ${counted(patterns, 'pattern')} read ${texts.join(', ')}`;
}
