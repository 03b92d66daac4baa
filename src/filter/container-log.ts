/**
 * What container runtimes write around the lines of the programs inside: unpacks such a log into the lines as they stood
 * there, with the runtime's time in front where a line has none that is certain. The runtime's time is UTC; in a container
 * the zone is anybody's guess.
 */
import { ownMessageStart, stampEnd } from './leading-stamp.ts';

/** Docker's json-file driver; CRI, as Kubernetes and Podman write it. */
export type ContainerFormat = 'docker' | 'cri';

const NEWLINE = 10;
const BRACE = 123;
const ESCAPE = '\x1b';
const COLOUR = /\x1b\[[0-9;]{0,20}m/g;
const PRIORITY = /^<\d{1,3}>/;
const ZONE = /(?:Z|UTC|GMT|[+-]\d\d:?\d\d)$/;
/** No stamp is longer, with a bracket in front. */
const LONGEST_STAMP = 65;
const DOCKER = '{"log":"';
const CRI = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) (stdout|stderr) ([FP])(?::\S{1,64})? /;
const LONGEST_CRI_HEAD = 128;
const STREAMS = ['stdout', 'stderr'];

/** A line of a runtime. */
interface Packed {
  /** Null where it has been cut off. */
  readonly time: string | null;
  /** Null where it has been cut off. */
  readonly stream: string | null;
  readonly text: string;
  /** The program's line goes on in the next one of this stream. */
  readonly isPart: boolean;
}

/** The format of a log by its next line; null where no container runtime wrote it. */
export function containerFormat(data: Buffer): ContainerFormat | null {
  if (data[0] === BRACE) return data.toString('latin1', 0, DOCKER.length) === DOCKER ? 'docker' : null;
  const isDigit = data[0] !== undefined && data[0] >= 48 && data[0] <= 57;
  return isDigit && CRI.test(data.toString('latin1', 0, LONGEST_CRI_HEAD)) ? 'cri' : null;
}

/** Unpacks the log of one container. */
export class ContainerLog {
  /** The streams of which the last line was only a part. */
  readonly #parts = new Set<string>();

  /** @returns as many lines as there are in the data; some may be empty. */
  unpack(data: Buffer, format: ContainerFormat): Buffer {
    const read = format === 'docker' ? readDocker : readCri;
    const lines: string[] = [];
    let start = 0;
    for (let end = data.indexOf(NEWLINE); end >= 0; end = data.indexOf(NEWLINE, start)) {
      lines.push(this.#lineIn(read(data.toString('utf8', start, end))));
      start = end + 1;
    }
    return Buffer.from(`${lines.join('\n')}\n`);
  }

  #lineIn(packed: Packed | null): string {
    if (packed === null) return '';
    const { stream, isPart, text, time } = packed;
    const streams = stream === null ? STREAMS : [stream];
    // Runtimes cut lines at 16 KiB. The rest is no line: it begins with whatever a client made stand there.
    const isRest = streams.some((one) => this.#parts.has(one));
    for (const one of streams) {
      if (isPart) this.#parts.add(one);
      else this.#parts.delete(one);
    }
    return isRest ? '' : withTime(text, time);
  }
}

/** The line with the runtime's time in front, instead of its own if that has no zone. */
export function withTime(line: string, time: string | null): string {
  const text = (line.startsWith(ESCAPE) ? line.replace(COLOUR, '') : line).replaceAll('\n', ' ');
  if (time === null || PRIORITY.test(text)) return text;
  const head = Buffer.from(text.slice(0, LONGEST_STAMP));
  if (ownMessageStart(head, 0, head.length) === 0) return `${time} ${text}`;
  const bracket = text.startsWith('[') ? 1 : 0;
  const end = stampEnd(head, bracket, head.length);
  return ZONE.test(text.slice(0, end)) ? text : time + text.slice(end + bracket);
}

/** `{"log":"…\n","stream":"stdout","time":"2026-11-22T08:47:25.123456789Z"}`, perhaps with `attrs` before the time. */
function readDocker(line: string): Packed | null {
  const fields = fieldsOf(line);
  if (fields === null) return line.startsWith(DOCKER) ? readCutDocker(line) : null;
  const { log, time, stream } = fields;
  if (typeof log !== 'string') return null;
  const isPart = !log.endsWith('\n');
  const text = isPart ? log : log.slice(0, -1);
  return { time: wordIn(time), stream: wordIn(stream), text, isPart };
}

/** Of a line of more than 16 KiB only the beginning is delivered, and so of every part that Docker has cut. */
function readCutDocker(line: string): Packed {
  const log = fieldsOf(`${line.replace(/\\(?:u[0-9a-f]{0,3})?$/, '')}"}`)?.['log'];
  return { time: null, stream: null, text: typeof log === 'string' ? log : '', isPart: true };
}

/** `2026-11-22T08:47:25.123456789+00:00 stdout F …`; `P` marks a part (Kubernetes' CRI logging format). */
function readCri(line: string): Packed | null {
  const match = CRI.exec(line);
  if (match === null) return null;
  const [whole, time = '', stream = '', tag] = match;
  return { time, stream, text: line.slice(whole.length), isPart: tag === 'P' };
}

function fieldsOf(json: string): Record<string, unknown> | null {
  try {
    return JSON.parse(json) as Record<string, unknown> | null;
  } catch {
    return null;
  }
}

function wordIn(field: unknown): string | null {
  return typeof field === 'string' && /^\S{1,64}$/.test(field) ? field : null;
}
