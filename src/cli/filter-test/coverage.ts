/** How well the filters know a log: the lines that each pattern matches, and the shapes of those that none does. */
import type { Filter } from '../../config/filter-files.ts';
import { type Dissection, Dissector } from '../../filter/dissect.ts';
import type { MatcherOptions, Sighting } from '../../filter/match.ts';
import { LogReader } from '../../filter/reader.ts';
import { shapeOf } from './mask.ts';
import { Shapes } from './shapes.ts';

export interface CoverageOptions extends Omit<MatcherOptions, 'filters'> {
  readonly filters: readonly Filter[];
  /** The log is known to be that of a program that writes no program names. */
  readonly own: boolean;
}

const NEWLINE = 10;

/** The counts over all logs; each log is read by a `LogCoverage` of its own. */
export class Coverage {
  lines = 0;
  matched = 0;
  /** Of programs that no filter is for. */
  foreign = 0;
  /** Without a time stamp or a message, or without a program where one is expected. */
  unreadable = 0;
  /** Lines that each pattern matches, by filter and pattern. */
  readonly patterns = new Map<string, Map<string, number>>();
  /** Of lines that a filter is for and no pattern matches. */
  readonly missed = new Shapes();
  /** Programs that no filter is for. */
  readonly foreignPrograms = new Shapes();

  count({ filter, pattern }: Sighting): void {
    this.matched++;
    const patterns = this.patterns.get(filter) ?? new Map<string, number>();
    this.patterns.set(filter, patterns.set(pattern, (patterns.get(pattern) ?? 0) + 1));
  }
}

export class LogCoverage {
  readonly #coverage: Coverage;
  readonly #options: CoverageOptions;
  readonly #reader: LogReader;
  readonly #dissector: Dissector;
  /** Those that also read logs without program names. */
  readonly #ownFilters: ReadonlySet<string>;
  readonly #known = new Map<string, boolean>();
  /** Lines without a program name are those of a program with a filter. */
  #own: boolean;

  constructor(coverage: Coverage, options: CoverageOptions) {
    this.#coverage = coverage;
    this.#options = options;
    this.#own = options.own;
    this.#ownFilters = new Set(options.filters.flatMap(({ definition }) => (definition.ownLog ? definition.name : [])));
    this.#reader = new LogReader({ ...options, filters: options.filters.map(({ compiled }) => compiled) });
    this.#dissector = new Dissector(options);
  }

  /** @param data complete lines. */
  read(data: Buffer): void {
    const before = this.#reader.lines;
    /** The filters that know a line, by its number. */
    const matched = new Map<number, string>();
    this.#reader.match(data, (sighting) => {
      this.#coverage.count(sighting);
      matched.set(sighting.line, sighting.filter);
    });
    this.#coverage.lines += this.#reader.lines - before;
    let number = before;
    let start = 0;
    for (let end = data.indexOf(NEWLINE); end >= 0; end = data.indexOf(NEWLINE, start)) {
      const filter = matched.get(++number);
      const line = data.subarray(start, end);
      if (filter === undefined) this.#look(line);
      else if (!this.#own && this.#ownFilters.has(filter)) this.#own = !this.#isOfKnown(this.#dissector.dissect(line));
      start = end + 1;
    }
  }

  #look(line: Buffer): void {
    const parts = this.#dissector.dissect(line);
    if (parts.message === '') this.#coverage.unreadable++;
    else if (this.#isOfKnown(parts)) this.#miss(`${parts.program}: `, parts.message, line);
    else if (this.#own) this.#miss('', parts.ownMessage, line);
    else this.#pass(parts, line);
  }

  #miss(program: string, message: string, line: Buffer): void {
    const shape = Buffer.from(program + shapeOf(message), 'latin1').toString('utf8');
    this.#coverage.missed.add(shape, line.toString('utf8'));
  }

  #pass({ time, program }: Dissection, line: Buffer): void {
    if (time === null || program === null) {
      this.#coverage.unreadable++;
      return;
    }
    this.#coverage.foreign++;
    this.#coverage.foreignPrograms.add(program, line.toString('utf8'));
  }

  #isOfKnown({ program }: Dissection): boolean {
    if (program === null) return false;
    let isKnown = this.#known.get(program);
    if (isKnown === undefined) {
      isKnown = this.#options.filters.some(({ compiled }) => compiled.programs.test(program));
      // Program names come out of a log.
      if (this.#known.size >= 4_096) this.#known.clear();
      this.#known.set(program, isKnown);
    }
    return isKnown;
  }
}
