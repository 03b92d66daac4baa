/** The only user of journalctl: its arguments, its process, and the cursor in a line of its JSON (journalctl(1)). */
import { execa } from 'execa';
import type { Millis } from '../core/types.ts';

/** Which entries are wanted: those that match any one of these. All where nothing is given. */
export interface JournalMatches {
  readonly units: readonly string[];
  /** Syslog facilities by number (RFC 5424 section 6.2.1); 2 is mail. */
  readonly facilities: readonly number[];
  /**
   * This host's id (machine-id(5)). With it entries of all boots come; who follows is otherwise shown those of this boot
   * only, and where a container hides what boot it is, none.
   */
  readonly machine: string | null;
}

export type JournalStart =
  | { readonly type: 'after'; readonly cursor: string }
  | { readonly type: 'since'; readonly time: Millis };

/** The arguments that make journalctl print the entries as JSON, one a line, from the start on and for ever. */
export function journalArguments(matches: JournalMatches, start: JournalStart): string[] {
  const groups = [
    ...matches.units.map((unit) => `_SYSTEMD_UNIT=${unit}`),
    ...matches.facilities.map((facility) => `SYSLOG_FACILITY=${facility}`),
  ];
  const { machine } = matches;
  const host = machine === null ? [] : [`_MACHINE_ID=${machine}`];
  return [
    '--all',
    '--output=json',
    '--follow',
    '--no-tail',
    '--no-pager',
    // All boots, but also the journals of other machines that may lie beside ours.
    ...(machine === null ? [] : ['--merge']),
    start.type === 'after' ? `--after-cursor=${start.cursor}` : `--since=@${seconds(start.time)}`,
    // A plus means "or"; without it, matches of different fields mean "and".
    ...(groups.length === 0 ? host : groups.flatMap((group, index) => [...(index === 0 ? [] : ['+']), ...host, group])),
  ];
}

export interface Journalctl {
  /** Settles when the process has ended or could not be started. */
  readonly ended: Promise<JournalEnd>;
  stop(): void;
}

export interface JournalEnd {
  /** One clause: `it ended with exit code 1: …` */
  readonly reason: string;
  /** The journal does not know the cursor, such as after a vacuum. */
  readonly cursorRejected: boolean;
}

/** So much of what journalctl complains of is kept. */
const LONGEST_COMPLAINT = 2_000;

/** Starts journalctl and hands over what it prints. No shell is involved. */
export function runJournalctl(command: string, args: readonly string[], onData: (data: Buffer) => void): Journalctl {
  const child = execa(command, args, {
    stdin: 'ignore',
    buffer: false,
    encoding: 'buffer',
    reject: false,
    env: { LC_ALL: 'C', SYSTEMD_COLORS: '0', SYSTEMD_PAGER: '' },
  });
  let complaint = '';
  child.stdout.on('data', onData);
  child.stderr.on('data', (data: Buffer) => {
    complaint = (complaint + data.toString('utf8')).slice(-LONGEST_COMPLAINT);
  });
  const ended = child.then((result) => {
    const said = complaint.trim();
    const how =
      result.exitCode === undefined
        ? (result.signal ?? result.originalMessage ?? 'unknown')
        : `exit code ${result.exitCode}`;
    return {
      reason: said === '' ? `it ended with ${how}` : `it ended with ${how}: ${said}`,
      cursorRejected: /failed to (?:seek to|.*) cursor/i.test(said),
    };
  });
  return { ended, stop: () => void child.kill('SIGTERM') };
}

/**
 * The cursor of an entry. A quotation mark in a message is escaped, so a message cannot bring a cursor of its own.
 * Null where the line is no entry.
 */
export function cursorOf(line: string): string | null {
  return /[{,]\s*"__CURSOR"\s*:\s*"([^"\\]+)"/.exec(line)?.[1] ?? null;
}

/** When the entry of a cursor was written, from its field `t` (microseconds, hexadecimal); null without one. */
export function timeOfCursor(cursor: string): Millis | null {
  const digits = /(?:^|;)t=([0-9a-f]+)(?:;|$)/.exec(cursor)?.[1];
  return digits === undefined ? null : Number.parseInt(digits, 16) / 1_000;
}

/** With a fraction: entries have microseconds. */
function seconds(time: Millis): string {
  return (time / 1_000).toFixed(6);
}
