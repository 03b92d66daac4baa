/**
 * Takes a log line apart: when, which program, which process, and the message. Understands RFC 3164, RFC 3339 and
 * RFC 5424 syslog, Dovecot's own log file (no host, a level word) and the journal's JSON.
 */
import type { Millis } from '../core/types.ts';
import { fieldText, withFields } from './journal-fields.ts';
import type { StampReader } from './stamp.ts';

export interface Entry {
  /** Null where the message itself holds it. */
  readonly time: Millis | null;
  /** Who wrote it, by the name that stands in front of the program; empty where none does. */
  readonly host: string;
  readonly program: string;
  /** The process id, empty where the line has none. */
  readonly pid: string;
  readonly message: string;
  /** How often the message stands for itself: 2 for `message repeated 2 times: [ … ]`. */
  readonly times: number;
}

const SPACE = 32;
const COLON = 58;
const BRACKET = 91;
/** The service, with its process id or with user, address and session, and the level. A name with blanks is not read. */
const DOVECOT_SERVICE =
  /^([a-z0-9-]{1,40}(?:\([^\s()]{0,300}\))?(?:<[^\s<>]{0,64}>)?: )(?:Info|Warning|Error|Fatal|Panic|Debug): /;
const REPEATED = 'message repeated ';

/** Reads a line of text; null where it has no time or no program. */
export function parseLine(line: string, stamps: StampReader): Entry | null {
  let start = 0;
  if (line.charCodeAt(0) === 60) {
    // <22> of RFC 3164, or <22>1 of RFC 5424
    const end = line.indexOf('>');
    if (end < 0 || end > 4) return null;
    if (line.startsWith('1 ', end + 1)) return parseRfc5424(line, end + 3, stamps);
    start = end + 1;
  }
  const time = stamps.read(line, start);
  if (time === null || line.charCodeAt(stamps.end) !== SPACE) return null;
  const rest = stamps.end + 1;
  const wordEnd = line.indexOf(' ', rest);
  if (wordEnd <= rest) return null;
  if (line.charCodeAt(wordEnd - 1) === COLON)
    return parseDovecotLog(line, rest, time) ?? parseTag(line, rest, '', time);
  const bracket = line.indexOf('(', rest);
  // No host has a bracket in its name: this is Dovecot's own log again, with the name of a user in front.
  if (bracket >= 0 && bracket < wordEnd) return parseDovecotLog(line, rest, time);
  return parseTag(line, wordEnd + 1, line.slice(rest, wordEnd), time);
}

/** A line of a program's own log, without its name; the message begins at `start`, behind the stamp if there is one. */
export function parseOwnLine(line: string, start: number, stamps: StampReader): Entry {
  const stampStart = line.charCodeAt(0) === BRACKET ? 1 : 0;
  const time = start === 0 ? null : stamps.read(line, stampStart);
  return { time, host: '', program: '', pid: '', message: line.slice(start), times: 1 };
}

/** `postfix/smtpd[377]: message`; neither name nor process id holds a blank (RFC 3164 sections 4.1.3 and 5.3). */
function parseTag(line: string, start: number, host: string, time: Millis): Entry | null {
  const colon = line.indexOf(' ', start) - 1;
  if (line.charCodeAt(colon) !== COLON) return null;
  let programEnd = colon;
  let pid = '';
  const bracket = line.indexOf('[', start);
  if (bracket >= 0 && bracket < colon) {
    if (line.charCodeAt(colon - 1) !== 93) return null;
    programEnd = bracket;
    pid = line.slice(bracket + 1, colon - 1);
  }
  const program = line.slice(start, programEnd);
  if (program === '') return null;
  return unfold({ time, host, program, pid, message: line.slice(colon + 2) });
}

/** `imap-login: Info: message`; the service becomes part of the message, as it is in syslog. */
function parseDovecotLog(line: string, start: number, time: Millis): Entry | null {
  const match = DOVECOT_SERVICE.exec(line.slice(start, start + 480));
  if (match === null) return null;
  const message = (match[1] ?? '') + line.slice(start + match[0].length);
  return unfold({ time, host: '', program: 'dovecot', pid: '', message });
}

