/** How many lines a second the daemon's own path reads, matches, joins and judges; and fail2ban on the same lines. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { type Context, ROOT } from './context.ts';
import { fail2banVersion, type JailRun, runJails } from './fail2ban.ts';
import type { ReadingRun } from './reading-run.ts';
import type { Measure, PartReport } from './report.ts';
import { median } from './statistics.ts';

const WARM_RUNS = 5;
const TURNS = 3;
/** The first runs of a process, in which V8 still compiles. */
const WARM_UP = 2;
const FRESH_RUNS = 3;
const FAIL2BAN_LINES = 100_000;
/** As the launcher starts the daemon: the flag decides how regular expressions are compiled. */
const RUNTIME_FLAG = '--enable-experimental-regexp-engine-on-excessive-backtracks';

export async function throughput(context: Context): Promise<PartReport> {
  const { say } = context.options;
  const { path, facts } = context.log();
  say('reading it with all filters, and in turn with those for Postfix and Dovecot alone');
  const warm: ReadingRun[] = [];
  const two: ReadingRun[] = [];
  for (let i = 0; i < TURNS; i++) {
    warm.push(...(await read(path, WARM_RUNS, 'all')).slice(WARM_UP));
    two.push(...(await read(path, WARM_RUNS, 'postfix,dovecot')).slice(WARM_UP));
  }
  say('reading it, in fresh processes, in turn with fail2ban-regex on the first lines of it');
  const version = await fail2banVersion();
  const jailLines = Math.min(FAIL2BAN_LINES, context.options.lines);
  const fresh: ReadingRun[] = [];
  const jails: JailRun[] = [];
  for (let i = 0; i < FRESH_RUNS; i++) {
    fresh.push(...(await read(path, 1, 'all')));
    if (version !== null) jails.push(...(await runJails(path, jailLines, context.folder)));
  }
  say('reading it with a store');
  const stored = (await read(path, WARM_UP + 3, 'all', join(context.folder, 'throughput.db'))).slice(WARM_UP);
  const speed = median(warm.map(perSecond));
  const [run] = warm;
  return {
    title: `Throughput: ${facts.lines.toLocaleString('en')} lines, ${(facts.bytes / facts.lines).toFixed(0)} bytes each`,
    measures: [
      rate('throughput.warm', 'read, match with all filters, join, judge', speed, 1_500_000),
      {
        id: 'throughput.filters',
        what: 'its share of the speed with the filters for Postfix and Dovecot alone',
        value: speed / median(two.map(perSecond)),
        unit: '',
        aim: { kind: 'at least', value: 2 / 3 },
      },
      rate('throughput.fresh', 'the same, first run of a process', median(fresh.map(perSecond))),
      rate('throughput.store', 'the same, with the store', median(stored.map(perSecond))),
      ...[...Map.groupBy(jails, ({ jail }) => jail)].flatMap(([jail, runs]) => versus(jail, runs, speed)),
    ],
    notes: [
      `${percent(facts.attackers, facts.lines)} of the lines are of attackers, ${percent(facts.failures, facts.lines)} tell of a ` +
        `failure; all make ${run?.events ?? 0} events, ${run?.subjects ?? 0} counted subjects and ${run?.bans ?? 0} bans`,
      `medians of ${warm.length} runs after warm-up, ${fresh.length} fresh processes, ${stored.length} runs with the store`,
      version === null
        ? 'fail2ban is not installed (apt-get install fail2ban), so there is no comparison'
        : `${version} on the first ${jailLines.toLocaleString('en')} lines, median of ${FRESH_RUNS}, by its own clock, without its start`,
    ],
  };
}

/** Runs in turn, one JSON object a line. */
async function read(log: string, runs: number, filters: string, database?: string): Promise<ReadingRun[]> {
  const args = [RUNTIME_FLAG, ...daemonFlags(), join(ROOT, 'bench', 'reading-run.ts'), log, String(runs), filters];
  const { stdout } = await execa(process.execPath, database === undefined ? args : [...args, database], {
    stderr: 'inherit',
    env: { NODE_NO_WARNINGS: '1' },
  });
  return stdout.split('\n').map((line) => JSON.parse(line) as ReadingRun);
}

function versus(jail: string, runs: readonly JailRun[], speed: number): Measure[] {
  const linesPerSecond = median(runs.map((run) => run.linesPerSecond));
  return [
    rate(`fail2ban.${jail}`, `fail2ban, jail ${jail}`, linesPerSecond),
    {
      id: `ratio.${jail}`,
      what: 'tailban with all filters against it',
      value: speed / linesPerSecond,
      unit: 'times',
      aim: { kind: 'at least', value: 40 },
    },
  ];
}

function rate(id: string, what: string, value: number, aim?: number): Measure {
  const measure = { id, what, value, unit: 'lines/s' };
  return aim === undefined ? measure : { ...measure, aim: { kind: 'at least', value: aim } };
}

function percent(part: number, whole: number): string {
  return `${((part / whole) * 100).toFixed(0)} %`;
}

function perSecond({ lines, milliseconds }: ReadingRun): number {
  return (lines / milliseconds) * 1000;
}

/** What the launcher gives the daemon's runtime, so that the daemon is measured as it runs. */
function daemonFlags(): string[] {
  const flags = /memory="(--[^"]+)"/.exec(readFileSync(join(ROOT, 'bin/tailban'), 'utf8'))?.[1];
  if (flags === undefined) throw new Error('Cannot find the flags of the daemon in bin/tailban');
  return flags.split(' ');
}
