/** What the demonstration shows: numbered headings, the lines of two logs, commands and their output, in 100 columns. */
import { type InspectColor, styleText } from 'node:util';

const WIDTH = 100;
const MARGIN = 'mail.log | ';

export class Screen {
  readonly #out: NodeJS.WriteStream;
  #headings = 0;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  heading(text: string): void {
    this.#headings++;
    this.#print(`\n${this.#style('bold', `${this.#headings}. ${text}`)}\n`);
  }

  /** A remark of the demonstration itself. */
  say(text: string): void {
    for (const row of wrap(text, WIDTH - 4)) this.#print(`    ${row}`);
  }

  /** A line of the mail log, without its stamp and host. */
  mail(line: string): void {
    const [first = '', ...rest] = wrap(line.split(' ').slice(2).join(' '), WIDTH - MARGIN.length);
    this.#print(this.#style('dim', `mail.log | ${first}`));
    for (const row of rest) this.#print(this.#style('dim', `         | ${row}`));
  }

  /** A line that tailban wrote itself. */
  daemon(line: string): void {
    const colour = colourOf(line);
    const [first = '', ...rest] = wrap(line, WIDTH - MARGIN.length);
    this.#print(`${this.#style('cyan', 'tailban')}  | ${colour === null ? first : this.#style(colour, first)}`);
    for (const row of rest) this.#print(`         | ${colour === null ? row : this.#style(colour, row)}`);
  }

  blank(): void {
    this.#print('');
  }

  /** A command as an admin types it. */
  command(text: string): void {
    this.#print(`    ${this.#style('bold', `$ ${text}`)}`);
  }

  /** What a command printed. */
  output(text: string): void {
    for (const line of text.trimEnd().split('\n')) {
      for (const row of rows(line, WIDTH - 4)) this.#print(`    ${row}`.trimEnd());
    }
  }

  /** Two columns and a verdict, such as who was probed and what came of it. */
  row(subject: string, about: string, result: string, good: boolean): void {
    this.#print(`    ${subject.padEnd(18)} ${about.padEnd(46)} ${this.#style(good ? 'green' : 'red', result)}`);
  }

  end(lines: readonly string[], good: boolean): void {
    this.#print('');
    for (const line of lines)
      for (const row of wrap(line, WIDTH)) this.#print(this.#style(good ? 'green' : 'red', row));
  }

  #print(text: string): void {
    this.#out.write(`${text}\n`);
  }

  /** Plain text where the output is no terminal, or NO_COLOR is set. */
  #style(format: InspectColor, text: string): string {
    return styleText(format, text, { stream: this.#out });
  }
}

function colourOf(line: string): InspectColor | null {
  if (/\bbanned\b/.test(line) && line.includes('INFO')) return 'red';
  return /\b(?:WARN|ERROR|FATAL)\b/.test(line) ? 'yellow' : null;
}

/** Breaks between words. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].flatMap((one) => rows(one, width));
}

/** Breaks anywhere. */
function rows(text: string, width: number): string[] {
  const found: string[] = [];
  for (let at = 0; at === 0 || at < text.length; at += width) found.push(text.slice(at, at + width));
  return found;
}
