/** From lines to sightings: which pattern of which filter a line matches, and what it read out of it. Pure. */
import { type Address, parseAddress } from '../core/ip.ts';
import type { Kind, Millis } from '../core/types.ts';
import type { CompiledFilter, CompiledPattern } from './compile.ts';
import { momentaryKey } from './connections.ts';
import { Copies } from './copies.ts';
import type { Role } from './definition.ts';
import { unescapeText } from './escapes.ts';
import { type Look, Looks } from './first-look.ts';
import { type Entry, type JournalTrust, parseJournal, parseLine, parseOwnLine } from './header.ts';
import { ownMessageStart } from './leading-stamp.ts';
import { type WebFacts, webFacts } from './request.ts';
import { StampReader } from './stamp.ts';
import type { LocalTime } from './wall-clock.ts';

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
  /** What tells one wrong password from another, such as the beginning of its hash; null where the line does not say. */
  readonly password: string | null;
  /** The session id that the server wrote; layers behind it write the same. Null where the line has none. */
  readonly session: string | null;
  /** What joins the lines of one connection: that session id, else the process. Null where this filter joins none. */
  readonly connection: string | null;
  /** The end of that connection will be logged. */
  readonly endIsLogged: boolean;
  /** How many failed logins this line stands for. */
  readonly attempts: number;
  /** How long those took; 0 where the line does not say. */
  readonly span: Millis;
  readonly counts: ConnectionCounts | null;
  /** Of access logs: what was asked for, and for whom. */
  readonly web?: WebFacts;
  readonly text: string;
  /** The number of the line, from 1. */
  readonly line: number;
}

/** What a server says at the end of a connection. */
export interface ConnectionCounts {
  /** Logins that were accepted, of those that were tried. */
  readonly worked: number;
  readonly tried: number;
  /** Accepted senders. */
  readonly mails: number;
  /** Recipients (RCPT TO) that were accepted, of those that were named. */
  readonly taken: number;
  readonly given: number;
}

/** Of a longer line only the beginning is kept: it waits in memory, and may become evidence. */
const LONGEST_TEXT = 1_000;
const NUL = 0;
const NEWLINE = 10;
const ESCAPE = 27;
const LESS_THAN = 60;

