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
  /** Null as long as no line has named it; what is held until then waits for the line that does. */
  ip: Address | null;
  readonly first: Millis;
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
  /** Its end will be logged; missing in what an older version stored. */
  readonly endIsLogged?: boolean;
  readonly held: Held[];
}

/** How long held lines wait for the end of a silent connection. */
const HOLD: Millis = 5_000;
/** The same where the end is sure to come and may tell that a user mistyped a recipient: as long as a client may idle. */
const HOLD_TO_END: Millis = 310_000;
/** How long a silent connection is remembered: Postfix lets a client idle for 5 minutes. */
const REMEMBER: Millis = 900_000;
/** How long held lines wait for an address: Sendmail names it with the sender, and lets a client idle for an hour. */
const UNNAMED_WAIT: Millis = 3_900_000;
/** So many connections wait for their address at once; all that they hold stays in memory. */
const MAX_UNNAMED = 1_000;
const PREFIX = 'connection ';
/** What stands in place of a process in a log that names none: the address, as long as one connection of a bot may last. */
const MOMENTARY = 'address ';
const MOMENT: Millis = 5_000;

/** The key of what one address does within a moment, where nothing tells its connections apart. */
export function momentaryKey(ip: Address): string {
  return MOMENTARY + ip;
}

export class Connections {
  readonly #max: number;
  /** In the order of their last lines. */
  readonly #connections = new RecentMap<string, Connection>();
  /** Those with held lines, in the same order. */
  readonly #holding = new Set<Connection>();
  /** Those that no line has named yet, in the same order. */
  readonly #unnamed = new Set<Connection>();
  readonly #changed = new Set<string>();
  /** Whose state has been given out: only they have to be told when they are gone. */
  readonly #stored = new Set<string>();

  constructor(max: number) {
    this.#max = max;
  }

  /**
   * The connection that a sighting belongs to; null where it has none or needs none. A process that now serves another
   * client has a new connection, and so has an address after a moment: the old one is given to `finish`.
   */
  of(sighting: Sighting, finish: (old: Connection) => void): Connection | null {
    const { as } = sighting;
    if (sighting.connection === null || sighting.layer !== '') return null;
    const key = `${PREFIX}${sighting.filter} ${sighting.connection}`;
    let connection = this.#connections.get(key) ?? null;
    const isOver =
      connection !== null &&
      ((sighting.ip !== null && connection.ip !== null && connection.ip !== sighting.ip) ||
        (sighting.connection.startsWith(MOMENTARY) && sighting.time - connection.first > MOMENT));
    if (connection !== null && isOver) {
      this.delete(connection);
      finish(connection);
      connection = null;
    }
    if (connection === null) {
      const waits = as === 'held' || as === 'fallback';
      if (as === 'broken' || (sighting.ip === null && !waits) || saysNothing(sighting)) return null;
      connection = newConnection(key, sighting);
    }
    connection.ip ??= sighting.ip;
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
    this.#unnamed.delete(connection);
    if (connection.ip === null) this.#unnamed.add(connection);
    else if (connection.held.length > 0) this.#holding.add(connection);
    if (this.#unnamed.size > MAX_UNNAMED) this.#deleteOldestUnnamed();
    if (this.#connections.size <= this.#max) return;
    const oldest = this.#connections.get(this.#connections.oldest ?? '');
    if (oldest === undefined) return;
    this.delete(oldest);
    finish(oldest);
  }

  delete(connection: Connection): void {
    // One that never was kept has left no trace either.
    if (!this.#connections.delete(connection.key)) return;
    this.#changed.add(connection.key);
    this.#holding.delete(connection);
    this.#unnamed.delete(connection);
  }

  #deleteOldestUnnamed(): void {
    for (const oldest of this.#unnamed) {
      this.delete(oldest);
      break;
    }
  }

  /** The connections with held lines and an address that have been silent for long enough; they stay known. */
  *takeIdle(now: Millis): Generator<Connection> {
    for (const connection of this.#holding) {
      const waitsForEnd = connection.endIsLogged && connection.refusedRecipients > 0;
      if (connection.last > now - (waitsForEnd ? HOLD_TO_END : HOLD)) continue;
      this.#holding.delete(connection);
      this.#changed.add(connection.key);
      yield connection;
    }
    for (const [, connection] of this.#connections.entries()) {
      if (connection.last > now - HOLD - REMEMBER) break;
      const isOver =
        connection.ip === null ? connection.last <= now - HOLD - UNNAMED_WAIT : connection.held.length === 0;
      if (isOver) this.delete(connection);
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
    for (const connections of [this.#holding, this.#unnamed]) {
      for (const { held } of connections) for (const { sighting } of held) oldest = Math.min(oldest, sighting.line);
    }
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

/** Most connections end like this: nothing was refused, and there is nobody to forgive. */
function saysNothing({ as, kind, counts }: Sighting): boolean {
  if (as !== 'end' || kind !== null || counts === null) return false;
  return counts.worked === 0 && counts.tried === 0 && counts.given === counts.taken;
}

function newConnection(key: string, sighting: Sighting): Connection {
  return {
    key,
    ip: sighting.ip,
    first: sighting.time,
    last: sighting.time,
    failedLogins: 0,
    refusedRecipients: 0,
    counted: new Set(),
    explained: false,
    loggedIn: false,
    impatient: false,
    endIsLogged: sighting.endIsLogged,
    held: [],
  };
}
