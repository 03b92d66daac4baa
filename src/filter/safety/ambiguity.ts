/**
 * Can a line be read in two ways that put a capture at two places? Two readers go through the automaton side by side, over
 * the same bytes, until both are at the end; where their captures do not open and close together, there is such a line
 * (the unambiguity test for automata of Book, Even, Greibach and Ott, 1971).
 */
import { type Automaton, CLOSE, END, OPEN, type Way } from './automaton.ts';
import { type ByteSet, common, hasByte, overlap } from './tree.ts';

/** A line that can be read in two ways. */
export interface TwoReadings {
  readonly line: string;
  /** Start and end of the capture for each of the readers; null for one that captures nothing. */
  readonly spans: readonly [Span | null, Span | null];
  /** The offset in each expression where the readers part. */
  readonly at: readonly [number, number];
}

export interface Span {
  readonly start: number;
  readonly end: number;
}

const BOTH = 3;

interface Pair {
  readonly ways: readonly [Way, Way];
  /** The captures have not opened and closed together. */
  readonly apart: boolean;
  /** Which of the readers has captured something: bit 1 for the first, bit 2 for the second. */
  readonly captured: number;
  readonly before: Pair | null;
}

/**
 * A line of which two readings differ: by one pattern, or by one each where there is a second. Null where there is none.
 * @param both whether a reading that captures nothing is of no interest
 */
export function twoReadings(one: Automaton, other: Automaton, both: boolean): TwoReadings | null {
  const marking = [marksAhead(one), marksAhead(other)] as const;
  const width = other.steps.length;
  const seen = new Set<number>();
  const queue: Pair[] = [];
  const visit = (ways: readonly [Way, Way], before: Pair | null): Pair | null => {
    const [a, b] = ways;
    const apart = before?.apart || a.marks !== b.marks;
    const captured = (before?.captured ?? 0) | (a.marks & OPEN) | ((b.marks & OPEN) << 1);
    if (a.step === END || b.step === END) {
      const isFound = a.step === b.step && apart && (!both || captured === BOTH);
      return isFound ? { ways, apart, captured, before } : null;
    }
    // Together from here on, whatever comes.
    if (!apart && !marking[0].has(a.step) && !marking[1].has(b.step)) return null;
    const key = ((a.step * width + b.step) * 2 + (apart ? 1 : 0)) * 4 + captured;
    if (seen.has(key) || !overlap(bytesOf(one, a.step), bytesOf(other, b.step))) return null;
    seen.add(key);
    queue.push({ ways, apart, captured, before });
    return null;
  };
  const visitAll = (left: readonly Way[], right: readonly Way[], before: Pair | null): Pair | null => {
    for (const a of left) {
      for (const b of right) {
        const found = visit([a, b], before);
        if (found !== null) return found;
      }
    }
    return null;
  };
  let found = visitAll(one.waysFrom(one.first), other.waysFrom(other.first), null);
  for (let i = 0; i < queue.length && found === null; i++) {
    const pair = queue[i] as Pair;
    found = visitAll(one.waysAfter(pair.ways[0].step), other.waysAfter(pair.ways[1].step), pair);
  }
  return found === null ? null : tell(found, one, other);
}

/** The steps from which a mark can still be passed. */
function marksAhead(automaton: Automaton): ReadonlySet<number> {
  const ahead = new Set<number>();
  const { steps } = automaton;
  const readers = steps.flatMap(({ bytes }, index) => (bytes === null ? [] : [index]));
  for (let grew = true; grew; ) {
    grew = false;
    for (const step of readers.toReversed()) {
      if (ahead.has(step)) continue;
      if (automaton.waysAfter(step).some((way) => way.marks !== 0 || ahead.has(way.step))) {
        ahead.add(step);
        grew = true;
      }
    }
  }
  return ahead;
}

function bytesOf(automaton: Automaton, step: number): ByteSet {
  return automaton.steps[step]?.bytes ?? new Uint32Array(8);
}

function tell(last: Pair, one: Automaton, other: Automaton): TwoReadings {
  const pairs: Pair[] = [];
  for (let pair: Pair | null = last; pair !== null; pair = pair.before) pairs.unshift(pair);
  const parting = pairs.find(({ ways: [a, b], apart }) => apart || (one === other && a.step !== b.step)) ?? last;
  const line = pairs
    .slice(0, -1)
    .map(({ ways: [a, b] }) => likeliest(common(bytesOf(one, a.step), bytesOf(other, b.step))))
    .join('');
  return {
    line,
    spans: [spanOf(pairs, 0), spanOf(pairs, 1)],
    at: [one.steps[parting.ways[0].step]?.at ?? 0, other.steps[parting.ways[1].step]?.at ?? 0],
  };
}

function spanOf(pairs: readonly Pair[], reader: 0 | 1): Span | null {
  const start = pairs.findIndex(({ ways }) => (ways[reader].marks & OPEN) !== 0);
  const end = pairs.findIndex(({ ways }) => (ways[reader].marks & CLOSE) !== 0);
  return start < 0 ? null : { start, end };
}

/** A byte that people can read, if there is one. */
function likeliest(set: ByteSet): string {
  for (const char of 'x1 .:-_"()[]<>') if (hasByte(set, char.charCodeAt(0))) return char;
  for (let byte = 33; byte < 256 + 33; byte++) if (hasByte(set, byte & 255)) return String.fromCharCode(byte & 255);
  return '';
}
