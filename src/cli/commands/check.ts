/** `tailban check`: is the configuration in order, and do the filters do what they say? */
import { DISK } from '../../config/files.ts';
import { type Loaded, loadConfig } from '../../config/load.ts';
import { oneLine } from '../../core/one-line.ts';
import type { ConfigError } from '../../errors.ts';
import { checkFilters } from '../check/filters.ts';
import { configProblems, printProblems } from '../config-problems.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import type { Invocation } from '../invocation.ts';
import { configPath, filtersFolder, ownFiltersFolder } from '../places.ts';
import { counted } from '../times.ts';

export async function check(invocation: Invocation, argument: string | undefined): Promise<ExitCode> {
  const { terminal, globals } = invocation;
  const path = configPath(argument ?? globals.config);
  const filters = await checkFilters(filtersFolder(), ownFiltersFolder(globals.filters));
  const { loaded, problems: ofConfig } = await load(path, filters.names);
  for (const { file, line, column, message } of loaded?.notes ?? [])
    terminal.print(oneLine(`${file}:${line}:${column}: note: ${message}`));
  for (const note of filters.notes) terminal.print(oneLine(`note: ${note}`));
  const problems = [...ofConfig, ...filters.problems];
  if (problems.length > 0) {
    printProblems(terminal, problems);
    terminal.note(`\n${counted(problems.length, 'problem')} found`);
    return EXIT.config;
  }
  const files = loaded?.files ?? [];
  for (const file of files) terminal.print(oneLine(`${file} is in order`));
  if (files.length === 0) terminal.print('There is no configuration file, the defaults are in force');
  terminal.print(`All filters read their own sample lines as they should: ${filters.names.join(', ')}`);
  return EXIT.ok;
}

async function load(
  path: string | null,
  filters: readonly string[],
): Promise<{ loaded: Loaded | null; problems: readonly ConfigError[] }> {
  try {
    return { loaded: await loadConfig(path, DISK, { filters }), problems: [] };
  } catch (error) {
    const problems = configProblems(error);
    if (problems.length === 0) throw error;
    return { loaded: null, problems };
  }
}
