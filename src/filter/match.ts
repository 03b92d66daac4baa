/** From lines to sightings: which pattern of which filter a line matches, and what it read out of it. Pure. */
import { type Address, parseAddress } from '../core/ip.ts';
import type { Kind, Millis } from '../core/types.ts';
import type { CompiledFilter, CompiledPattern } from './compile.ts';
import type { Role } from './definition.ts';
import { type Entry, type JournalTrust, parseJournal, parseLine } from './header.ts';
import { type LineTest, lineTest } from './prefilter.ts';
import { Scanner } from './scan.ts';
import { type LocalTime, StampReader } from './stamp.ts';

/** What one line says by itself, before it is joined with others. */
export interface Sighting {
  readonly filter: string;
  readonly pattern: string;
  readonly as: Role;
  readonly kind: Kind | null;
  readonly also: Kind | null;
  readonly layer: string;
  readonly explainsLogin: boolean;
  readonly time: Millis;
  readonly ip: Address | null;
  readonly login: string | null;
  /** The session id that the server wrote; layers behind it write the same. Null where the line has none. */
  readonly session: string | null;
  /** What joins the lines of one connection: that session id, else the process. Null where this filter joins none. */
  readonly connection: string | null;
  /** How many failed logins this line stands for. */
  readonly attempts: number;
  /** How long those took; 0 where the line does not say. */
  readonly span: Millis;
  readonly counts: ConnectionCounts | null;
  readonly text: string;
  /** The number of the line, from 1. */
  readonly line: number;
}

/** What a server says at the end of a connection. */
export interface ConnectionCounts {
  readonly worked: number;
  readonly tried: number;
  /** Accepted senders. */
  readonly mails: number;
  readonly taken: number;
  readonly given: number;
}

/** Of a longer line only the beginning is kept: it waits in memory, and may become evidence. */
const LONGEST_TEXT = 1_000;
/** Servers write such a word where the login is unknown. */
const NO_LOGIN = new Set(['', '?', '(unavailable)', '(unknown)', 'unknown']);

export interface MatcherOptions {
  readonly filters: readonly CompiledFilter[];
  readonly localTime: LocalTime;
  /** About when the lines were written; decides the year where a stamp has none. */
  readonly reference: () => Millis;
  readonly trust: JournalTrust;
}

/** Reads the lines of one source; keeps nothing but the format of its time stamps and the number of lines. */
export class Matcher {
  readonly #patterns: readonly CompiledPattern[];
  readonly #byLiteral: readonly (readonly number[])[];
  readonly #mayMatch: LineTest;
  readonly #scanner: Scanner;
  readonly #stamps: StampReader;
  readonly #trust: JournalTrust;
  readonly #programs = new Map<string, ReadonlySet<CompiledFilter>>();
  readonly #filters: readonly CompiledFilter[];
  #lines = 0;

