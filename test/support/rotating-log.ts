/**
 * A log file as a syslog daemon writes it, with the ways in which logrotate(8) takes it away: renamed, with some more
 * lines into the old file before the writer opens the new one, or copied and emptied. Lines may come in two pieces.
 */
import { closeSync, copyFileSync, existsSync, openSync, renameSync, truncateSync, writeSync } from 'node:fs';

export type Rotation = 'rename' | 'copytruncate';

export class RotatingLog {
  readonly path: string;
  rotations = 0;
  #file: number;
  /** The rest of a line that has been written in part. */
  #rest: Buffer | null = null;
  /** How many more writes go to the renamed file. */
  #stay = 0;

  constructor(path: string) {
    this.path = path;
    this.#file = openSync(path, 'a');
  }

  /** Appends; with `cut` only the first bytes of the last line are written now, and the others before what comes next. */
  write(text: string, cut = 0): void {
    this.#finishLine();
    this.#reopen();
    const bytes = Buffer.from(text);
    const end = bytes.length - Math.min(cut, bytes.length - 1);
    writeSync(this.#file, bytes.subarray(0, end));
    this.#rest = end < bytes.length ? bytes.subarray(end) : null;
  }

  /**
   * @param stay how many more writes a renamed file gets.
   * @param first what stands in an emptied file from the beginning: who only ever sees it empty cannot tell whether it
   * has been emptied twice.
   */
  rotate(how: Rotation, { stay = 0, first = '' } = {}): void {
    this.#finishLine();
    if (how === 'rename' && !existsSync(this.path)) return;
    for (let n = this.rotations; n >= 1; n--) renameSync(`${this.path}.${n}`, `${this.path}.${n + 1}`);
    this.rotations++;
    if (how === 'rename') {
      renameSync(this.path, `${this.path}.1`);
      this.#stay = stay;
      return;
    }
    copyFileSync(this.path, `${this.path}.1`);
    truncateSync(this.path);
    writeSync(this.#file, first);
  }

  close(): void {
    this.#finishLine();
    closeSync(this.#file);
  }

  #finishLine(): void {
    if (this.#rest !== null) writeSync(this.#file, this.#rest);
    this.#rest = null;
  }

  #reopen(): void {
    if (this.#stay-- > 0 || existsSync(this.path)) return;
    closeSync(this.#file);
    this.#file = openSync(this.path, 'a');
  }
}