/** `TIME HOST APP PROCID MSGID STRUCTURED-DATA MESSAGE` (RFC 5424 section 6). */
function parseRfc5424(line: string, start: number, stamps: StampReader): Entry | null {
  const time = stamps.read(line, start);
  if (time === null) return null;
  const match = /^ (\S{1,255}) (\S{1,48}) (\S{1,128}) \S{1,32} /.exec(line.slice(stamps.end, stamps.end + 480));
  if (match === null) return null;
  const data = stamps.end + match[0].length;
  const messageStart = structuredDataEnd(line, data);
  if (messageStart < 0) return null;
  const [, host = '', program = '', procId = ''] = match;
  const pid = procId === '-' ? '' : procId;
  // A byte order mark may announce UTF-8; here it is three latin1 characters.
  const message = line.slice(messageStart).replace(/^\xef\xbb\xbf/, '');
  return unfold({ time, host, program, pid, message });
}

/** Steps over `-` or `[id name="value" …]…`; the index of the message, or -1. */
function structuredDataEnd(line: string, start: number): number {
  if (line.startsWith('- ', start)) return start + 2;
  let at = start;
  while (line.charCodeAt(at) === BRACKET) {
    let quoted = false;
    for (at++; at < line.length; at++) {
      const char = line[at];
      if (char === '\\') at++;
      else if (char === '"') quoted = !quoted;
      else if (char === ']' && !quoted) break;
    }
    at++;
  }
  return at > start && line.charCodeAt(at) === SPACE ? at + 1 : -1;
}

/** Unwraps what rsyslog folds together. */
function unfold({ time, host, program, pid, message }: Omit<Entry, 'times'>): Entry {
  if (message.startsWith(REPEATED)) {
    const match = /^message repeated (\d{1,9}) times: \[ (.*)\]$/.exec(message);
    if (match) return { time, host, program, pid, message: match[2] ?? '', times: Math.min(Number(match[1]), 100_000) };
  }
  return { time, host, program, pid, message, times: 1 };
}

/** What a journal entry must look like to be believed. */
export interface JournalTrust {
  /** Units whose entries are taken as they are. */
  readonly units: ReadonlySet<string>;
}

/** The highest user id of system accounts on Debian and Red Hat; the mail servers log as one of these or as root. */
const LAST_SYSTEM_UID = 999;
/** The last microsecond that a date can show. */
const LATEST = 8.64e18;

/**
 * Reads one JSON object as `journalctl -a -o json` prints it; null where it is none, or where a local user could have
 * forged it: anybody may log under any identifier, but not as another user or unit.
 */
export function parseJournal(line: string, trust: JournalTrust): Entry | null {
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return null;
  }
  if (fields === null || typeof fields !== 'object') return null;
  const program = fieldText(fields['SYSLOG_IDENTIFIER']);
  const stamp = numberOf(fields['_SOURCE_REALTIME_TIMESTAMP'] ?? fields['__REALTIME_TIMESTAMP']);
  if (program === '' || !(stamp > 0 && stamp <= LATEST)) return null;
  const unit = fieldText(fields['_SYSTEMD_UNIT']);
  const uid = fields['_UID'];
  if (!trust.units.has(unit) && uid !== undefined && !(numberOf(uid) <= LAST_SYSTEM_UID)) return null;
  const pid = fieldText(fields['SYSLOG_PID'] ?? fields['_PID']);
  const host = fieldText(fields['_HOSTNAME']);
  const message = withFields(fieldText(fields['MESSAGE']), fields);
  return unfold({ time: Math.floor(stamp / 1000), host, program, pid, message });
}

/** journalctl writes numbers as text; NaN for anything else. */
function numberOf(field: unknown): number {
  return typeof field === 'string' || typeof field === 'number' ? Number(field) : Number.NaN;
}
