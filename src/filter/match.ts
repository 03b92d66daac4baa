/** From lines to sightings: which pattern of which filter a line matches, and what it read out of it. Pure. */
import { type Address, parseAddress } from '../core/ip.ts';
import type { Kind, Millis } from '../core/types.ts';
import { Beginnings } from './beginnings.ts';
import type { CompiledFilter, CompiledPattern } from './compile.ts';
import type { Role } from './definition.ts';
import { type Entry, type JournalTrust, parseJournal, parseLine, parseOwnLine } from './header.ts';
import { ownMessageStart } from './leading-stamp.ts';
import { piecesOf } from './regex.ts';
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
const NOTHING: readonly number[] = [];
const NUL = 0;
const NEWLINE = 10;
const ESCAPE = 27;
const SPACE = 32;
const COLON = 58;
const LESS_THAN = 60;
/** That of RFC 3164. */
const SHORTEST_STAMP = 15;

const COLOUR = /\x1b\[[0-9;]{0,20}m/g;

/** What stands behind the first colon of a line in Dovecot's own log, and of one that rsyslog folded. */
const UNUSUAL = [piecesOf('(?:Info|Warning|Error|Fatal|Panic|Debug): '), piecesOf('message repeated ')];

/** Servers write such a word where the login is unknown. */
const NO_LOGIN = ['', '?', '(unavailable)', '(unknown)', 'unknown'];

export interface MatcherOptions {
  readonly filters: readonly CompiledFilter[];
  readonly localTime: LocalTime;
  /** About when the lines were written; decides the year where a stamp has none. */
  readonly reference: () => Millis;
  readonly trust: JournalTrust;
}

/** What a line matched. */
interface Found {
  readonly pattern: CompiledPattern;
  readonly match: RegExpExecArray;
  readonly entry: Entry;
}

/** Reads the lines of one source; keeps nothing but the format of its time stamps and the number of lines. */
export class Matcher {
  readonly #patterns: readonly CompiledPattern[];
  /** Of the patterns, behind those that make a line unusual. */
  readonly #beginnings: Beginnings;
  /** Of filters whose lines also come without the name of a program. */
  readonly #ownPatterns: readonly CompiledPattern[];
  readonly #ownBeginnings: Beginnings;
  readonly #stamps: StampReader;
  /** Stamps inside messages are of another format than those that lead the lines. */
  readonly #innerStamps: StampReader;
  readonly #trust: JournalTrust;
  readonly #programs = new Map<string, ReadonlySet<CompiledFilter>>();
  readonly #filters: readonly CompiledFilter[];
  #lines = 0;

  constructor(options: MatcherOptions) {
    this.#filters = options.filters;
    this.#patterns = options.filters.flatMap((filter) => filter.patterns);
    this.#beginnings = new Beginnings([...UNUSUAL, ...this.#patterns.map(({ beginning }) => beginning)]);
    this.#ownPatterns = this.#patterns.filter(({ filter }) => filter.ownLog);
    this.#ownBeginnings = new Beginnings(this.#ownPatterns.map(({ beginning }) => beginning));
    this.#stamps = new StampReader(options.localTime, options.reference);
    this.#innerStamps = new StampReader(options.localTime, options.reference);
    this.#trust = options.trust;
  }

  /** How many lines have been read. */
  get lines(): number {
    return this.#lines;
  }

  /** Reads complete lines of text and reports each sighting. */
  readText(data: Buffer, see: (sighting: Sighting) => void): void {
    let start = 0;
    for (let end = data.indexOf(NEWLINE); end >= 0; end = data.indexOf(NEWLINE, start)) {
      this.#lines++;
      this.#readLine(data, start, end, see);
      start = end + 1;
    }
  }

  #readLine(data: Buffer, start: number, end: number, see: (sighting: Sighting) => void): void {
    const likely = this.#beginnings.of(data, messageStart(data, start, end), end);
    const isUnusual = (likely[0] ?? this.#patterns.length) < UNUSUAL.length || isUnusualHead(data[start]);
    const own = this.#ownPatterns.length === 0 ? NOTHING : this.#ownLikely(data, start, end);
    if (likely.length === 0 && own.length === 0 && !isUnusual) return;
    const line = cleanLine(data, start, end);
    const found = isUnusual ? this.#findUnusual(line) : (this.#findTagged(line, likely) ?? this.#findOwn(line, own));
    if (found !== null) this.#see(found, line, isAscii(data, start, end), see);
  }

  #ownLikely(data: Buffer, start: number, end: number): readonly number[] {
    return this.#ownBeginnings.of(data, ownMessageStart(data, start, end), end);
  }

  #findTagged(line: string, likely: readonly number[]): Found | null {
    if (likely.length === 0) return null;
    const entry = parseLine(line, this.#stamps);
    return entry === null ? null : this.#find(entry, likely);
  }

  #findOwn(line: string, likely: readonly number[]): Found | null {
    if (likely.length === 0) return null;
    const entry = parseOwnLine(line, ownMessageStart(Buffer.from(line, 'latin1'), 0, line.length), this.#stamps);
    for (const index of likely) {
      const pattern = this.#ownPatterns[index];
      const match = pattern?.regex.exec(entry.message);
      if (pattern && match) return { pattern, match, entry };
    }
    return null;
  }

  #findUnusual(line: string): Found | null {
    const entry = parseLine(line, this.#stamps);
    const found = entry === null ? null : this.#find(entry, this.#candidates(entry));
    if (found !== null || this.#ownPatterns.length === 0) return found;
    return this.#findOwn(line, this.#ownLikely(Buffer.from(line, 'latin1'), 0, line.length));
  }

  /** Reads complete lines, each a JSON object of journalctl. */
  readJournal(data: Buffer, see: (sighting: Sighting) => void): void {
    let start = 0;
    for (let end = data.indexOf(NEWLINE); end >= 0; end = data.indexOf(NEWLINE, start)) {
      const text = data.toString('utf8', start, end);
      start = end + 1;
      this.#lines++;
      const entry = parseJournal(text, this.#trust);
      if (entry === null) continue;
      const found = this.#find(entry, this.#candidates(entry));
      if (found !== null) this.#see(found, journalText(entry), false, see);
    }
  }

  #candidates({ message }: Entry): readonly number[] {
    return this.#beginnings.of(Buffer.from(message, 'latin1'), 0, message.length);
  }

  #find(entry: Entry, candidates: readonly number[]): Found | null {
    const filters = this.#filtersOf(entry.program);
    if (filters.size === 0) return null;
    for (const index of candidates) {
      const pattern = this.#patterns[index - UNUSUAL.length];
      if (pattern === undefined || !filters.has(pattern.filter)) continue;
      // Where there is a choice, a search for the literal is cheaper than an expression that does not match.
      if (candidates.length > 1 && !entry.message.includes(pattern.literal)) continue;
      const match = pattern.regex.exec(entry.message);
      if (match !== null) return { pattern, match, entry };
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

  #see({ pattern, match, entry }: Found, line: string, isPlain: boolean, see: (sighting: Sighting) => void): void {
    const groups = match.groups ?? {};
    const text = line.length > LONGEST_TEXT ? `${line.slice(0, LONGEST_TEXT)}...` : line;
    const login = readLogin(groups['login']);
    const ipText = groups['ip'];
    const ip = ipText === undefined ? null : parseAddress(ipText);
    // An address that is none ("unknown") belongs to nobody; the line must not be joined to somebody else either.
    if (ipText !== undefined && ip === null) return;
    const time = entry.time ?? (groups['stamp'] === undefined ? null : this.#innerStamps.read(groups['stamp']));
    if (time === null) return;
    see({
      filter: pattern.filter.name,
      pattern: pattern.name,
      as: pattern.as,
      kind: pattern.kind,
      also: pattern.also,
      layer: pattern.layer,
      explainsLogin: pattern.explainsLogin,
      time,
      ip,
      login: isPlain || login === null ? login : fromLatin1(login),
      session: groups['session'] ?? null,
      connection: connectionOf(pattern.filter, groups['session'], groups['pid'] ?? entry.pid),
      attempts: Math.min(Number(groups['attempts'] ?? 1) * entry.times, 100_000),
      span: Number(groups['seconds'] ?? 0) * 1000,
      counts: pattern.as === 'end' ? readCounts(groups) : null,
      text: isPlain ? text : fromLatin1(text),
      line: this.#lines,
    });
  }
}

/**
 * Where the message begins if the line is a usual one, `STAMP HOST TAG: MESSAGE`; no stamp holds a colon and a blank. The
 * end of the line where there is none.
 */
function messageStart(data: Buffer, start: number, end: number): number {
  let at = start + SHORTEST_STAMP;
  while (at < end && (data[at] !== COLON || data[at + 1] !== SPACE)) at++;
  return at + 2;
}

/** RFC 5424 has no colon behind the program, and the priority of RFC 3164 looks like its; a crash leaves NUL bytes. */
function isUnusualHead(byte: number | undefined): boolean {
  return byte === LESS_THAN || byte === NUL || byte === ESCAPE;
}

/**
 * The text of a line: latin1, without the carriage return of CRLF, the NUL bytes that a crash leaves in a log, and the
 * colours of one that begins with a colour.
 */
function cleanLine(data: Buffer, start: number, end: number): string {
  let from = start;
  let to = end;
  while (from < to && data[from] === 0) from++;
  if (to > from && data[to - 1] === 13) to--;
  const line = data.toString('latin1', from, to);
  return data[from] === ESCAPE ? line.replace(COLOUR, '') : line;
}

function journalText(entry: Entry): string {
  return `${new Date(entry.time ?? 0).toISOString()} ${entry.program}${entry.pid === '' ? '' : `[${entry.pid}]`}: ${entry.message}`;
}

function connectionOf(filter: CompiledFilter, session: string | undefined, pid: string): string | null {
  if (!filter.connections) return null;
  if (session !== undefined) return session;
  return filter.session === 'pid' && pid !== '' ? `pid ${pid}` : null;
}

function readLogin(text: string | undefined): string | null {
  return text === undefined || NO_LOGIN.includes(text) ? null : text;
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

/** Nearly all lines are, and need no second decoding. */
function isAscii(data: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if ((data[i] as number) > 127) return false;
  return true;
}

/** Lines are matched as latin1, one character a byte; what people read is UTF-8. */
function fromLatin1(text: string): string {
  return Buffer.from(text, 'latin1').toString('utf8');
}
