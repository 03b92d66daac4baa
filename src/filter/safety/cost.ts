/**
 * How long can a backtracking engine take over a line that does not match? Exponentially long where a repetition can go
 * round in two ways over the same bytes; and as long as the product of the lengths of repetitions that one text can be
 * divided between (after Weber and Seidl, On the degree of ambiguity of finite automata, 1991).
 */
import { type Automaton, END, type Loop } from './automaton.ts';
import { type ByteSet, common, overlap } from './tree.ts';

/** The first repetition that can go round in two ways over the same bytes; null where there is none. */
export function endlessLoop(automaton: Automaton): Loop | null {
  return automaton.loops.find((loop) => loop.mayBeEmpty || goesTwoWays(automaton, loop)) ?? null;
}

/** The repetitions among which a text can be divided in the most ways, and how many these are at most. */
export function costliestLoops(automaton: Automaton): { readonly loops: readonly Loop[]; readonly cost: number } {
  const loops = automaton.loops.filter((loop) => !takesAll(automaton, loop));
  const empty: { readonly loops: readonly Loop[]; readonly cost: number } = { loops: [], cost: 1 };
  const best = new Map<Loop, typeof empty>();
  const from = (loop: Loop): typeof empty => {
    const known = best.get(loop);
    if (known !== undefined) return known;
    // Repetitions inside each other come to themselves again.
    best.set(loop, empty);
    let after = empty;
    for (const other of loops) {
      if (isWithin(other, loop) || isWithin(loop, other)) continue;
      const every = bordersEvery(automaton, loop, other);
      if (every === 0) continue;
      const chain = from(other);
      if (chain.cost / every > after.cost) after = { ...chain, cost: chain.cost / every };
    }
    const found = { loops: [loop, ...after.loops], cost: loop.longest * after.cost };
    best.set(loop, found);
    return found;
  };
  return loops.map(from).reduce((worst, one) => (one.cost > worst.cost ? one : worst), empty);
}

function goesTwoWays(automaton: Automaton, { steps }: Loop): boolean {
  const inside = new Set(steps);
  const waysOn = (step: number): readonly number[] =>
    automaton.waysAfter(step).flatMap((way) => (inside.has(way.step) ? [way.step] : []));
  for (const step of steps) if (new Set(waysOn(step)).size < waysOn(step).length) return true;
  const first = steps[0];
  if (first === undefined) return false;
  const key = (a: number, b: number): string => `${a} ${b}`;
  const bytes = (step: number): ByteSet => bytesOf(automaton, step);
  const next = new Map<string, string[]>();
  const before = new Map<string, string[]>();
  for (const a of steps) {
    for (const b of steps) {
      if (!overlap(bytes(a), bytes(b))) continue;
      for (const c of waysOn(a)) {
        for (const d of waysOn(b)) {
          next.set(key(a, b), [...(next.get(key(a, b)) ?? []), key(c, d)]);
          before.set(key(c, d), [...(before.get(key(c, d)) ?? []), key(a, b)]);
        }
      }
    }
  }
  const forward = reach(key(first, first), next);
  const backward = reach(key(first, first), before);
  return steps.some((a) => steps.some((b) => a !== b && forward.has(key(a, b)) && backward.has(key(a, b))));
}

function reach(start: string, edges: ReadonlyMap<string, readonly string[]>): Set<string> {
  const reached = new Set<string>();
  const queue = [start];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    for (const other of edges.get(at) ?? []) {
      if (!reached.has(other)) {
        reached.add(other);
        queue.push(other);
      }
    }
  }
  return reached;
}

/** Behind the repetition the line may end at once, and it reads every byte: it never has to give anything back. */
function takesAll(automaton: Automaton, { steps, longest }: Loop): boolean {
  const [step, second] = steps;
  if (step === undefined || second !== undefined || longest < automaton.longestLine) return false;
  return (
    automaton.waysAfter(step).some((way) => way.step === END) &&
    (automaton.steps[step]?.bytes ?? []).every((word) => word === 0xff_ff_ff_ff)
  );
}

function isWithin(inner: Loop, outer: Loop): boolean {
  return inner.steps.every((step) => outer.steps.includes(step));
}

/**
 * How far the places are apart at which a text can be divided between two repetitions; 0 where there is no text that can
 * be divided anywhere: one that the first can read and end where it began, that the other can read and end where it began,
 * and over which one can come from the first to the other.
 */
function bordersEvery(automaton: Automaton, first: Loop, other: Loop): number {
  const found = first.steps.flatMap((from) =>
    other.steps.flatMap((to) => periodOf(borderText(automaton, first, other, from, to) ?? []) || []),
  );
  return found.length === 0 ? 0 : Math.min(...found);
}

interface Readers {
  readonly at: readonly [number, number, number];
  /** What the next byte may be. */
  readonly bytes: ByteSet;
  readonly before: Readers | null;
}

/** The shortest such text. Three readers go side by side: one stays in the first, one goes over, one stays in the other. */
function borderText(automaton: Automaton, first: Loop, other: Loop, from: number, to: number): ByteSet[] | null {
  const within = (step: number, loop: Loop): number[] =>
    automaton.waysAfter(step).flatMap((way) => (loop.steps.includes(way.step) ? [way.step] : []));
  const seen = new Set<string>();
  const queue: Readers[] = [];
  const visit = (a: number, b: number, c: number, before: Readers | null): void => {
    const key = `${a} ${b} ${c}`;
    const bytes = common(common(bytesOf(automaton, a), bytesOf(automaton, c)), bytesOf(automaton, b));
    if (b === END || seen.has(key) || bytes.every((word) => word === 0)) return;
    seen.add(key);
    queue.push({ at: [a, b, c], bytes, before });
  };
  visit(from, from, to, null);
  for (let i = 0; i < queue.length; i++) {
    const readers = queue[i] as Readers;
    const [a, b, c] = readers.at;
    for (const nextA of within(a, first)) {
      for (const nextC of within(c, other)) {
        for (const { step: nextB } of automaton.waysAfter(b)) {
          if (nextA === from && nextB === to && nextC === to) return textOf(readers);
          visit(nextA, nextB, nextC, readers);
        }
      }
    }
  }
  return null;
}

function textOf(last: Readers): ByteSet[] {
  const text: ByteSet[] = [];
  for (let readers: Readers | null = last; readers !== null; readers = readers.before) text.unshift(readers.bytes);
  return text;
}

/** How soon a text can begin again in itself; 0 for none. */
function periodOf(text: readonly ByteSet[]): number {
  for (let shift = 1; shift < text.length; shift++)
    if (text.slice(shift).every((bytes, index) => overlap(bytes, text[index] ?? bytes))) return shift;
  return text.length;
}

function bytesOf(automaton: Automaton, step: number): ByteSet {
  return automaton.steps[step]?.bytes ?? new Uint32Array(8);
}
