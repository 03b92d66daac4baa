/**
 * `npm run fuzz`: feeds damaged inputs to every part of tailban that reads what others write.
 *
 *     node test/fuzz/main.ts [TARGET…] [--inputs N] [--seed N]
 */
import { parseArgs } from 'node:util';
import { runTarget } from './target.ts';
import { TARGETS } from './targets.ts';
import { watchdog } from './watchdog.ts';

const EXIT_USAGE = 64;
const EXIT_FOUND = 1;
const MB = 1e6;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      inputs: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: String(Date.now() % 1e9) },
    },
  });
  const unknown = positionals.find((name) => !TARGETS.has(name));
  const [inputs, seed] = [Number(values.inputs), Number(values.seed)];
  if (unknown !== undefined || ![inputs, seed].every((number) => Number.isSafeInteger(number) && number > 0)) {
    process.stderr.write(
      `usage: npm run fuzz -- [TARGET…] [--inputs N] [--seed N]; targets: ${[...TARGETS.keys()].join(', ')}\n`,
    );
    return EXIT_USAGE;
  }
  const names = positionals.length > 0 ? positionals : [...TARGETS.keys()];
  const shares = names.reduce((sum, name) => sum + (TARGETS.get(name)?.share ?? 0), 0);
  process.stdout.write(`${inputs.toLocaleString('en')} inputs, seed ${seed}\n`);
  let found = 0;
  for (const name of names) {
    const entry = TARGETS.get(name);
    if (entry === undefined) continue;
    const { target, share } = entry;
    const dog = watchdog(`${name} with seed ${seed}`);
    try {
      const report = await runTarget(target, { inputs: Math.ceil((inputs * share) / shares), seed, beat: dog.beat });
      const { seconds, heap, slowest, notes } = report;
      process.stdout.write(
        `${name.padEnd(11)} ${report.inputs.toLocaleString('en').padStart(10)} ${target.inputs} in ${seconds.toFixed(1)} s, ` +
          `${Math.round(report.inputs / seconds).toLocaleString('en')}/s; heap ${(heap[0] / MB).toFixed(1)} MB, then ` +
          `${(heap[1] / MB).toFixed(1)} MB; slowest step ${slowest.toFixed(0)} ms${notes === '' ? '' : `; ${notes}`}\n`,
      );
    } catch (error) {
      found++;
      process.stdout.write(
        `${name.padEnd(11)} ${error instanceof Error ? `${error.message}\n${describe(error.cause)}` : error}\n`,
      );
    } finally {
      await dog.stop();
    }
  }
  return found === 0 ? 0 : EXIT_FOUND;
}

function describe(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}
