/** A regular expression as a tree, and sets of bytes: what the proofs about patterns are made with. */

/** One part of an expression; `at` is its offset in the expression. */
export type Tree =
  | { readonly type: 'bytes'; readonly bytes: ByteSet; readonly at: number }
  | { readonly type: 'sequence'; readonly parts: readonly Tree[] }
  | { readonly type: 'choice'; readonly options: readonly Tree[] }
  | { readonly type: 'repeat'; readonly tree: Tree; readonly min: number; readonly max: number; readonly at: number }
  | { readonly type: 'capture'; readonly name: string; readonly tree: Tree };

/** One bit a byte, in eight words. */
export type ByteSet = Uint32Array;

export function bytesWhere(isIn: (byte: number) => boolean): ByteSet {
  const set = new Uint32Array(8);
  for (let byte = 0; byte < 256; byte++) if (isIn(byte)) addByte(set, byte);
  return set;
}

export function oneByte(byte: number): ByteSet {
  const set = new Uint32Array(8);
  addByte(set, byte);
  return set;
}

export function hasByte(set: ByteSet, byte: number): boolean {
  return (((set[byte >> 5] ?? 0) >>> (byte & 31)) & 1) === 1;
}

export function overlap(a: ByteSet, b: ByteSet): boolean {
  for (let word = 0; word < 8; word++) if (((a[word] ?? 0) & (b[word] ?? 0)) !== 0) return true;
  return false;
}

export function common(a: ByteSet, b: ByteSet): ByteSet {
  return a.map((word, index) => word & (b[index] ?? 0));
}

function addByte(set: ByteSet, byte: number): void {
  set[byte >> 5] = (set[byte >> 5] ?? 0) | (1 << (byte & 31));
}
