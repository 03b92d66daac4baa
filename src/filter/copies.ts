/**
 * Lines that a program writes to two logs (Exim's main and reject log): the second of two is a copy and tells nothing new.
 * The logs are two files, which may be read one after the other, or both end in the same syslog. Bounded, oldest out
 * first; not kept over a restart, which at worst makes one line in between count twice.
 */
import { RecentMap } from '../core/recent.ts';
import type { Millis } from '../core/types.ts';

interface Written {
  readonly log: object | null;
  readonly time: Millis;
  /** How many lines of this log have not met their copy yet. */
  open: number;
}

const MAX_LINES = 10_000;
/** syslog stamps both lines itself, one a moment after the other; its stamps may have no fraction. */
const APART: Millis = 1_000;

export class Copies {
  readonly #lines = new RecentMap<string, Written>();

  /**
   * Whether the line is the copy of one that was seen before; it takes one copy away.
   * @param log whose line it is; null where both logs end in one
   */
  isCopy(line: string, log: object | null, time: Millis): boolean {
    const known = this.#lines.get(line);
    const near = known !== undefined && Math.abs(time - known.time) <= APART;
    if (near && log !== null && known.log === log) {
      known.open++;
      return false;
    }
    if (near && known.open > 0) {
      known.open--;
      return true;
    }
    this.#lines.set(line, { log, time, open: 1 });
    this.#lines.trim(MAX_LINES);
    return false;
  }
}
