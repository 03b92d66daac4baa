/**
 * The first look at a line of text, before it is decoded: which patterns can match it at all, by the name of the program
 * and by how its message begins. One automaton for all, so the cost does not grow with the number of filters.
 */
import { type Beginning, Beginnings } from './beginnings.ts';
import type { CompiledFilter, CompiledPattern } from './compile.ts';
import { piecesOf } from './regex.ts';

export interface Look {
  /** Patterns that may match behind the name of their program. */
  readonly tagged: readonly CompiledPattern[];
  /** Patterns that may match in the program's own log. */
  readonly own: readonly CompiledPattern[];
  /** The line is no plain syslog line, its message has to be unwrapped first. */
  readonly isUnusual: boolean;
  /** Neither: nothing will match. */
  readonly isNothing: boolean;
}

/** Behind the time: Dovecot's own log has no host and a level word, and rsyslog folds equal lines. */
const UNUSUAL: readonly Beginning[] = [
  { pieces: piecesOf('[a-z0-9-]{1,40}(?:\\([^ ]*\\))?(?:<[^ ]*>)?: (?:Info|Warning|Error|Fatal|Panic|Debug): ') },
  { pieces: piecesOf('(?:[^ ]+ )?[^ ]+: message repeated ') },
];
const HOST = piecesOf('(?:[^ ]+ )?');
const PROCESS = piecesOf('(?:\\[[^ ]*\\])?: ');

/** The automata of some filters; to be shared by all who read with these filters. */
export class Looks {
  readonly #filters: readonly CompiledFilter[];
  #lines: Beginnings<Look> | null = null;
  #messages: Beginnings<readonly CompiledPattern[]> | null = null;

  constructor(filters: readonly CompiledFilter[]) {
    this.#filters = filters;
  }

  /** Of lines from behind their time on. */
  get lines(): Beginnings<Look> {
    this.#lines ??= lineLook(this.#filters);
    return this.#lines;
  }

  /** Of messages alone, whatever stood before them. */
  get messages(): Beginnings<readonly CompiledPattern[]> {
    this.#messages ??= messageLook(this.#filters);
    return this.#messages;
  }
}

function lineLook(filters: readonly CompiledFilter[]): Beginnings<Look> {
  const patterns = filters.flatMap((filter) => filter.patterns);
  const own = patterns.filter(({ filter }) => filter.ownLog);
  const tagged = filters.map(
    (filter): Beginning => ({
      pieces: [...filter.programPieces, ...PROCESS],
      next: beginningsOf(filter.patterns),
    }),
  );
  return new Beginnings<Look>([...UNUSUAL, { pieces: HOST, next: tagged }, ...beginningsOf(own)], (complete): Look => {
    const look = {
      isUnusual: complete.some((index) => index < UNUSUAL.length),
      tagged: complete.flatMap((index) => patterns[index - UNUSUAL.length] ?? []),
      own: complete.flatMap((index) => own[index - UNUSUAL.length - patterns.length] ?? []),
    };
    return { ...look, isNothing: !look.isUnusual && look.tagged.length + look.own.length === 0 };
  });
}

function messageLook(filters: readonly CompiledFilter[]): Beginnings<readonly CompiledPattern[]> {
  const patterns = filters.flatMap((filter) => filter.patterns);
  return new Beginnings(beginningsOf(patterns), (complete) => complete.flatMap((index) => patterns[index] ?? []));
}

function beginningsOf(patterns: readonly CompiledPattern[]): Beginning[] {
  return patterns.map(({ beginning }) => ({ pieces: beginning }));
}