  constructor(options: MatcherOptions) {
    this.#filters = options.filters;
    this.#patterns = options.filters.flatMap((filter) => filter.patterns);
    const literals = [...new Set(this.#patterns.map((pattern) => pattern.literal))];
    this.#byLiteral = literals.map((literal) =>
      this.#patterns.flatMap((pattern, index) => (pattern.literal === literal ? [index] : [])),
    );
    this.#mayMatch = lineTest(this.#patterns);
    this.#scanner = new Scanner(literals);
    this.#stamps = new StampReader(options.localTime, options.reference);
    this.#trust = options.trust;
  }

  /** How many lines have been read. */
  get lines(): number {
    return this.#lines;
  }

  /** Reads complete lines of text and reports each sighting. */
  readText(data: Buffer, see: (sighting: Sighting) => void): void {
    const text = data.toString('latin1');
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      this.#lines++;
      if (this.#mayMatch(text, start)) this.#readLine(data, start, end, see);
      start = end + 1;
    }
  }

  #readLine(data: Buffer, start: number, end: number, see: (sighting: Sighting) => void): void {
    const count = this.#scanner.scan(data, start, end);
    if (count === 0) return;
    const line = cleanLine(data, start, end);
    const entry = parseLine(line, this.#stamps);
    if (entry === null) return;
    const found = this.#find(entry, this.#candidates(this.#scanner.found, count));
    if (found !== null) this.#see(found, entry, line, this.#lines, see);
  }

  /** Reads complete lines, each a JSON object of journalctl. */
  readJournal(data: Buffer, see: (sighting: Sighting) => void): void {
    let start = 0;
    for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10, start)) {
      const text = data.toString('utf8', start, end);
      start = end + 1;
      this.#lines++;
      const entry = parseJournal(text, this.#trust);
      if (entry === null) continue;
      const candidates = this.#patterns.flatMap((pattern, index) =>
        entry.message.includes(pattern.literal) ? [index] : [],
      );
      const found = this.#find(entry, candidates);
      if (found !== null) this.#see(found, entry, journalText(entry), this.#lines, see);
    }
  }

  /** The patterns to try, in the order of the filter file. */
  #candidates(literals: Int32Array, count: number): readonly number[] {
    if (count === 1) return this.#byLiteral[literals[0] ?? 0] ?? [];
    const candidates: number[] = [];
    for (let i = 0; i < count; i++) candidates.push(...(this.#byLiteral[literals[i] ?? 0] ?? []));
    return candidates.sort((a, b) => a - b);
  }

  #find(entry: Entry, candidates: readonly number[]): { pattern: CompiledPattern; match: RegExpExecArray } | null {
    const filters = this.#filtersOf(entry.program);
    if (filters.size === 0) return null;
    for (const index of candidates) {
      const pattern = this.#patterns[index];
      if (pattern === undefined || !filters.has(pattern.filter)) continue;
      const match = pattern.regex.exec(entry.message);
      if (match !== null) return { pattern, match };
    }
    return null;
  }

  #filtersOf(program: string): ReadonlySet<CompiledFilter> {
    let filters = this.#programs.get(program);
    if (filters === undefined) {
      filters = new Set(this.#filters.filter((filter) => filter.programs.test(program)));
      // Program names come out of a log: a bound keeps odd ones from filling the memory.
      if (this.#programs.size >= 4096) this.#programs.clear();
      this.#programs.set(program, filters);
    }
    return filters;
  }

  #see(
    { pattern, match }: { pattern: CompiledPattern; match: RegExpExecArray },
    entry: Entry,
    line: string,
    number: number,
    see: (sighting: Sighting) => void,
  ): void {
    const groups = match.groups ?? {};
    const ipText = groups['ip'];
    const ip = ipText === undefined ? null : parseAddress(ipText);
    // An address that is none ("unknown") belongs to nobody; the line must not be joined to somebody else either.
    if (ipText !== undefined && ip === null) return;
    see({
      filter: pattern.filter.name,
      pattern: pattern.name,
      as: pattern.as,
      kind: pattern.kind,
      also: pattern.also,
      layer: pattern.layer,
      explainsLogin: pattern.explainsLogin,
      time: entry.time,
      ip,
      login: readLogin(groups['login']),
      session: groups['session'] ?? null,
      connection: connectionOf(pattern.filter, groups['session'], entry.pid),
      attempts: Math.min(Number(groups['attempts'] ?? 1) * entry.times, 100_000),
      span: Number(groups['seconds'] ?? 0) * 1000,
      counts: pattern.as === 'end' ? readCounts(groups) : null,
      text: fromLatin1(line.length > LONGEST_TEXT ? `${line.slice(0, LONGEST_TEXT)}...` : line),
      line: number,
    });
  }
}

/** The text of a line: latin1, without the carriage return of CRLF and the NUL bytes that a crash leaves in a log. */
function cleanLine(data: Buffer, start: number, end: number): string {
  let from = start;
  let to = end;
  while (from < to && data[from] === 0) from++;
  if (to > from && data[to - 1] === 13) to--;
  return data.toString('latin1', from, to);
}

function journalText(entry: Entry): string {
  return `${new Date(entry.time).toISOString()} ${entry.program}${entry.pid === '' ? '' : `[${entry.pid}]`}: ${entry.message}`;
}

function connectionOf(filter: CompiledFilter, session: string | undefined, pid: string): string | null {
  if (!filter.connections) return null;
  if (session !== undefined) return session;
  return filter.session === 'pid' && pid !== '' ? `pid ${pid}` : null;
}

function readLogin(text: string | undefined): string | null {
  return text === undefined || NO_LOGIN.has(text) ? null : fromLatin1(text);
}

function readCounts(groups: Record<string, string | undefined>): ConnectionCounts {
  const worked = Number(groups['worked'] ?? 0);
  const taken = Number(groups['taken'] ?? 0);
  return {
    worked,
    tried: Number(groups['tried'] ?? worked),
    mails: Number(groups['mails'] ?? 0),
    taken,
    given: Number(groups['given'] ?? taken),
  };
}

/** Lines are matched as latin1, one character a byte; what people read is UTF-8. */
function fromLatin1(text: string): string {
  return /^[\x00-\x7f]*$/.test(text) ? text : Buffer.from(text, 'latin1').toString('utf8');
}
