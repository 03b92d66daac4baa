/** What stands in a piece of a log: who writes it, what the filters make of it, and whose failures those are. Pure. */
import type { Address } from '../core/ip.ts';
import { FAILURE_KINDS, type FailureKind, type Millis } from '../core/types.ts';
import type { CompiledFilter } from '../filter/compile.ts';
import { Dissector } from '../filter/dissect.ts';
import type { MatcherOptions } from '../filter/match.ts';
import { LogReader } from '../filter/reader.ts';

export interface LineStatistics {
  readonly lines: number;
  /** Lines that a pattern matched. */
  readonly recognised: number;
  readonly programs: ReadonlyMap<string, ProgramStatistics>;
  /** How often each address failed. */
  readonly failures: ReadonlyMap<Address, number>;
  /** Of the last line that tells one. */
  readonly last: { readonly time: Millis; readonly zoned: boolean } | null;
}

interface ProgramStatistics {
  readonly lines: number;
  readonly recognised: number;
  /** Lines that were not recognised, though they hold an address and a word for a failure. */
  readonly suspicious: number;
  /** Whether there is a filter for it. */
  readonly known: boolean;
  /** A suspicious line. */
  readonly example: string | null;
}

const NEWLINE = 10;
/** A log that anybody may write to can hold any number of names. */
const MOST_PROGRAMS = 500;
const LONGEST_EXAMPLE = 300;
const LONGEST_LOOK = 500;
const FAILURE = /\b(?:fail(?:ed|ure)?|denied|reject(?:ed|ing)?|invalid|refused|unauthori[sz]ed|incorrect|mismatch)\b/i;
const ADDRESS = /\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[0-9a-f]{1,4}:[0-9a-f:]*:[0-9a-f]{1,4}\b/i;
/** A stamp that tells its zone, as RFC 3339 writes it, or the journal's, which is in UTC. */
const ZONED = /(?:[Zz]|[+-]\d\d:?\d\d)$/;

export function lineStatistics(data: Buffer, options: MatcherOptions): LineStatistics {
  const recognised = recognisedLines(data, options);
  const dissector = new Dissector(options);
  const programs = new Map<string, ProgramStatistics>();
  let last: LineStatistics['last'] = null;
  let number = 0;
  for (const line of linesOf(data)) {
    number++;
    const { program, time, stamp, format, message } = dissector.dissect(line);
    if (time !== null) last = { time, zoned: format === 'journal' || (stamp !== null && ZONED.test(stamp)) };
    if (program === null || (programs.size >= MOST_PROGRAMS && !programs.has(program))) continue;
    const before = programs.get(program) ?? newProgram(program, options.filters);
    const isRecognised = recognised.lines.has(number);
    const isSuspicious = !isRecognised && looksLikeFailure(message);
    programs.set(program, {
      ...before,
      lines: before.lines + 1,
      recognised: before.recognised + (isRecognised ? 1 : 0),
      suspicious: before.suspicious + (isSuspicious ? 1 : 0),
      example: isSuspicious ? message.slice(0, LONGEST_EXAMPLE) : before.example,
    });
  }
  return { lines: number, recognised: recognised.lines.size, programs, failures: recognised.failures, last };
}

/** Only the beginning: what stands far behind is text of a client, and may be of any length. */
function looksLikeFailure(message: string): boolean {
  const start = message.slice(0, LONGEST_LOOK);
  return FAILURE.test(start) && ADDRESS.test(start);
}

function newProgram(program: string, filters: readonly CompiledFilter[]): ProgramStatistics {
  const known = filters.some((filter) => filter.programs.test(program));
  return { lines: 0, recognised: 0, suspicious: 0, known, example: null };
}

/** By the daemon's own reader, so that nothing is recognised here that is not there. */
function recognisedLines(
  data: Buffer,
  options: MatcherOptions,
): { readonly lines: ReadonlySet<number>; readonly failures: ReadonlyMap<Address, number> } {
  const lines = new Set<number>();
  const failures = new Map<Address, number>();
  const reader = new LogReader(options);
  const count = ({ event }: { event: { ip: Address; kind: string } }): void => {
    if (!FAILURE_KINDS.includes(event.kind as FailureKind)) return;
    failures.set(event.ip, (failures.get(event.ip) ?? 0) + 1);
  };
  reader.match(data, (sighting) => {
    lines.add(sighting.line);
    reader.joiner.see(sighting, count);
  });
  reader.flush(count);
  return { lines, failures };
}

function* linesOf(data: Buffer): Generator<Buffer> {
  let start = 0;
  for (let end = data.indexOf(NEWLINE); end >= 0; end = data.indexOf(NEWLINE, start)) {
    yield data.subarray(start, end);
    start = end + 1;
  }
}
