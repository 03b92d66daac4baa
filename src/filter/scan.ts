/**
 * The prefilter: one pass over the bytes of a chunk that finds the line ends and, for each line, which of the required
 * literals of all patterns it contains (Aho and Corasick, 1975). Most lines contain none and are never decoded.
 * The cost does not depend on the number of literals.
 */

const NEWLINE = 10;

/** Called for each line that holds a literal: its bytes without the newline, which literals, and its index in the chunk. */
export type Visit = (start: number, end: number, literals: Int32Array, count: number, index: number) => void;

export class Scanner {
  /** Next state by `state * 256 + byte`. States from `#quiet` on need attention: a newline was read or a literal ends. */
  readonly #next: Uint16Array;
  readonly #quiet: number;
  /** Literals that end in a state, by `state - #quiet`; empty for the newline state. */
  readonly #ends: readonly Int32Array[];
  readonly #found: Int32Array;
  readonly #lastLine: Float64Array;
  #line = 0;

  constructor(literals: readonly string[]) {
    const built = build(literals.map((literal) => Buffer.from(literal, 'latin1')));
    this.#next = built.next;
    this.#quiet = built.quiet;
    this.#ends = built.ends;
    this.#found = new Int32Array(Math.max(literals.length, 1));
    this.#lastLine = new Float64Array(literals.length).fill(-1);
  }

  /** Scans complete lines; bytes behind the last newline are not looked at. Returns the number of lines. */
  scan(data: Uint8Array, visit: Visit): number {
    const next = this.#next;
    const quiet = this.#quiet;
    const found = this.#found;
    const length = data.length;
    let state = 0;
    let start = 0;
    let count = 0;
    let lines = 0;
    for (let i = 0; i < length; i++) {
      state = next[(state << 8) | (data[i] as number)] as number;
      if (state < quiet) continue;
      if (data[i] === NEWLINE) {
        lines++;
        this.#line++;
        if (count > 0) visit(start, i, found, count, lines - 1);
        count = 0;
        start = i + 1;
      } else {
        for (const literal of this.#ends[state - quiet] ?? []) {
          if (this.#lastLine[literal] === this.#line) continue;
          this.#lastLine[literal] = this.#line;
          found[count++] = literal;
        }
      }
    }
    this.#line++;
    return lines;
  }
}

interface Node {
  readonly children: Map<number, number>;
  readonly ends: number[];
  fail: number;
}

/** Builds the automaton, then numbers its states so that those without output come first. */
function build(literals: readonly Uint8Array[]): { next: Uint16Array; quiet: number; ends: Int32Array[] } {
  const nodes: Node[] = [{ children: new Map(), ends: [], fail: 0 }];
  for (const [id, literal] of literals.entries()) {
    let at = 0;
    for (const byte of literal) {
      let child = nodes[at]?.children.get(byte);
      if (child === undefined) {
        child = nodes.push({ children: new Map(), ends: [], fail: 0 }) - 1;
        nodes[at]?.children.set(byte, child);
      }
      at = child;
    }
    nodes[at]?.ends.push(id);
  }
  const table = complete(nodes);
  const newline = nodes.length;
  if (newline > 65_534) throw new RangeError(`The patterns need ${newline} states, 65,534 are possible`);
  const loud = nodes
    .map((node, index) => ({ node, index }))
    .filter(({ node, index }) => index > 0 && node.ends.length > 0);
  const quiet = nodes.length - loud.length;
  const renumbered = new Uint16Array(nodes.length);
  let free = 0;
  for (const [index, node] of nodes.entries()) if (index === 0 || node.ends.length === 0) renumbered[index] = free++;
  for (const [order, { index }] of loud.entries()) renumbered[index] = quiet + 1 + order;
  const next = new Uint16Array((nodes.length + 1) * 256);
  for (const [index] of nodes.entries()) {
    const row = (renumbered[index] ?? 0) * 256;
    for (let byte = 0; byte < 256; byte++) next[row + byte] = renumbered[table[index * 256 + byte] ?? 0] ?? 0;
    next[row + NEWLINE] = quiet;
  }
  // The newline state goes on as the start state does.
  next.copyWithin(quiet * 256, 0, 256);
  return { next, quiet, ends: [new Int32Array(), ...loud.map(({ node }) => Int32Array.from(node.ends))] };
}

/** The complete transition table; breadth first, so that a state's fallback is always done before it. */
function complete(nodes: Node[]): Int32Array {
  const table = new Int32Array(nodes.length * 256);
  const queue = [0];
  for (let head = 0; head < queue.length; head++) {
    const index = queue[head] ?? 0;
    const node = nodes[index];
    if (node === undefined) continue;
    for (let byte = 0; byte < 256; byte++) {
      const fallback = index === 0 ? 0 : (table[node.fail * 256 + byte] ?? 0);
      const child = node.children.get(byte);
      table[index * 256 + byte] = child ?? fallback;
      const target = child === undefined ? undefined : nodes[child];
      if (child === undefined || target === undefined) continue;
      target.fail = fallback;
      target.ends.push(...(nodes[fallback]?.ends ?? []));
      queue.push(child);
    }
  }
  return table;
}
