/** Reads one folder of the corpus: what was done to the server, and what tailban reads out of the logs of it. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { clientAddress } from '../../src/core/forwarded.ts';
import type { Event, Kind } from '../../src/core/types.ts';
import { Backlog } from '../../src/daemon/backlog.ts';
import type { CompiledFilter } from '../../src/filter/compile.ts';
import { Copies } from '../../src/filter/copies.ts';
import { Joiner } from '../../src/filter/join.ts';
import type { Sighting } from '../../src/filter/match.ts';
import { LogReader } from '../../src/filter/reader.ts';

/** What one client did, from an address of its own; one line of `truth.jsonl`. */
export interface Scenario {
  readonly scenario: string;
  readonly ip: string;
  /** How many events of each kind are to come out of it. */
  readonly expect: Partial<Record<Kind, number>>;
  /** The login of each failed login, in order, where the server writes it. */
  readonly logins: readonly string[];
  /** The client wrote text that looks like something else. */
  readonly forged: boolean;
  readonly note: string;
  /** What a web server was asked, in order, as its client knows it. */
  readonly requests?: readonly AnsweredRequest[];
}

export interface AnsweredRequest {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly login: string | null;
  /** It came with the header Authorization. */
  readonly credentials: boolean;
  /** So many milliseconds at least. */
  readonly lasts: number;
}

export interface Corpus {
  /** The server and its version: the name of the folder. */
  readonly name: string;
  readonly scenarios: readonly Scenario[];
  readonly events: readonly Event[];
}

/** The folders of the corpus, in order. */
export function corpusFolders(root: string): string[] {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'make')
    .map(({ name }) => join(root, name))
    .sort();
}

/** Reads the logs of a folder as the daemon does after a pause: together, in the order of time. */
export function readCorpus(folder: string, filters: readonly CompiledFilter[]): Corpus {
  const scenarios = readFileSync(join(folder, 'truth.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Scenario);
  const logs = readdirSync(folder).filter((name) => !/^truth\.jsonl$|\.md$/.test(name));
  return { name: basename(folder), scenarios, events: readEvents(folder, logs.sort(), filters) };
}

function readEvents(folder: string, logs: readonly string[], filters: readonly CompiledFilter[]): Event[] {
  const backlog = new Backlog<Sighting>();
  const copies = new Copies();
  for (const log of logs) {
    const data = readFileSync(join(folder, log));
    const reader = new LogReader({
      filters,
      localTime: Date.UTC,
      reference: () => REFERENCE,
      trust: { units: new Set() },
      copies,
    });
    reader.match(log.endsWith('.gz') ? gunzipSync(data) : data, (sighting) =>
      backlog.add(log, sighting.time, sighting),
    );
  }
  const joiner = new Joiner({ oneLog: true });
  const events: Event[] = [];
  const take = ({ event }: { event: Event }): void => void events.push(ofClient(event));
  for (const sighting of backlog.take()) joiner.see(sighting, take);
  joiner.flush(take);
  return events;
}

/** The event as one of whoever asked through a proxy: all proxies of the corpus run beside their servers. */
function ofClient(event: Event): Event {
  const headers = event.forwarded ?? {};
  const written = headers.xForwardedFor === undefined ? 'forwarded' : 'x-forwarded-for';
  const { address } = clientAddress(event.ip, headers, (one) => one === '127.0.0.1', written);
  return { ...event, ip: address };
}

/** All logs of the corpus were written before; it decides the year of stamps that have none. */
const REFERENCE = Date.UTC(2026, 11, 31);
