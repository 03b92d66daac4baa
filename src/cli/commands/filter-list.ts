/** `tailban filter list`: all filters, and which of them are the admin's own. */
import type { Filter } from '../../config/filter-files.ts';
import { KINDS } from '../../core/types.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { allFilters } from '../filters.ts';
import type { Invocation } from '../invocation.ts';
import { renderTable } from '../table.ts';

export interface FilterListOptions {
  readonly json?: boolean;
}

export async function filterList(invocation: Invocation, { json }: FilterListOptions): Promise<ExitCode> {
  const { terminal } = invocation;
  const filters = [...(await allFilters(invocation)).values()];
  if (json) {
    await terminal.write(`${JSON.stringify(filters.map(filterRecord), null, 2)}\n`);
    return EXIT.ok;
  }
  const rows = filters.map((filter) => [
    filter.definition.name,
    String(filter.definition.patterns.length),
    kindsOf(filter).join(', '),
    programsOf(filter, terminal.width === null ? Number.POSITIVE_INFINITY : MOST_PROGRAMS),
    filter.origin === 'shipped' ? 'shipped' : `${ORIGINS[filter.origin]}: ${filter.file}`,
  ]);
  const style = (head: string): string => terminal.style('bold', head);
  const head = ['name', 'patterns', 'kinds', 'programs', 'from'];
  terminal.print(renderTable(rows, { head, flexible: 2, width: terminal.width, style }));
  return EXIT.ok;
}

const MOST_PROGRAMS = 2;

const ORIGINS: Readonly<Record<Exclude<Filter['origin'], 'shipped'>, string>> = {
  own: 'your own',
  replaces: 'yours instead of the shipped one',
  extends: 'shipped and yours',
};

function filterRecord(filter: Filter): object {
  const { file, origin, definition } = filter;
  const { name, programs, units, patterns } = definition;
  return { name, origin, file, programs, units, patterns: patterns.length, kinds: kindsOf(filter) };
}

/** The first of them, where there is no room for all. */
function programsOf({ definition: { programs } }: Filter, most: number): string {
  return programs.length <= most ? programs.join(', ') : `${programs.slice(0, most).join(', ')} …`;
}

/** In the order in which limits are listed everywhere. */
function kindsOf({ definition }: Filter): string[] {
  return KINDS.filter((kind) => definition.patterns.some((pattern) => pattern.kind === kind || pattern.also === kind));
}
