/** What the daemon makes of a line, step by step: the result is data, for `--json` and for `line-report.ts`. */
import type { Filter } from '../../config/filter-files.ts';
import { parseAddress } from '../../core/ip.ts';
import type { Millis } from '../../core/types.ts';
import type { CompiledPattern } from '../../filter/compile.ts';
import type { Role } from '../../filter/definition.ts';
import { type Dissection, Dissector } from '../../filter/dissect.ts';
import { type Joined, Joiner } from '../../filter/join.ts';
import type { MatcherOptions, Sighting } from '../../filter/match.ts';
import { nearestPattern } from '../../filter/nearest.ts';
import { LogReader } from '../../filter/reader.ts';
import { stampFormat } from './stamp-format.ts';

export interface LineView {
  /** From 1. */
  readonly line: number;
  readonly text: string;
  readonly format: Dissection['format'];
  /** The line that a container's runtime has packed; null for others. */
  readonly unpacked: string | null;
  readonly stamp: { readonly text: string; readonly format: string } | null;
  readonly time: Millis | null;
  readonly host: string | null;
  readonly program: string | null;
  readonly pid: string | null;
  /** What the patterns are matched against. */
  readonly message: string;
  /** How often the line stands for itself. */
  readonly times: number;
  /** The filters that are for the program; those of logs without program names are tried besides. */
  readonly filters: readonly string[];
  readonly match: MatchView | null;
  /** Why the line says nothing to the daemon; null where it matches. */
  readonly problem: string | null;
  readonly nearest: NearestView | null;
}

export interface MatchView {
  readonly filter: string;
  readonly pattern: string;
  readonly file: string;
  readonly as: Role;
  readonly kind: string | null;
  readonly also: string | null;
  readonly ip: string | null;
  readonly login: string | null;
  /** The id of the connection that the line belongs to. */
  readonly connection: string | null;
  readonly attempts: number;
  /** The message in pieces; those that a token of the pattern took bear its name. */
  readonly pieces: readonly Piece[];
}

export interface Piece {
  readonly text: string;
  readonly name: string | null;
}

export interface NearestView {
  readonly filter: string;
  readonly pattern: string;
  readonly file: string;
  /** The part of the message that follows the pattern. */
  readonly matched: string;
  /** As in a filter file; empty for the end of the message. */
  readonly expected: string;
  readonly found: string;
}

/** Patterns and the text that they are tried on. */
interface Attempt {
  readonly patterns: readonly CompiledPattern[];
  readonly message: string;
}

export class LineExplainer {
  readonly #filters: readonly Filter[];
  readonly #zone: string;
  readonly #dissector: Dissector;
  readonly #joiner = new Joiner({ oneLog: true });
  readonly #readers: Readonly<Record<Dissection['format'], LogReader>>;
  readonly #events: Joined[] = [];
  #lines = 0;