const COLOUR = /\x1b\[[0-9;]{0,20}m/g;

/** Servers write such a word where the login is unknown. */
const NO_LOGIN = ['', '?', '(unavailable)', '(unknown)', 'unknown'];

export interface MatcherOptions {
  readonly filters: readonly CompiledFilter[];
  readonly localTime: LocalTime;
  /** About when the lines were written; decides the year where a stamp has none. */
  readonly reference: () => Millis;
  readonly trust: JournalTrust;
  /** Those of the filters, where several readers share them. */
  readonly looks?: Looks;
  /** What a program writes to two logs; shared by their readers. */
  readonly copies?: Copies;
}

/** What a line matched. */
interface Found {
  readonly pattern: CompiledPattern;
  readonly match: RegExpExecArray;
  readonly entry: Entry;
}

/** Reads the lines of one source; keeps nothing but the format of its time stamps and the number of lines. */
export class Matcher {
  readonly #looks: Looks;
  readonly #stamps: StampReader;
  /** Stamps inside messages are of another format than those that lead the lines. */
  readonly #innerStamps: StampReader;
  readonly #trust: JournalTrust;
  readonly #copies: Copies;
  readonly #programs = new Map<string, ReadonlySet<CompiledFilter>>();
  readonly #filters: readonly CompiledFilter[];
  #lastProgram = '';
  #lastFilters: ReadonlySet<CompiledFilter> = new Set();
  #count = 0;

  constructor(options: MatcherOptions) {
    this.#filters = options.filters;
    this.#looks = options.looks ?? new Looks(options.filters);
    this.#stamps = new StampReader(options.localTime, options.reference);
    this.#innerStamps = new StampReader(options.localTime, options.reference);
    this.#trust = options.trust;
    this.#copies = options.copies ?? new Copies();
  }

  /** How many lines have been read. */
  get lines(): number {
    return this.#count;
  }

  /** Reads complete lines of text and reports each sighting. */
  readText(data: Buffer, see: (sighting: Sighting) => void): void {
    let start = 0;
    for (let end = data.indexOf(NEWLINE); end >= 0; end = data.indexOf(NEWLINE, start)) {
      this.#count++;
      this.#readLine(data, start, end, see);
      start = end + 1;
    }
  }

  #readLine(data: Buffer, start: number, end: number, see: (sighting: Sighting) => void): void {
    const messageStart = ownMessageStart(data, start, end);
    const look = this.#looks.lines.of(data, messageStart, end);
    const isColoured = data[messageStart] === ESCAPE;
    const isUnusual = look.isUnusual || isColoured || isUnusualHead(data[start]);
    if (look.isNothing && !isUnusual) return;
    const line = isColoured ? cleanLine(data, start, end).replace(COLOUR, '') : cleanLine(data, start, end);
    const found = isUnusual ? this.#findUnusual(line) : this.#findUsual(line, look, messageStart - start);
    if (found !== null) this.#see(found, line, isAscii(data, start, end), see);
  }

  #findUsual(line: string, { tagged, own }: Look, messageStart: number): Found | null {
    if (tagged.length > 0) {
      const entry = parseLine(line, this.#stamps);
      const found = entry === null ? null : this.#find(entry, tagged);
      if (found !== null) return found;
    }
    return own.length === 0 ? null : firstMatch(parseOwnLine(line, messageStart, this.#stamps), own, null);
  }

  #findUnusual(line: string): Found | null {
    const entry = parseLine(line, this.#stamps);
    const found = entry === null ? null : this.#find(entry, this.#candidates(entry));
    if (found !== null) return found;
    const data = Buffer.from(line, 'latin1');
    const messageStart = ownMessageStart(data, 0, data.length);
    const { own } = this.#looks.lines.of(data, messageStart, data.length);
    return own.length === 0 ? null : firstMatch(parseOwnLine(line, messageStart, this.#stamps), own, null);
  }

  /** Reads complete lines, each a JSON object of journalctl. */
  readJournal(data: Buffer, see: (sighting: Sighting) => void): void {
    let start = 0;
    for (let end = data.indexOf(NEWLINE); end >= 0; end = data.indexOf(NEWLINE, start)) {
      const text = data.toString('utf8', start, end);
      start = end + 1;
      this.#count++;
      const entry = parseJournal(text, this.#trust);
      if (entry === null) continue;
      const found = this.#find(entry, this.#candidates(entry));
      if (found !== null) this.#see(found, journalText(entry), false, see);
    }
  }

  #candidates({ message }: Entry): readonly CompiledPattern[] {
    return this.#looks.messages.of(Buffer.from(message, 'latin1'), 0, message.length);
  }

  #find(entry: Entry, candidates: readonly CompiledPattern[]): Found | null {
    const filters = this.#filtersOf(entry.program);
    return filters.size === 0 ? null : firstMatch(entry, candidates, filters);
  }

  #filtersOf(program: string): ReadonlySet<CompiledFilter> {
    // Lines of one program come in runs, and to compare a name is cheaper than to look it up.
    if (program !== this.#lastProgram) {
      this.#lastFilters = this.#lookUpFilters(program);
      this.#lastProgram = program;
    }
    return this.#lastFilters;
  }

  #lookUpFilters(program: string): ReadonlySet<CompiledFilter> {
    let filters = this.#programs.get(program);
    if (filters === undefined) {
      filters = new Set(this.#filters.filter((filter) => filter.programs.test(program)));
      // Program names come out of a log: a bound keeps odd ones from filling the memory.
      if (this.#programs.size >= 4096) this.#programs.clear();
      this.#programs.set(program, filters);
    }
    return filters;
  }

  /** Lines with a program name come out of syslog, where both logs end; the others stand as they are in two files. */
  #isCopy({ program, pid, message }: Entry, line: string, time: Millis): boolean {
    return program === ''
      ? this.#copies.isCopy(line, this, time)
      : this.#copies.isCopy(`${pid} ${message}`, null, time);
  }

  #see({ pattern, match, entry }: Found, line: string, isPlain: boolean, see: (sighting: Sighting) => void): void {
    const groups = match.groups ?? {};
    const text = keptText(line, groups['secret']);
    const escaped = groups['escaped'];
    const login = readLogin(escaped === undefined ? groups['login'] : unescapeText(escaped));
    const ipText = groups['ip'];
    const ip = ipText === undefined ? null : parseAddress(ipText);
    // An address that is none ("unknown") belongs to nobody; the line must not be joined to somebody else either.
    if (ipText !== undefined && ip === null) return;
    const time = entry.time ?? (groups['stamp'] === undefined ? null : this.#innerStamps.read(groups['stamp']));
    if (time === null || (pattern.filter.copies && this.#isCopy(entry, line, time))) return;
    const sighting: Sighting = {
      filter: pattern.filter.name,
      pattern: pattern.name,
      as: pattern.as,
      kind: pattern.kind,
      also: pattern.also,
      layer: pattern.layer,
      explainsLogin: pattern.explainsLogin,
      time,
      ip,
      login: login === null || (isPlain && escaped === undefined) ? login : fromLatin1(login),
      password: groups['password'] ?? null,
      session: groups['session'] ?? null,
      connection: connectionOf(pattern.filter, groups['session'], processOf(entry, groups['pid']), ip),
      endIsLogged: pattern.filter.logsEnds,
      attempts: Math.min(Number(groups['attempts'] ?? 1) * entry.times, 100_000),
      span: Number(groups['seconds'] ?? 0) * 1000,
      counts: pattern.as === 'end' ? readCounts(groups) : null,
      text: isPlain ? text : fromLatin1(text),
      line: this.#count,
    };
    see(pattern.tellsOfRequests ? { ...sighting, web: webFacts(groups) } : sighting);
  }
}

/** @param filters whose patterns may match; all of them where it is null */
function firstMatch(
  entry: Entry,
  candidates: readonly CompiledPattern[],
  filters: ReadonlySet<CompiledFilter> | null,
): Found | null {
  for (const pattern of candidates) {
    if (filters !== null && !filters.has(pattern.filter)) continue;
    // Where there is a choice, a search for the literal is cheaper than an expression that does not match.
    if (candidates.length > 1 && !entry.message.includes(pattern.literal)) continue;
    const match = pattern.regex.exec(entry.message);
    if (match !== null) return { pattern, match, entry };
  }
  return null;
}

/** RFC 5424 has no colon behind the program, and the priority of RFC 3164 looks like its; a crash leaves NUL bytes. */
function isUnusualHead(byte: number | undefined): boolean {
  return byte === LESS_THAN || byte === NUL;
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
  return `${new Date(entry.time ?? 0).toISOString()} ${entry.program}${entry.pid === '' ? '' : `[${entry.pid}]`}: ${entry.message}`;
}

function connectionOf(
  filter: CompiledFilter,
  session: string | undefined,
  process: string | null,
  ip: Address | null,
): string | null {
  if (!filter.connections) return null;
  if (session !== undefined) return session;
  if (filter.session !== 'pid') return null;
  return process ?? (ip === null ? null : momentaryKey(ip));
}

/** Several hosts or containers may write to one log, and each of them has process ids of its own. */
function processOf({ pid, host }: Entry, pidInMessage: string | undefined): string | null {
  const id = pidInMessage ?? pid;
  if (id === '') return null;
  return host === '' ? `pid ${id}` : `pid ${id} ${host}`;
}

/** What is kept of a line, without what could open an account. */
function keptText(line: string, secret: string | undefined): string {
  const text = secret === undefined || secret === '' ? line : line.replaceAll(secret, '***');
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}...` : text;
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
