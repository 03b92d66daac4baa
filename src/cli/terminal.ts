/**
 * What a command sees of the world outside: three streams, the environment and the clock. Handed to every command, so
 * that nothing but `main.ts` touches the process. Owns colours and the rule that text from a log cannot steer a terminal.
 */
import { once } from 'node:events';
import { type InspectColor, styleText } from 'node:util';
import { oneLine } from '../core/one-line.ts';
import type { Millis } from '../core/types.ts';

export interface Streams {
  readonly stdin: NodeJS.ReadableStream & { readonly fd?: number; readonly isTTY?: boolean };
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => Millis;
}

const USUAL_WIDTH = 80;

export class Terminal {
  readonly #streams: Streams;
  /** Switched off by `--no-color`, which is known only when the arguments have been read. */
  #colour = true;

  constructor(streams: Streams) {
    this.#streams = streams;
  }

  get stdin(): Streams['stdin'] {
    return this.#streams.stdin;
  }

  /** Standard output, for what writes by itself: the daemon's log. */
  get output(): Streams['stdout'] {
    return this.#streams.stdout;
  }

  get env(): Streams['env'] {
    return this.#streams.env;
  }

  now(): Millis {
    return this.#streams.now();
  }

  /** Whether a person reads the output. */
  get isTty(): boolean {
    return this.#streams.stdout.isTTY === true;
  }

  /** In characters; null where the output goes to a file or a program, which nothing is cut for. */
  get width(): number | null {
    return this.isTty ? (this.#streams.stdout.columns ?? USUAL_WIDTH) : null;
  }

  noColour(): void {
    this.#colour = false;
  }

  /** One or several lines for standard output. */
  print(text: string): void {
    this.#streams.stdout.write(`${text}\n`);
  }

  /** A line for standard error: what does not belong to the result. */
  note(text: string): void {
    this.#streams.stderr.write(`${text}\n`);
  }

  /** Whether a person watches standard error, and so a line there that changes. */
  get showsProgress(): boolean {
    return this.#streams.stderr.isTTY === true;
  }

  /** A line on standard error that takes the place of the one before; an empty one is none. Only for people. */
  progress(text: string): void {
    if (this.showsProgress) this.#streams.stderr.write(`\r\x1b[K${oneLine(text).slice(0, USUAL_WIDTH - 1)}`);
  }

  /** Much text for standard output, as it stands; resolves when there is room for more. */
  async write(text: string): Promise<void> {
    if (!this.#streams.stdout.write(text)) await once(this.#streams.stdout, 'drain');
  }

  /** `tailban: sentence`, and `hint: …` in a line of its own, behind what more there is to show. */
  fail(message: string, hint: string, more: readonly string[] = []): void {
    const red = this.#colour && this.#streams.stderr.isTTY === true && !this.env['NO_COLOR'];
    this.note(`${red ? style(['red', 'bold'], 'tailban:') : 'tailban:'} ${oneLine(message)}`);
    for (const line of more) this.note(oneLine(line));
    if (hint !== '') this.note(`hint: ${oneLine(hint)}`);
  }

  style(format: InspectColor | InspectColor[], text: string): string {
    return this.#colour && this.isTty && !this.env['NO_COLOR'] ? style(format, text) : text;
  }
}

function style(format: InspectColor | InspectColor[], text: string): string {
  return styleText(format, text, { validateStream: false });
}
