/**
 * A log file that survives what happens to log files: moved away by logrotate and opened anew on demand, a disk that is
 * full and gets room again, a folder that appears later. A line that it cannot take is for the caller to write elsewhere.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { messageOf } from '../errors.ts';

/** Readable for a group such as adm, not for everybody: logins stand in it. */
const MODE = 0o640;

export class LogFile {
  readonly path: string;
  #fd: number | null = null;
  /** A disk that became full may have taken half a line. */
  #torn = false;
  /** Why the last line was not taken; null where it was. */
  problem: string | null = null;

  constructor(path: string) {
    this.path = path;
  }

  /** Appends one line. @returns whether it stands in the file */
  write(line: string): boolean {
    try {
      this.#fd ??= openSync(this.path, 'a', MODE);
      const data = Buffer.from(this.#torn ? `\n${line}` : line);
      for (let written = 0; written < data.length; ) {
        written += writeSync(this.#fd, data, written);
        this.#torn = written < data.length;
      }
      this.problem = null;
      return true;
    } catch (error) {
      this.problem = messageOf(error);
      return false;
    }
  }

  /** The next line opens the path anew: the file may have been moved away. */
  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
    this.#torn = false;
  }
}
