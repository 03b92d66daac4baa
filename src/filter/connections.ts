/** What is known of each connection while it lasts, so that its lines can be read together. Bounded, oldest out first. */
import type { Address } from '../core/ip.ts';
import { RecentMap } from '../core/recent.ts';
import type { Kind, Millis } from '../core/types.ts';
import type { Sighting } from './match.ts';

/** A line that waits for the end of its connection. */
export interface Held {
  readonly sighting: Sighting;
  /** Counts only if nothing else on this connection did. */
  readonly fallback: boolean;
}

export interface Connection {
  readonly key: string;
  ip: Address | null;
  last: Millis;
  /** Failed logins that have been counted or excused. */
  failedLogins: number;
  /** Refused recipients that were logged. */
  refusedRecipients: number;
  readonly counted: Set<Kind>;
  /** A line explained why the connection ended or a command failed, so that this counts for nothing more. */
  explained: boolean;
  loggedIn: boolean;
  /** Nothing is held any more. */
  impatient: boolean;
  readonly held: Held[];
}

/** How long a silent connection is remembered: Postfix lets a client idle for 5 minutes. */
const REMEMBER: Millis = 900_000;
const PREFIX = 'connection ';

export class Connections {
  readonly #max: number;
  /** In the order of their last lines. */
  readonly #connections = new RecentMap<string, Connection>();
  /** Those with held lines, in the same order. */
  readonly #holding = new Set<Connection>();
  readonly #changed = new Set<string>();
  /** Whose state has been given out: only they have to be told when they are gone. */
  readonly #stored = new Set<string>();

  constructor(max: number) {
    this.#max = max;
  }

  /**
   * The connection that a sighting belongs to; null where it has none or needs none. A process that now serves another
   * client has a new connection: the old one is given to `finish`.
   */
  of(sighting: Sighting, finish: (old: Connection) => void): Connection | null {
    const { as } = sighting;
    if (sighting.connection === null || sighting.layer !== '') return null;
    const key = `${PREFIX}${sighting.filter} ${sighting.connection}`;
    let connection = this.#connections.get(key) ?? null;
    if (connection !== null && sighting.ip !== null && connection.ip !== null && connection.ip !== sighting.ip) {
      this.delete(connection);
      finish(connection);
      connection = null;
    }
    if (connection === null) {
      if (as === 'broken' || sighting.ip === null) return null;
      connection = newConnection(key, sighting);
    }
    connection.last = Math.max(connection.last, sighting.time);
    return connection;
  }

  /** Keeps what a sighting made of a connection. One that has ended is not kept; one too many is given to `finish`. */
  keep(connection: Connection, ended: boolean, finish: (old: Connection) => void): void {
    if (ended) {
      this.delete(connection);
      return;
    }
    const { key } = connection;
    this.#changed.add(key);
    this.#connections.set(key, connection);
    this.#holding.delete(connection);
    if (connection.held.length > 0) this.#holding.add(connection);
    if (this.#connections.size <= this.#max) return;
    for (const [, oldest] of this.#connections.entries()) {
      this.delete(oldest);
      finish(oldest);
      break;
    }
  }

  delete(connection: Connection): void {
    // One that never was kept has left no trace either.
    if (!this.#connections.delete(connection.key)) return;
    this.#changed.add(connection.key);
    this.#holding.delete(connection);
  }

  /** The connections with held lines that have been silent since `time`; they stay known. */
  *takeIdle(time: Millis): Generator<Connection> {
    for (const connection of this.#holding) {
      if (connection.last > time) continue;
      this.#holding.delete(connection);
      this.#changed.add(connection.key);
      yield connection;
    }
    for (const [, connection] of this.#connections.entries()) {
      if (connection.last > time - REMEMBER) break;
      if (connection.held.length === 0) this.delete(connection);
    }
  }

  *takeAll(): Generator<Connection> {
    for (const [, connection] of this.#connections.entries()) {
      this.delete(connection);
      yield connection;
    }
  }

  oldestLine(): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (const { held } of this.#holding) for (const { sighting } of held) oldest = Math.min(oldest, sighting.line);
    return oldest;
  }

  takeChanged(): [string, string | null][] {
    const states: [string, string | null][] = [];
    for (const key of this.#changed) {
      const connection = this.#connections.get(key);
      if (connection !== undefined) {
        this.#stored.add(key);
        states.push([key, JSON.stringify({ ...connection, counted: [...connection.counted] })]);
      } else if (this.#stored.delete(key)) {
        states.push([key, null]);
      }
    }
    this.#changed.clear();
    return states;
  }

  /** Takes over what `takeChanged` gave; other keys are left alone. */
  load(states: ReadonlyMap<string, string>): void {
    const stored = [...states]
      .filter(([key]) => key.startsWith(PREFIX))
      .map(([, state]) => JSON.parse(state) as Omit<Connection, 'counted'> & { counted: Kind[] });
    for (const connection of stored.sort((a, b) => a.last - b.last)) {
      this.#stored.add(connection.key);
      this.keep({ ...connection, counted: new Set(connection.counted) }, false, () => {});
      this.#changed.delete(connection.key);
    }
  }
}

function newConnection(key: string, sighting: Sighting): Connection {
  return {
    key,
    ip: sighting.ip,
    last: sighting.time,
    failedLogins: 0,
    refusedRecipients: 0,
    counted: new Set(),
    explained: false,
    loggedIn: false,
    impatient: false,
    held: [],
  };
}
