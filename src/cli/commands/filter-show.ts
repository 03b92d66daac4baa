/** `tailban filter show`: the patterns of one filter. */
import type { Filter } from '../../config/filter-files.ts';
import type { PatternDefinition, Sample } from '../../filter/definition.ts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import { allFilters } from '../filters.ts';
import type { Invocation } from '../invocation.ts';
import { type Line, printLines, title } from '../lines.ts';
import { chosenFilters } from '../match/filters.ts';
import { ROLE_WORDS } from '../roles.ts';
import { counted } from '../times.ts';

export interface FilterShowOptions {
  readonly regex?: boolean;
  readonly samples?: boolean;
  readonly json?: boolean;
}

export async function filterShow(invocation: Invocation, name: string, options: FilterShowOptions): Promise<ExitCode> {
  const { terminal } = invocation;
  const [filter] = chosenFilters(await allFilters(invocation), [name]);
  if (filter === undefined) throw new CliError(EXIT.usage, `There is no filter "${name}"`);
  if (options.json) {
    const { file, origin, definition } = filter;
    const patterns = definition.patterns.map((pattern) => ({ ...pattern, regex: regexOf(filter, pattern) }));
    await terminal.write(`${JSON.stringify({ file, origin, ...definition, patterns }, null, 2)}\n`);
    return EXIT.ok;
  }
  printLines(terminal, [
    ...headLines(filter),
    ...filter.definition.patterns.flatMap((pattern) => patternLines(filter, pattern, options)),
  ]);
  return EXIT.ok;
}

function headLines({ file, definition }: Filter): Line[] {
  const { name, programs, units, session, logsEnds, ownLog, prefix, negatives, stories } = definition;
  return [
    title(name),
    fact('file', file),
    fact('programs', programs.join(', ')),
    ...(units.length === 0 ? [] : [fact('units', units.join(', '))]),
    ...(session === 'pid' ? [fact('session', 'a process serves one connection at a time')] : []),
    ...(logsEnds ? [fact('ends', 'refused recipients wait for the end of their connection')] : []),
    ...(ownLog ? [fact('own log', 'also read where lines name no program')] : []),
    ...(prefix === '' ? [] : [fact('prefix', `${prefix} stands in front of every pattern`)]),
    fact('examples', `${counted(negatives.length, 'line')} that must not match, ${counted(stories.length, 'story')}`),
  ];
}

function patternLines(filter: Filter, pattern: PatternDefinition, { regex, samples }: FilterShowOptions): Line[] {
  const { name, as, kind, also, layer } = pattern;
  const shown = samples ? pattern.samples : pattern.samples.slice(0, 1);
  const more = pattern.samples.length - shown.length;
  return [
    '',
    title(name),
    fact('taken as', ROLE_WORDS[as]),
    ...(kind === null ? [] : [fact('kind', also === null ? kind : `${kind}, and ${also}`)]),
    ...(layer === '' ? [] : [fact('layer', layer)]),
    fact('pattern', pattern.pattern),
    ...(regex ? [fact('regex', regexOf(filter, pattern))] : []),
    ...shown.map(sampleLine),
    ...(more > 0 ? [fact('', `and ${counted(more, 'more sample')}`)] : []),
  ];
}

function sampleLine({ line, ip, login, attempts }: Sample): string {
  const facts = [
    ip ?? 'no address',
    ...(login === undefined ? [] : [`login ${login}`]),
    ...(attempts === undefined ? [] : [counted(attempts, 'failure')]),
  ];
  return fact('sample', `${line}  →  ${facts.join(', ')}`);
}

function regexOf({ compiled }: Filter, { name }: PatternDefinition): string {
  return compiled.patterns.find((one) => one.name === name)?.regex.source ?? '';
}

function fact(name: string, text: string): string {
  return `  ${name.padEnd(9)} ${text}`;
}
