/** The memory that files are read into: a few large blocks in turn, however many files there are. */

const LARGE = 1024 * 1024;
const SMALL = 64 * 1024;
const MOST_LARGE = 4;

export class Blocks {
  readonly #spare: Buffer[] = [];
  #made = 0;

  /** A block for up to `wanted` bytes, large when much is wanted and one is left. */
  take(wanted: number): Buffer {
    if (wanted <= SMALL) return Buffer.allocUnsafe(wanted);
    const spare = this.#spare.pop();
    if (spare !== undefined) return spare;
    if (this.#made >= MOST_LARGE) return Buffer.allocUnsafeSlow(SMALL);
    this.#made++;
    return Buffer.allocUnsafeSlow(LARGE);
  }

  give(block: Buffer): void {
    if (block.length === LARGE) this.#spare.push(block);
  }
}