  /** @param zone the name of the zone in which stamps without one are read. */
  constructor(filters: readonly Filter[], options: Omit<MatcherOptions, 'filters'>, zone: string) {
    this.#filters = filters;
    this.#zone = zone;
    this.#dissector = new Dissector(options);
    const all = { ...options, filters: filters.map(({ compiled }) => compiled) };
    this.#readers = {
      text: new LogReader(all, this.#joiner, 'text'),
      journal: new LogReader(all, this.#joiner, 'journal'),
    };
  }

  /** @param line without its newline. */
  explain(line: Buffer): LineView {
    const number = ++this.#lines;
    const parts = this.#dissector.dissect(line);
    const sighting = this.#sight(line, parts.format, number);
    const attempts = this.#attempts(parts);
    const match = sighting === null ? null : this.#matchView(sighting, attempts);
    const missed = match === null ? this.#missed(parts, attempts) : { problem: null, nearest: null };
    const time = sighting?.time ?? parts.time;
    return {
      line: number,
      text: line.toString('utf8'),
      format: parts.format,
      unpacked: parts.unpacked,
      stamp: this.#stampView(parts, match),
      time,
      host: parts.host,
      program: parts.program,
      pid: parts.pid === '' ? null : parts.pid,
      message: decoded(match === null ? parts.message : match.pieces.map(({ text }) => text).join('')),
      times: parts.times,
      filters: [...new Set((attempts[0]?.patterns ?? []).map(({ filter }) => filter.name))],
      match:
        match === null
          ? null
          : { ...match, pieces: match.pieces.map(({ text, name }) => ({ text: decoded(text), name })) },
      ...missed,
    };
  }

  /** The events of all lines, once no more are to come. */
  finish(): readonly Joined[] {
    this.#joiner.flush((joined) => this.#events.push(joined));
    return this.#events;
  }

  #sight(line: Buffer, format: Dissection['format'], number: number): Sighting | null {
    let found: Sighting | null = null;
    this.#readers[format].match(Buffer.concat([line, Buffer.from('\n')]), (sighting) => {
      found = { ...sighting, line: number };
      this.#joiner.see(found, (joined) => this.#events.push(joined));
    });
    return found;
  }

  /** What the matcher tries, in its order: filters for the program, then those of logs that name none. */
  #attempts({ program, message, ownMessage }: Dissection): Attempt[] {
    const named = this.#filters.filter(({ compiled }) => program !== null && compiled.programs.test(program));
    const unnamed = this.#filters.filter(({ compiled }) => compiled.ownLog);
    return [
      { patterns: named.flatMap(({ compiled }) => compiled.patterns), message },
      { patterns: unnamed.flatMap(({ compiled }) => compiled.patterns), message: ownMessage },
    ];
  }

  #matchView(sighting: Sighting, attempts: readonly Attempt[]): MatchView {
    const { filter, pattern, as, kind, also, ip, login, connection } = sighting;
    return {
      filter,
      pattern,
      file: this.#fileOf(filter),
      as,
      kind,
      also,
      ip,
      login,
      connection,
      attempts: sighting.attempts,
      pieces: piecesOf(sighting, attempts),
    };
  }

  /** Why there is no sighting. */
  #missed(parts: Dissection, attempts: readonly Attempt[]): Pick<LineView, 'problem' | 'nearest'> {
    const disbelief = disbeliefIn(parts, attempts);
    if (disbelief !== null) return { problem: disbelief, nearest: null };
    const { patterns, message } = likeliest(attempts);
    const nearest = nearestPattern(message, patterns);
    if (nearest === null) return { problem: this.#problem(parts, attempts), nearest: null };
    const { pattern, end, expected } = nearest;
    return {
      problem: 'no pattern matches it',
      nearest: {
        filter: pattern.filter.name,
        pattern: pattern.name,
        file: this.#fileOf(pattern.filter.name),
        matched: decoded(message.slice(0, end)),
        expected,
        found: decoded(message.slice(end)),
      },
    };
  }

  /** Why no pattern even comes near. */
  #problem({ time, program, message }: Dissection, [named]: readonly Attempt[]): string {
    if (named !== undefined && named.patterns.length > 0) return 'no pattern comes near it';
    if (time === null) return 'it begins with no time stamp that is understood';
    if (program === null) return 'it names no program behind the time stamp';
    const none = `no filter is for the program "${decoded(program)}"`;
    const other = this.#filters.find(({ compiled }) => compiled.patterns.some(({ regex }) => regex.test(message)));
    if (other === undefined) return none;
    return `${none}; "${other.definition.name}" would match, but is for ${other.definition.programs.join(', ')}`;
  }

  #stampView({ stamp }: Dissection, match: MatchView | null): LineView['stamp'] {
    const text = stamp ?? match?.pieces.find(({ name }) => name === 'stamp')?.text;
    return text === undefined ? null : { text, format: stampFormat(text, this.#zone) };
  }

  #fileOf(filter: string): string {
    return this.#filters.find(({ definition }) => definition.name === filter)?.file ?? '';
  }
}

/** What keeps a line from counting though it may match; null where nothing does. */
function disbeliefIn({ forgeable }: Dissection, attempts: readonly Attempt[]): string | null {
  if (forgeable) return 'a local user could have written this entry of the journal, so it is not believed';
  for (const { patterns, message } of attempts) {
    for (const { name, regex } of patterns) {
      const ip = regex.exec(message)?.groups?.['ip'];
      if (ip !== undefined && parseAddress(ip) === null)
        return `the pattern "${name}" matches, but "${ip}" is no address, so it counts for nobody`;
    }
  }
  return null;
}

/** The filters for the program where there are some. */
function likeliest(attempts: readonly Attempt[]): Attempt {
  return attempts.find(({ patterns }) => patterns.length > 0) ?? { patterns: [], message: '' };
}

/** The message, cut where the named groups of the pattern begin and end. */
function piecesOf({ filter, pattern }: Sighting, attempts: readonly Attempt[]): Piece[] {
  for (const { patterns, message } of attempts) {
    const own = patterns.find((one) => one.name === pattern && one.filter.name === filter);
    const match = own && new RegExp(own.regex.source, `${own.regex.flags}d`).exec(message);
    if (match) return cut(message, match.indices?.groups ?? {});
  }
  return [];
}

function cut(message: string, groups: Readonly<Record<string, [number, number] | undefined>>): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  const places = Object.entries(groups).flatMap(([name, place]) => (place === undefined ? [] : [{ name, place }]));
  for (const { name, place } of places.sort((one, other) => one.place[0] - other.place[0])) {
    const [start, end] = place;
    if (start < at || end === start) continue;
    if (start > at) pieces.push({ text: message.slice(at, start), name: null });
    pieces.push({ text: message.slice(start, end), name });
    at = end;
  }
  if (at < message.length) pieces.push({ text: message.slice(at), name: null });
  return pieces;
}

/** Lines are matched as latin1; people read UTF-8. */
function decoded(text: string): string {
  return Buffer.from(text, 'latin1').toString('utf8');
}
