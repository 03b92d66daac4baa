/**
 * `npm run bench`: measures what tailban promises, on this machine. Needs root for the parts that ban in a kernel; those
 * run in a network namespace of their own, and the machine's own firewall is never touched.
 *
 *     node bench/main.ts [PART…] [--json] [--lines N] [--seed N] [--addresses N]
 */
import { parseArgs } from 'node:util';
import { commandStart } from './command-start.ts';
import { Context } from './context.ts';
import { gate } from './gate.ts';
import { burst, latency } from './latency.ts';
import { manyBans } from './many-bans.ts';
import { memory } from './memory.ts';
import { formatPart, isMet, machine, type PartReport } from './report.ts';
import { throughput } from './throughput.ts';

type Part = (context: Context) => Promise<PartReport>;

const PARTS: Readonly<Record<string, { readonly run: Part; readonly needsKernel: boolean }>> = {
  throughput: { run: throughput, needsKernel: false },
  latency: { run: latency, needsKernel: true },
  burst: { run: burst, needsKernel: true },
  start: { run: manyBans, needsKernel: true },
  memory: { run: memory, needsKernel: true },
  gate: { run: gate, needsKernel: false },
  command: { run: commandStart, needsKernel: true },
};

const EXIT_USAGE = 64;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      lines: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: '20261122' },
      addresses: { type: 'string', default: '1000000' },
    },
  });
  const unknown = positionals.find((name) => !Object.hasOwn(PARTS, name));
  if (unknown !== undefined) {
    process.stderr.write(`There is no part "${unknown}", there are ${Object.keys(PARTS).join(', ')}\n`);
    return EXIT_USAGE;
  }
  const [lines = 0, seed = 0, addresses = 0] = [values.lines, values.seed, values.addresses].map(Number);
  if (![lines, seed, addresses].every((number) => Number.isSafeInteger(number) && number > 0)) {
    process.stderr.write('--lines, --seed and --addresses take whole numbers above 0\n');
    return EXIT_USAGE;
  }
  const context = await Context.open({
    lines,
    seed,
    addresses,
    say: (text) => void process.stderr.write(`… ${text}\n`),
  });
  try {
    await runParts(positionals.length > 0 ? positionals : Object.keys(PARTS), context, values.json);
  } finally {
    await context.close();
  }
  return 0;
}

async function runParts(names: readonly string[], context: Context, asJson: boolean): Promise<void> {
  if (!asJson) process.stdout.write(`tailban bench on ${machine()}\n`);
  const reports: Record<string, PartReport> = {};
  for (const name of names) {
    const part = PARTS[name];
    if (part === undefined) continue;
    const report = part.needsKernel && process.getuid?.() !== 0 ? notRoot(name) : await part.run(context);
    reports[name] = report;
    if (!asJson) process.stdout.write(`${formatPart(report)}\n`);
  }
  if (!asJson) return;
  const parts = Object.entries(reports).map(([name, { title, measures, notes }]) => ({
    name,
    title,
    notes,
    measures: measures.map((measure) => ({ ...measure, met: isMet(measure) })),
  }));
  process.stdout.write(`${JSON.stringify({ machine: machine(), parts }, null, 2)}\n`);
}

function notRoot(name: string): PartReport {
  return {
    title: `Part ${name}`,
    measures: [],
    notes: ['left out: it needs root, for a network namespace of its own'],
  };
}
