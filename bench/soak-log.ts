/** The log of a soak: written a few lines at a time, and rotated as logrotate(8) does, with two old files kept. */
import { closeSync, copyFileSync, existsSync, openSync, renameSync, truncateSync, writeSync } from 'node:fs';
import { stamped, type Traffic } from './generate.ts';

export class SoakLog {
  readonly path: string;
  lines = 0;
  rotations = 0;
  #file: number;

  constructor(path: string) {
    this.path = path;
    this.#file = openSync(path, 'a');
  }

  /** Appends so many lines of the traffic, as of now. */
  writeTraffic(traffic: Traffic, count: number): void {
    this.write(Array.from({ length: count }, () => traffic.next().text));
  }

  /** Appends lines without their stamps. */
  write(texts: readonly string[]): void {
    const now = Date.now();
    writeSync(this.#file, texts.map((text, n) => stamped(now, n % 1_000, text)).join(''));
    this.lines += texts.length;
  }

  /** By renaming and by copying and emptying, in turn. */
  rotate(): void {
    if (existsSync(`${this.path}.1`)) renameSync(`${this.path}.1`, `${this.path}.2`);
    if (this.rotations++ % 2 === 0) {
      renameSync(this.path, `${this.path}.1`);
      closeSync(this.#file);
      this.#file = openSync(this.path, 'a');
    } else {
      copyFileSync(this.path, `${this.path}.1`);
      truncateSync(this.path);
    }
  }

  close(): void {
    closeSync(this.#file);
  }
}
