/** A log whose lines are numbered, to be rotated without a pause. */
import { appendFileSync, copyFileSync, existsSync, renameSync, truncateSync, writeFileSync } from 'node:fs';

/** As logrotate(8) takes it away with `copytruncate`, or with `rename` and `create`. */
export class NumberedLog {
  readonly path: string;
  written = 0;

  constructor(path: string) {
    this.path = path;
    writeFileSync(path, '');
  }

  write(lines: number): void {
    let text = '';
    for (let n = 0; n < lines; n++) text += `${this.written++} of the lines of a log that is being rotated\n`;
    appendFileSync(this.path, text);
  }

  copy(): void {
    this.shift();
    copyFileSync(this.path, `${this.path}.1`);
  }

  copyAndEmpty(): void {
    this.copy();
    truncateSync(this.path);
  }

  rename(): void {
    this.shift();
    renameSync(this.path, `${this.path}.1`);
    writeFileSync(this.path, '');
  }

  shift(): void {
    for (let n = 9; n >= 1; n--)
      if (existsSync(`${this.path}.${n}`)) renameSync(`${this.path}.${n}`, `${this.path}.${n + 1}`);
  }
}
