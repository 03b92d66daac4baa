/** What `tailban explain` works on: the lines, and filters, zone and limits as the daemon would have them. */
import type { Config, SourceConfig } from '../../config/config.ts';
import { DISK } from '../../config/files.ts';
import { loadConfig } from '../../config/load.ts';
import { closest } from '../../config/suggest.ts';
import { Judge } from '../../core/judge.ts';
import { howToRead } from '../../daemon/how-to-read.ts';
import { alwaysAllowed } from '../../daemon/rules.ts';
import type { MatcherOptions } from '../../filter/match.ts';
import { hostNetworks } from '../../system/host.ts';
import { CliError, EXIT } from '../exit.ts';
import { allFilters } from '../filters.ts';
import type { Invocation } from '../invocation.ts';
import { chosenFilters } from '../match/filters.ts';
import { openInput } from '../match/input.ts';
import { completeLines } from '../match/lines.ts';
import { zoneOption } from '../moments.ts';
import { configPath } from '../places.ts';
import type { Terminal } from '../terminal.ts';
import { LineExplainer } from './line.ts';

export interface Prepared {
  readonly explainer: LineExplainer;
  readonly judge: Judge;
  readonly source: SourceConfig;
}

interface PrepareOptions {
  readonly source?: string;
  readonly filter?: readonly string[];
  readonly timezone?: string;
}

/** Each line takes a screen and some work; for whole logs there is `tailban match`. */
const MOST_LINES = 1_000;

export async function prepare(
  invocation: Invocation,
  { source: name, filter: names = [], timezone }: PrepareOptions,
): Promise<Prepared> {
  const { terminal, globals } = invocation;
  const all = await allFilters(invocation);
  const { config } = await loadConfig(configPath(globals.config), DISK, {
    filters: [...all.keys()],
  });
  const source = name === undefined ? ANY : sourceNamed(name, config);
  const { filters, localTime: ownTime, units } = howToRead(source, all);
  const localTime = timezone === undefined ? ownTime : zoneOption(timezone);
  const options: Omit<MatcherOptions, 'filters'> = { localTime, reference: () => terminal.now(), trust: { units } };
  const zone = timezone ?? source.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  const chosen = names.length === 0 ? filters : chosenFilters(all, names);
  return { explainer: new LineExplainer(chosen, options, zone), judge: await judgeOf(config, terminal.now()), source };
}

/** Without a name: every filter, and the zone of the host. */
const ANY: SourceConfig = { name: '', type: 'journal', units: null, filters: null, zone: null };

function sourceNamed(name: string, { sources }: Config): SourceConfig {
  const found = sources.find((one) => one.name === name);
  if (found !== undefined) return found;
  const names = sources.map((one) => one.name);
  const near = closest(name, names);
  const all = names.length === 0 ? 'The configuration names none' : `There are ${names.join(', ')}`;
  throw new CliError(EXIT.usage, `There is no source "${name}"`, near === null ? all : `Did you mean "${near}"?`);
}

/** One that knows the limits and the allow-list of configuration and host, and nothing of what was before. */
async function judgeOf(config: Config, now: number): Promise<Judge> {
  const judge = new Judge(config);
  judge.allow(alwaysAllowed(config, await hostNetworks()), now);
  return judge;
}

/** What the lines are taken out of. */
export async function openLines(
  argument: string | undefined,
  terminal: Terminal,
): Promise<AsyncIterable<Buffer> | Buffer[]> {
  if (argument !== undefined) return [Buffer.from(argument)];
  if (terminal.stdin.isTTY) terminal.note('Paste log lines and end with Ctrl-D');
  return (await openInput('-', terminal.stdin)).blocks;
}

/** The first lines, and whether there are more. */
export async function readLines(
  blocks: AsyncIterable<Buffer> | Iterable<Buffer>,
): Promise<{ readonly lines: readonly Buffer[]; readonly hasMore: boolean }> {
  const lines: Buffer[] = [];
  for await (const block of completeLines(blocks)) {
    for (const line of linesIn(block)) {
      if (lines.length === MOST_LINES) return { lines, hasMore: true };
      if (line.length > 0) lines.push(line);
    }
  }
  return { lines, hasMore: false };
}

function* linesIn(block: Buffer): Generator<Buffer> {
  let start = 0;
  for (let end = block.indexOf(10); end >= 0; end = block.indexOf(10, start)) {
    yield Buffer.from(block.subarray(start, end));
    start = end + 1;
  }
}
