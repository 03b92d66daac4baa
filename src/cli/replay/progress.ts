/** The line that tells how far a replay is: for people who watch, a few times a second. */
import type { Millis } from '../../core/types.ts';
import type { Terminal } from '../terminal.ts';

const EVERY: Millis = 200;
const MEGABYTE = 1e6;

export class Progress {
  readonly #terminal: Terminal;
  /** In bytes; null where that is not known. */
  readonly #total: number | null;
  readonly #start: Millis;
  readonly #isOn: boolean;
  #shown: Millis;
  #bytes = 0;
  lines = 0;

  constructor(terminal: Terminal, total: number | null, isOn: boolean) {
    this.#terminal = terminal;
    this.#total = total;
    this.#start = terminal.now();
    this.#shown = this.#start;
    this.#isOn = isOn && terminal.showsProgress;
  }

  bytes(count: number): void {
    this.#bytes += count;
    if (!this.#isOn) return;
    const now = this.#terminal.now();
    if (now - this.#shown < EVERY) return;
    this.#shown = now;
    const seconds = (now - this.#start) / 1000;
    const rates = `${rate(this.#bytes / seconds)}, ${Math.round(this.lines / seconds).toLocaleString('en')} lines/s`;
    this.#terminal.progress(`${this.#share()}, ${rates}`);
  }

  end(): void {
    if (this.#isOn) this.#terminal.progress('');
  }

  #share(): string {
    if (this.#total === null || this.#total === 0) return `${size(this.#bytes)} read`;
    const percent = Math.min(100, Math.floor((this.#bytes / this.#total) * 100));
    return `${percent} % of ${size(this.#total)} read`;
  }
}

function size(bytes: number): string {
  return bytes >= 1000 * MEGABYTE
    ? `${(bytes / 1000 / MEGABYTE).toFixed(1)} GB`
    : `${(bytes / MEGABYTE).toFixed(1)} MB`;
}

function rate(bytesPerSecond: number): string {
  return `${(bytesPerSecond / MEGABYTE).toFixed(0)} MB/s`;
}
