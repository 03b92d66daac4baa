/**
 * Takes a line apart as the matcher does, and keeps the parts that the matcher has no use for. For people who ask what
 * the daemon makes of a line; the daemon itself never needs it. Pure.
 */
import type { Millis } from '../core/types.ts';
import { ContainerJournal } from './container-journal.ts';
import { ContainerLog, containerFormat } from './container-log.ts';
import { type JournalTrust, parseJournal, parseLine } from './header.ts';
import { ownMessageStart, stampEnd } from './leading-stamp.ts';
import type { MatcherOptions } from './match.ts';
import { StampReader } from './stamp.ts';

export interface Dissection {
  readonly format: 'text' | 'journal';
  /** The line of a program inside a container, as it was before the container's runtime packed it; null for others. */
  readonly unpacked: string | null;
  /** The time stamp as it stands at the start of the line; null where there is none that is understood. */
  readonly stamp: string | null;
  readonly time: Millis | null;
  readonly host: string | null;
  /** Null where the line names none, as in the log of one program. */
  readonly program: string | null;
  readonly pid: string;
  /** What the patterns are matched against, one character a byte. */
  readonly message: string;
  /** The same for filters of logs that carry no program names. */
  readonly ownMessage: string;
  readonly times: number;
  /** An entry of the journal that a local user could have forged. */
  readonly forgeable: boolean;
}

const BRACE = 123;
const NEWLINE = Buffer.from('\n');
const ESCAPE = '\x1b';
const COLOUR = /\x1b\[[0-9;]{0,20}m/g;

/** Takes the lines of one log apart. */
export class Dissector {
  readonly #stamps: StampReader;
  readonly #trust: JournalTrust;
  readonly #container = new ContainerLog();
  readonly #containerJournal: ContainerJournal;

  constructor({ localTime, reference, trust }: Omit<MatcherOptions, 'filters'>) {
    this.#stamps = new StampReader(localTime, reference);
    this.#trust = trust;
    this.#containerJournal = new ContainerJournal(trust);
  }

  /** @param line without its newline. */
  dissect(line: Buffer): Dissection {
    const journal = line[0] === BRACE ? dissectJournal(line.toString('utf8'), this.#trust) : null;
    const inner = this.#unpack(line, journal !== null);
    if (inner !== null)
      return { ...this.#dissectText(inner), unpacked: inner.toString('utf8'), format: journal?.format ?? 'text' };
    return journal ?? this.#dissectText(line);
  }

  #unpack(line: Buffer, isJournal: boolean): Buffer | null {
    const format = containerFormat(line);
    const whole = Buffer.concat([line, NEWLINE]);
    if (!isJournal && format === null) return null;
    const text = format === null ? this.#containerJournal.unpack(whole) : this.#container.unpack(whole, format);
    return text === null ? null : text.subarray(0, -1);
  }

  #dissectText(line: Buffer): Dissection {
    const text = plainText(line);
    const bytes = Buffer.from(text, 'latin1');
    const own = text.slice(ownMessageStart(bytes, 0, text.length));
    // The priority of syslog, or the bracket in front of some stamps.
    const start = /^(?:<\d{1,3}>(?:1 )?|\[)?/.exec(text)?.[0].length ?? 0;
    const leads = stampEnd(bytes, start, text.length) > start;
    const time = leads ? this.#stamps.read(text, start) : null;
    const end = time === null ? start : this.#stamps.end;
    const entry = parseLine(text, this.#stamps);
    return {
      format: 'text',
      unpacked: null,
      stamp: time === null ? null : text.slice(start, end),
      time: entry?.time ?? time,
      host: entry === null || entry.host === '' ? null : entry.host,
      program: entry?.program ?? null,
      pid: entry?.pid ?? '',
      message: entry?.message ?? own,
      ownMessage: own,
      times: entry?.times ?? 1,
      forgeable: false,
    };
  }
}

/** Without what a crash or another system left, and without colours where a program writes its lines in colour. */
function plainText(line: Buffer): string {
  const text = line.toString('latin1').replace(/^\0+|\r$/g, '');
  const start = ownMessageStart(Buffer.from(text, 'latin1'), 0, text.length);
  return text.startsWith(ESCAPE) || text.startsWith(ESCAPE, start) ? text.replace(COLOUR, '') : text;
}

/** Null where it is no entry of the journal. */
function dissectJournal(text: string, trust: JournalTrust): Dissection | null {
  const unit = fieldOf(text, '_SYSTEMD_UNIT') ?? '';
  const entry = parseJournal(text, { units: new Set([unit]) });
  if (entry === null) return null;
  return {
    format: 'journal',
    unpacked: null,
    stamp: null,
    time: entry.time,
    host: fieldOf(text, '_HOSTNAME'),
    program: entry.program,
    pid: entry.pid,
    message: entry.message,
    ownMessage: entry.message,
    times: entry.times,
    forgeable: parseJournal(text, trust) === null,
  };
}

function fieldOf(json: string, name: string): string | null {
  try {
    const value = (JSON.parse(json) as Record<string, unknown> | null)?.[name];
    return typeof value === 'string' ? value : null;
  } catch {
    return null;
  }
}
