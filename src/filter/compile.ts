/** Turns filter definitions into something that runs: anchored regular expressions and the literals they require. */
import type { Kind } from '../core/types.ts';
import type { Piece } from './beginnings.ts';
import type { FilterDefinition, PatternDefinition, Role } from './definition.ts';
import { piecesOf, type Reading, readExpression } from './regex.ts';
import { tellsOfRequests } from './request.ts';
import { expandTokens } from './tokens.ts';

export interface CompiledPattern {
  readonly filter: CompiledFilter;
  readonly name: string;
  readonly as: Role;
  readonly kind: Kind | null;
  readonly also: Kind | null;
  readonly layer: string;
  readonly explainsLogin: boolean;
  readonly tellsOfRequests: boolean;
  readonly regex: RegExp;
  /** Every line that matches contains this text (latin1). */
  readonly literal: string;
  /** How every message that matches begins. */
  readonly beginning: readonly Piece[];
}

export interface CompiledFilter {
  readonly name: string;
  readonly programs: RegExp;
  /** The names of its programs, for the first look at a line. */
  readonly programPieces: readonly Piece[];
  readonly session: 'pid' | 'none';
  /** Refused recipients wait for the line that ends their connection. */
  readonly logsEnds: boolean;
  /** Its lines also stand in a log without program names. */
  readonly ownLog: boolean;
  /** It writes some lines twice. */
  readonly copies: boolean;
  /** Some of its lines matter only together with others of their connection. */
  readonly connections: boolean;
  readonly patterns: readonly CompiledPattern[];
}

/** A pattern that cannot be used; `cause` is the syntax error of the regular expression, if that is why. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
  readonly filter: string;
  readonly pattern: string;

  constructor(filter: string, pattern: string, problem: string, options?: ErrorOptions) {
    super(problem, options);
    this.filter = filter;
    this.pattern = pattern;
  }
}

const SHORTEST_LITERAL = 4;
/** What these say holds for a connection, not for a line. */
const OF_CONNECTIONS: ReadonlySet<Role> = new Set(['end', 'start', 'note', 'held', 'fallback', 'broken']);

/** @throws PatternError */
export function compileFilter(definition: FilterDefinition): CompiledFilter {
  const patterns: CompiledPattern[] = [];
  const filter: CompiledFilter = {
    name: definition.name,
    programs: new RegExp(`^${programSource(definition.programs, '.*')}$`),
    programPieces: piecesOf(programSource(definition.programs, '[^ ]*')),
    session: definition.session,
    logsEnds: definition.logsEnds,
    ownLog: definition.ownLog,
    copies: definition.copies,
    connections: definition.session === 'pid' || definition.patterns.some(({ as }) => OF_CONNECTIONS.has(as)),
    patterns,
  };
  for (const pattern of definition.patterns) patterns.push(compilePattern(filter, definition.prefix, pattern));
  return filter;
}

function compilePattern(filter: CompiledFilter, prefix: string, definition: PatternDefinition): CompiledPattern {
  const fail = (problem: string, cause?: unknown): PatternError =>
    new PatternError(filter.name, definition.name, problem, cause === undefined ? undefined : { cause });
  let regex: RegExp;
  let reading: Reading;
  const foreign = /[^\x00-\x7f]/.exec(definition.pattern);
  if (foreign) throw fail(`"${foreign[0]}" is no ASCII; lines are matched byte by byte, write . for each of its bytes`);
  try {
    const expanded = `${expandTokens(prefix)}${expandTokens(definition.pattern)}`;
    // What a client wrote may hold a bare carriage return, and must not hide a line from its pattern by that.
    regex = new RegExp(`^(?:${expanded})$`, 's');
    reading = readExpression(expanded);
  } catch (error) {
    throw fail(error instanceof Error ? error.message : String(error), error);
  }
  const { literal, pieces, nonLinear } = reading;
  if (nonLinear)
    throw fail(`"${nonLinear.raw}" looks around or back, which cannot run in linear time; write it without`);
  if (literal.length < SHORTEST_LITERAL) {
    throw fail(
      `No text of ${SHORTEST_LITERAL} or more characters is part of every match, so every line would have to be tried; "${literal}" is the longest`,
    );
  }
  return {
    filter,
    name: definition.name,
    as: definition.as,
    kind: definition.kind,
    also: definition.also,
    layer: definition.layer,
    explainsLogin: definition.explainsLogin,
    tellsOfRequests: tellsOfRequests(regex.source),
    regex,
    literal,
    beginning: pieces,
  };
}

/** Program names with `*` for anything. */
function programSource(programs: readonly string[], anything: string): string {
  const alternatives = programs.map((program) =>
    program
      .split('*')
      .map((part) => RegExp.escape(part))
      .join(anything),
  );
  return `(?:${alternatives.join('|')})`;
}
