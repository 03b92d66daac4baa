/**
 * `npm run soak`: minutes of thousands of lines a second, with rotation and bans, and what that does to the daemon. Needs
 * root, for a network namespace of its own; the machine's own firewall is never touched.
 *
 *     node bench/soak.ts [--minutes N] [--rate LINES] [--seed N]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { formatPart, machine, type PartReport } from './report.ts';
import { type Sample, type SoakResult, slopeOf, soak } from './soak-run.ts';
import { median, percentile } from './statistics.ts';

const EXIT_USAGE = 64;
const EXIT_FAILED = 1;
const ROTATE_EVERY = 30;
const HOUR = 3_600;
const TELL_EVERY = 30;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '10' },
      rate: { type: 'string', default: '5000' },
      seed: { type: 'string', default: '20261122' },
    },
  });
  const [minutes = 0, rate = 0, seed = 0] = [values.minutes, values.rate, values.seed].map(Number);
  if (![minutes, rate, seed].every((number) => number > 0)) {
    process.stderr.write('--minutes, --rate and --seed take numbers above 0\n');
    return EXIT_USAGE;
  }
  const folder = await mkdtemp(join(tmpdir(), 'tailban-soak-'));
  const load = [loadOf()];
  try {
    const result = await soak({
      seconds: Math.round(minutes * 60),
      rate,
      rotateEvery: ROTATE_EVERY,
      seed,
      folder,
      onSample: tell,
    });
    load.push(loadOf());
    process.stdout.write(`tailban soak on ${machine()}\n${formatPart(reportOf(result, load.join(' and ')))}\n`);
    return result.lost === 0 && result.missed.length === 0 && result.differences.length === 0 ? 0 : EXIT_FAILED;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function reportOf({ samples, ...result }: SoakResult, load: string): PartReport {
  const late = samples.slice(Math.floor(samples.length / 2));
  const slope = (value: (sample: Sample) => number): number =>
    slopeOf(late.map((sample) => [sample.at / HOUR, value(sample)]));
  const behind = samples.map((sample) => sample.behind);
  return {
    title: `Soak: ${result.lines.toLocaleString('en')} lines in ${samples.length} s, ${result.rotations} rotations`,
    measures: [
      { id: 'soak.lost', what: 'lines that were not read, or twice', value: result.lost, unit: 'lines' },
      {
        id: 'soak.missed',
        what: `attackers that were not banned, of ${result.expected}`,
        value: result.missed.length,
        unit: '',
      },
      {
        id: 'soak.kernel',
        what: 'differences between kernel and daemon at the end',
        value: result.differences.length,
        unit: '',
      },
      { id: 'soak.resident', what: 'resident memory at the end', value: samples.at(-1)?.resident ?? 0, unit: 'MB' },
      { id: 'soak.peak', what: 'the most of it', value: Math.max(...samples.map((one) => one.resident)), unit: 'MB' },
      { id: 'soak.slope', what: 'its slope over the second half', value: slope((one) => one.resident), unit: 'MB/h' },
      { id: 'soak.anonymous', what: 'slope of what is no file', value: slope((one) => one.anonymous), unit: 'MB/h' },
      { id: 'soak.behind', what: 'lines behind, at most', value: Math.max(...behind), unit: 'lines' },
      { id: 'soak.behind.99', what: 'lines behind, 99 of 100 seconds', value: percentile(behind, 99), unit: 'lines' },
      { id: 'soak.latency', what: 'last line to ban, median', value: median(result.latencies), unit: 'ms' },
      { id: 'soak.latency.max', what: 'last line to ban, at most', value: Math.max(...result.latencies), unit: 'ms' },
      {
        id: 'soak.cpu',
        what: 'processor time, mean',
        value: samples.reduce((sum, one) => sum + one.cpu, 0) / samples.length,
        unit: '%',
      },
    ],
    notes: [
      `${Math.max(...samples.map(({ bans }) => bans))} bans at once at most; ${result.byHand} made and lifted by hand`,
      `load of the machine at the beginning and at the end: ${load}`,
      ...result.missed.map((ip) => `not banned: ${ip}`),
      ...result.differences.map((subject) => `kernel and daemon differ: ${subject}`),
    ],
  };
}

function tell({ at, resident, behind, cpu, bans }: Sample): void {
  if (Math.round(at) % TELL_EVERY !== 0) return;
  process.stderr.write(
    `… ${at.toFixed(0)} s: ${resident.toFixed(0)} MB, ${behind} lines behind, ${cpu.toFixed(0)} % processor, ${bans} bans\n`,
  );
}

function loadOf(): string {
  return loadavg()[0]?.toFixed(1) ?? '';
}
