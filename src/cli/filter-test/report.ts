/** Writes down how well the filters know some logs, for people and as JSON. */
import type { Filter } from '../../config/filter-files.ts';
import { type Line, title } from '../lines.ts';
import { counted, grouped } from '../times.ts';
import type { Coverage } from './coverage.ts';

const MOST_PROGRAMS = 10;

interface PatternCount {
  readonly filter: string;
  readonly pattern: string;
  readonly kind: string | null;
  readonly lines: number;
}

export function coverageLines(coverage: Coverage, filters: readonly Filter[], limit: number): Line[] {
  const counts = patternCounts(coverage, filters);
  const used = counts.filter(({ lines }) => lines > 0);
  const width = Math.max(...used.map(({ filter, pattern }) => filter.length + pattern.length + 1), 0);
  const silent = counts.filter(({ filter, lines }) => lines === 0 && coverage.patterns.has(filter)).length;
  return [
    title(`${counted(coverage.lines, 'line')}`),
    part(coverage.matched, 'match a pattern'),
    part(coverage.missed.total, 'are of programs with a filter and match none of its patterns'),
    part(coverage.foreign, `are of programs without a filter${programList(coverage)}`),
    part(coverage.unreadable, 'have no time stamp, or name no program'),
    '',
    title('Patterns'),
    ...used.map(({ filter, pattern, kind, lines }) =>
      `  ${grouped(lines).padStart(11)}  ${`${filter} ${pattern}`.padEnd(width)}  ${kind ?? ''}`.trimEnd(),
    ),
    ...(used.length === 0 ? ['  no pattern matches a line'] : []),
    ...(silent === 0 ? [] : [part(silent, 'more of these filters match nothing')]),
    ...missedLines(coverage, limit),
  ];
}

export function coverageRecord(coverage: Coverage, filters: readonly Filter[], limit: number): object {
  const { lines, matched, missed, foreign, unreadable } = coverage;
  return {
    lines,
    matched,
    missed: missed.total,
    foreign,
    unreadable,
    patterns: patternCounts(coverage, filters),
    shapes: missed.list().slice(0, limit),
    programs: coverage.foreignPrograms.list().slice(0, limit),
  };
}

/** The most frequent first; patterns that match nothing in the order of their files. */
function patternCounts(coverage: Coverage, filters: readonly Filter[]): PatternCount[] {
  return filters
    .flatMap(({ definition: { name: filter, patterns } }) =>
      patterns.map(({ name, kind }) => ({
        filter,
        pattern: name,
        kind,
        lines: coverage.patterns.get(filter)?.get(name) ?? 0,
      })),
    )
    .sort((one, other) => other.lines - one.lines);
}

function missedLines({ missed }: Coverage, limit: number): Line[] {
  if (missed.total === 0) return [];
  const all = missed.list();
  const shown = all.slice(0, limit);
  const rest = missed.total - shown.reduce((sum, { lines }) => sum + lines, 0);
  return [
    '',
    title('Not matched'),
    ...shown.map(({ shape, lines }) => `  ${counted(lines, 'line')} like: ${shape}`),
    ...(rest === 0 ? [] : [`  and ${counted(rest, 'line')} of rarer shapes; --limit shows more`]),
  ];
}

function programList({ foreignPrograms }: Coverage): string {
  const all = foreignPrograms.list();
  if (all.length === 0) return '';
  const names = all.slice(0, MOST_PROGRAMS).map(({ shape }) => shape);
  return `: ${names.join(', ')}${all.length > names.length ? ' …' : ''}`;
}

function part(count: number, text: string): string {
  return `  ${grouped(count).padStart(11)}  ${text}`;
}
