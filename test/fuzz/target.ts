/**
 * What is fuzzed and how: a target makes inputs out of a seed and feeds them to one part of tailban, throwing where that
 * does not behave. Everything follows from the seed, so whatever is found can be played again.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Random, seededRandom } from '../support/random.ts';

export interface Target {
  /** What one input is, in the plural. */
  readonly inputs: string;
  open(random: Random): Session | Promise<Session>;
}

export interface Session {
  /** Makes some inputs and feeds them; tells how many they were. @throws where something misbehaves */
  step(): number | Promise<number>;
  /** What was fed last, to be shown where it did harm. */
  last(): string;
  /** What else is worth knowing at the end, such as how much has been reached. */
  notes?(): string;
  close?(): Promise<void>;
}

export interface Report {
  readonly inputs: number;
  readonly seconds: number;
  /** Bytes in use on the heap after the first tenth and at the end, each after a collection of garbage. */
  readonly heap: readonly [number, number];
  /** The longest processor time that one step took, in milliseconds. */
  readonly slowest: number;
  readonly notes: string;
}

/** Processor time of one step, some dozens of inputs, above which it hangs for somebody, in milliseconds. */
const LONGEST_STEP = 2_000;
const LONGEST_SHOWN = 4_000;

/**
 * Feeds at least so many inputs.
 * @param beat called before each step with what the last one was fed, for who watches from outside
 * @throws Error with the seed and the input where the target misbehaves, or takes too long for one step
 */
export async function runTarget(
  target: Target,
  { inputs, seed, beat = () => {} }: { readonly inputs: number; readonly seed: number; readonly beat?: () => void },
): Promise<Report> {
  const collect = garbageCollector();
  const session = await target.open(seededRandom(seed));
  const start = performance.now();
  let done = 0;
  let slowest = 0;
  let early: number | null = null;
  try {
    while (done < inputs) {
      beat();
      const before = process.threadCpuUsage();
      done += await session.step();
      const { user, system } = process.threadCpuUsage(before);
      const spent = (user + system) / 1_000;
      slowest = Math.max(slowest, spent);
      if (spent > LONGEST_STEP) throw new Error(`One step took ${spent.toFixed(0)} ms of processor time`);
      if (early === null && done >= inputs / 10) early = collect();
    }
    const seconds = (performance.now() - start) / 1_000;
    const late = collect();
    return { inputs: done, seconds, heap: [early ?? late, late], slowest, notes: session.notes?.() ?? '' };
  } catch (error) {
    const text = session.last();
    const shown = text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}… (${text.length} characters)` : text;
    throw new Error(`Misbehaves with seed ${seed} after ${done} ${target.inputs}, at: ${shown}`, { cause: error });
  } finally {
    await session.close?.();
  }
}

/** Collects all garbage and tells how many bytes are in use on the heap. */
function garbageCollector(): () => number {
  // Also where the flag was not given at the start, as in a test.
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  return () => {
    collect();
    collect();
    return process.memoryUsage().heapUsed;
  };
}
