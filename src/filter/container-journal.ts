/**
 * Entries that container runtimes write to the journal (Docker's and Podman's journald drivers): the message is a line as
 * the program inside printed it, mostly with a stamp and a program of its own.
 */
import { withTime } from './container-log.ts';
import { type JournalTrust, parseJournal } from './header.ts';
import { fieldText } from './journal-fields.ts';

const MARK = '"CONTAINER_ID"';
/** Containers of one host whose last line may be waiting for its rest. */
const MOST_PARTS = 4_096;

export class ContainerJournal {
  readonly #trust: JournalTrust;
  /** The streams of which the last line was only a part, by container. */
  readonly #parts = new Set<string>();

  constructor(trust: JournalTrust) {
    this.#trust = trust;
  }

  /** Whether any of these entries may come from a container. */
  static isIn(data: Buffer): boolean {
    return data.includes(MARK);
  }

  /** @param line one JSON object of journalctl. The line of text in it, which may be empty; null where it is from no container. */
  unpack(line: Buffer): Buffer | null {
    if (!line.includes(MARK)) return null;
    const json = line.toString('utf8');
    const entry = parseJournal(json, this.#trust);
    if (entry === null || entry.time === null) return null;
    const fields = JSON.parse(json) as Record<string, unknown>;
    // Docker logs the error stream with another priority.
    const stream = `${fieldText(fields['CONTAINER_ID'])} ${fieldText(fields['PRIORITY'])}`;
    const isRest = this.#parts.delete(stream) || isLaterPart(fields['CONTAINER_PARTIAL_ORDINAL']);
    if (fields['CONTAINER_PARTIAL_MESSAGE'] === 'true' && this.#parts.size < MOST_PARTS) this.#parts.add(stream);
    const text = isRest ? '' : withTime(entry.message, new Date(entry.time).toISOString());
    return Buffer.from(`${text}\n`, 'latin1');
  }
}

/** Parts are numbered from 1; journalctl writes numbers as text. */
function isLaterPart(ordinal: unknown): boolean {
  return typeof ordinal === 'string' && Number(ordinal) > 1;
}
