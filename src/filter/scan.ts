/**
 * The second look at a line: one pass over its bytes finds which of the required literals of all patterns it contains
 * (Aho and Corasick, 1975). Lines with none are never decoded. The cost does not depend on the number of literals.
 */

export class Scanner {
  /** Next state by `state * 256 + byte`. In states from `#quiet` on a literal ends. */
  readonly #next: Uint16Array;
  readonly #quiet: number;
  /** Literals that end in a state, by `state - #quiet`. */
  readonly #ends: readonly Int32Array[];
  readonly #lastScan: Float64Array;
  #scans = 0;
  /** What the last scan found, in as many of the first places as it returned; each literal once, by its index. */
  readonly found: Int32Array;

  constructor(literals: readonly string[]) {
    const built = build(literals.map((literal) => Buffer.from(literal, 'latin1')));
    this.#next = built.next;
    this.#quiet = built.quiet;
    this.#ends = built.ends;
    this.#lastScan = new Float64Array(literals.length).fill(-1);
    this.found = new Int32Array(literals.length);
  }

  /** Scans some bytes and returns how many literals are in them. */
  scan(data: Uint8Array, start: number, end: number): number {
    const next = this.#next;
    const quiet = this.#quiet;
    const scan = this.#scans++;
    let state = 0;
    let count = 0;
    for (let i = start; i < end; i++) {
      state = next[(state << 8) | (data[i] as number)] as number;
      if (state < quiet) continue;
      for (const literal of this.#ends[state - quiet] ?? []) {
        if (this.#lastScan[literal] === scan) continue;
        this.#lastScan[literal] = scan;
        this.found[count++] = literal;
      }
    }
    return count;
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
  if (nodes.length > 65_535) throw new RangeError(`The patterns need ${nodes.length} states, 65,535 are possible`);
  const loud = nodes
    .map((node, index) => ({ node, index }))
    .filter(({ node, index }) => index > 0 && node.ends.length > 0);
  const quiet = nodes.length - loud.length;
  const renumbered = new Uint16Array(nodes.length);
  let free = 0;
  for (const [index, node] of nodes.entries()) if (index === 0 || node.ends.length === 0) renumbered[index] = free++;
  for (const [order, { index }] of loud.entries()) renumbered[index] = quiet + order;
  const next = new Uint16Array(nodes.length * 256);
  for (const [index] of nodes.entries()) {
    const row = (renumbered[index] ?? 0) * 256;
    for (let byte = 0; byte < 256; byte++) next[row + byte] = renumbered[table[index * 256 + byte] ?? 0] ?? 0;
  }
  return { next, quiet, ends: loud.map(({ node }) => Int32Array.from(node.ends)) };
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
