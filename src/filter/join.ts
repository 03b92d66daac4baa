/**
 * Joins sightings into events. Servers spread one failure over several lines and several layers; here each failure comes
 * out once, with the address and the login that belong to it. What waits is bounded in number and in time. Time is the
 * logs' own, except that `tick` lets it pass when no lines come. Only a tick tells that a layer of another log has nothing
 * more to say of a time: several logs may be read one after the other.
 *
 * Lines of one connection (by process or session id) are kept together in `connections.ts`; attempts that several layers
 * tell of are matched in `attempts.ts`.
 */
import type { Address } from '../core/ip.ts';
import { RecentMap } from '../core/recent.ts';
import type { Event, Kind, Millis } from '../core/types.ts';
import { Attempts } from './attempts.ts';
import { type Connection, Connections, type Held } from './connections.ts';
import type { Sighting } from './match.ts';

/** An event and the line that completed it. */
export interface Joined {
  readonly event: Event;
  readonly line: number;
}

export interface JoinerOptions {
  /** All lines come out of one log, so that each line tells that the time before it has passed. */
  readonly oneLog?: boolean;
  readonly maxConnections?: number;
  readonly maxAddresses?: number;
}

/** A connection with more than so many held lines is no user's typing error; from there on nothing is held. */
const MAX_HELD = 20;
const RELEASE_EVERY: Millis = 500;
/** Who logged in so long ago, on a connection that no line can be joined to, may linger: it may be that connection. */
const WELCOME: Millis = 300_000;
/** What the log says of a login that has been reported comes within so long. */
const REPORTED: Millis = 30_000;

export class Joiner {
  readonly #connections: Connections;
  readonly #attempts: Attempts;
  readonly #oneLog: boolean;
  /** Whose good login could not be joined to a connection, and when it was. */
  readonly #recentLogins = new RecentMap<Address, Millis>();
  readonly #maxRecentLogins: number;
  /** Good logins that the server has reported, and that its logs are going to tell of. */
  readonly #reported = new RecentMap<string, Millis>();
  #clock: Millis = Number.NEGATIVE_INFINITY;
  #released: Millis = Number.NEGATIVE_INFINITY;

  constructor({ oneLog = false, maxConnections = 50_000, maxAddresses = 12_000 }: JoinerOptions = {}) {
    this.#oneLog = oneLog;
    this.#connections = new Connections(maxConnections);
    this.#attempts = new Attempts(maxAddresses);
    this.#maxRecentLogins = maxAddresses;
  }

  /** Takes one sighting; calls `emit` for each event that is complete now. */
  see(sighting: Sighting, emit: (joined: Joined) => void): void {
    if (sighting.time > this.#clock) this.#advance(sighting.time, this.#oneLog, emit);
    const finish = (old: Connection): void => this.#releaseHeld(old, emit);
    const connection = this.#connections.of(sighting, finish);
    if (connection && sighting.explainsLogin) connection.failedLogins += sighting.attempts;
    let ended = false;
    switch (sighting.as) {
      case 'echo':
      case 'hint':
        this.#attempts.echo(sighting);
        break;
      case 'start':
        break;
      case 'note':
        if (connection) this.#note(sighting, connection);
        break;
      case 'excused':
        if (connection) connection.failedLogins += sighting.attempts;
        else this.#attempts.excuse(sighting);
        break;
      case 'held':
      case 'fallback':
        this.#hold(sighting, connection, emit);
        break;
      case 'event':
        this.#event(sighting, connection, emit);
        break;
      case 'summary':
        this.#event({ ...sighting, attempts: this.#attempts.failuresUntil(sighting) }, connection, emit);
        break;
      case 'end':
        ended = true;
        if (sighting.kind !== null) this.#hold(sighting, connection, emit);
        if (connection) this.#end(sighting, connection, emit);
        break;
      case 'broken':
        ended = true;
        break;
    }
    if (connection) this.#connections.keep(connection, ended, finish);
    this.#countReady(emit);
  }

  /** Takes a login, failed or not, that the server reports at once; its logs may tell of it too. */
  report(sighting: Sighting, emit: (joined: Joined) => void): void {
    if (sighting.kind === 'success') {
      this.#reported.delete(reportKey(sighting));
      this.#event(sighting, null, emit);
      this.#reported.set(reportKey(sighting), sighting.time);
      this.#reported.trim(this.#maxRecentLogins);
    } else if (sighting.as === 'excused') {
      this.#attempts.excuse(sighting);
    } else if (this.#attempts.report(sighting)) {
      this.#count(sighting, 'authentication', sighting.login, null, emit);
    }
    this.#countReady(emit);
  }

  /** Lets time pass without lines. A line from the future does not hold it up. */
  tick(now: Millis, emit: (joined: Joined) => void): void {
    this.#advance(now, true, emit);
  }

  /** Ends all waiting: for the end of a file. */
  flush(emit: (joined: Joined) => void): void {
    for (const connection of this.#connections.takeAll()) this.#releaseHeld(connection, emit);
    for (const sighting of this.#attempts.takeAll())
      this.#count(sighting, 'authentication', sighting.login, null, emit);
  }

  /** What changed since the last call, by key; null for what is gone. */
  takeChanged(): Map<string, string | null> {
    return new Map([...this.#connections.takeChanged(), ...this.#attempts.takeChanged()]);
  }

  /** Takes over what `takeChanged` gave before. */
  load(states: ReadonlyMap<string, string>): void {
    this.#connections.load(states);
    this.#attempts.load(states);
  }

  /** The lowest number of a line that waits; Infinity where none does. */
  oldestWaitingLine(): number {
    return Math.min(this.#connections.oldestLine(), this.#attempts.oldestLine());
  }

  /** A refusal that names a login tells that the client has logged in. */
  #note(sighting: Sighting, connection: Connection): void {
    connection.explained = true;
    if (sighting.login !== null) connection.loggedIn = true;
  }

  #event(sighting: Sighting, connection: Connection | null, emit: (joined: Joined) => void): void {
    const { kind } = sighting;
    if (kind === 'authentication') {
      this.#failedLogins(sighting, connection, sighting.attempts, emit);
    } else if (kind === 'success') {
      for (const failed of this.#attempts.success(sighting))
        this.#count(failed, 'authentication', failed.login, null, emit);
      if (connection) connection.loggedIn = true;
      else this.#noteLogin(sighting);
      if (!this.#isReported(sighting)) this.#count(sighting, 'success', sighting.login, connection, emit);
    } else if (kind !== null) {
      for (let i = 0; i < this.#times(sighting); i++) this.#count(sighting, kind, sighting.login, connection, emit);
    }
    if (sighting.also !== null) this.#count(sighting, sighting.also, sighting.login, connection, emit);
  }

  #noteLogin({ ip, time }: Sighting): void {
    if (ip === null) return;
    this.#recentLogins.set(ip, time);
    this.#recentLogins.trim(this.#maxRecentLogins);
  }

  /** Whether a good login has been counted when the server reported it; taken once. */
  #isReported(sighting: Sighting): boolean {
    if (this.#reported.size === 0) return false;
    const key = reportKey(sighting);
    const time = this.#reported.get(key);
    if (time !== undefined) this.#reported.delete(key);
    return time !== undefined && Math.abs(sighting.time - time) <= REPORTED;
  }

  #hasLoggedIn(ip: Address, time: Millis): boolean {
    const since = this.#recentLogins.get(ip);
    return since !== undefined && Math.abs(time - since) <= WELCOME;
  }

  /** Failed logins that the server itself tells of: each takes the echoes and hints that belong to it. */
  #failedLogins(
    sighting: Sighting,
    connection: Connection | null,
    total: number,
    emit: (joined: Joined) => void,
  ): void {
    const excused = this.#attempts.takeExcused(sighting, total);
    const attempts = total - excused;
    if (connection) connection.failedLogins += total;
    if (attempts <= 0) return;
    const { open, counted } = this.#attempts.claim(sighting, attempts);
    for (let i = 0; i < attempts - counted; i++) {
      const { login = null, password = null } = open[i] ?? {};
      const own = attempts === 1 || i >= open.length ? sighting.login : null;
      const known = { ...sighting, password: sighting.password ?? password };
      this.#count(known, 'authentication', own ?? login ?? sighting.login, connection, emit);
    }
  }

  #hold(sighting: Sighting, connection: Connection | null, emit: (joined: Joined) => void): void {
    if (sighting.kind === 'invalid-rcpt' && connection) connection.refusedRecipients += sighting.attempts;
    if (connection?.loggedIn) return;
    const held: Held = { sighting, fallback: sighting.as !== 'held' };
    if (connection === null || connection.impatient) {
      this.#countHeld(held, connection, emit);
      return;
    }
    // Nobody can be told of more than that before the address is known, and more is not needed against anybody.
    if (connection.ip === null && connection.held.length === MAX_HELD) return;
    connection.held.push(held);
    if (connection.held.length > MAX_HELD) {
      connection.impatient = true;
      this.#releaseHeld(connection, emit);
    }
  }

  #end(sighting: Sighting, connection: Connection, emit: (joined: Joined) => void): void {
    const { counts } = sighting;
    if (counts === null) return;
    const unexplained = counts.tried - counts.worked - connection.failedLogins;
    if (unexplained > 0) this.#failedLogins({ ...sighting, kind: 'authentication' }, connection, unexplained, emit);
    if (counts.worked > 0 || connection.loggedIn) {
      // Logged in: mistakes of a user are no attack.
      this.#attempts.forgive(sighting);
      return;
    }
    // Recipients without a sender are refused without a word in the log; with one, an unlogged refusal may be anything.
    const refused = counts.mails === 0 ? counts.given - counts.taken : 0;
    if (refused > 0 && connection.refusedRecipients === 0 && !connection.explained) {
      for (let i = 0; i < refused; i++) this.#count(sighting, 'invalid-rcpt', null, connection, emit);
    }
    this.#releaseHeld(connection, emit);
  }

  #releaseHeld(connection: Connection, emit: (joined: Joined) => void): void {
    const held = connection.held.splice(0);
    for (const one of held) if (!one.fallback) this.#countHeld(one, connection, emit);
    for (const one of held) if (one.fallback) this.#countHeld(one, connection, emit);
  }

  #countHeld({ sighting, fallback }: Held, connection: Connection | null, emit: (joined: Joined) => void): void {
    if (sighting.kind === null) return;
    if (fallback && connection !== null && (connection.counted.size > 0 || connection.explained)) return;
    for (let i = 0; i < this.#times(sighting); i++)
      this.#count(sighting, sighting.kind, sighting.login, connection, emit);
  }

  /** A flood of `message repeated` must not make a flood of events. */
  #times(sighting: Sighting): number {
    return sighting.kind === 'invalid-rcpt' ? sighting.attempts : 1;
  }

  /** One event. A connection scans or loiters once, however many lines tell of it. */
  #count(
    sighting: Sighting,
    kind: Kind,
    login: string | null,
    connection: Connection | null,
    emit: (joined: Joined) => void,
  ): void {
    const ip = sighting.ip ?? connection?.ip ?? null;
    if (ip === null) return;
    if (kind === 'loitering' && this.#hasLoggedIn(ip, sighting.time)) return;
    if (connection !== null) {
      if ((kind === 'scan' || kind === 'loitering') && connection.counted.has(kind)) return;
      // A probe that hangs until the time is out is one offence.
      if (kind === 'loitering' && connection.counted.has('scan')) return;
      connection.counted.add(kind);
    }
    const { time, filter, text, password, web, line } = sighting;
    // Waiting lines of an older version have no password.
    const told = kind === 'authentication' && password ? { password } : {};
    const event: Event = { kind, ip, login, ...told, time, filter, text, ...web };
    emit({ event, line });
  }

  /** It is `clock` now; `everywhere` where no log has more to say of what was before. */
  #advance(clock: Millis, everywhere: boolean, emit: (joined: Joined) => void): void {
    this.#clock = clock;
    if (Math.abs(clock - this.#released) < RELEASE_EVERY) return;
    this.#released = clock;
    for (const connection of this.#connections.takeIdle(clock)) this.#releaseHeld(connection, emit);
    if (everywhere) this.#attempts.pass(clock);
    this.#countReady(emit);
  }

  /** What other layers told of and the server did not. */
  #countReady(emit: (joined: Joined) => void): void {
    for (const sighting of this.#attempts.takeReady())
      this.#count(sighting, 'authentication', sighting.login, null, emit);
  }
}

/** One login as both the report and the log name it. */
function reportKey({ ip, session, login }: Sighting): string {
  return session === null ? `${ip} ${login?.toLowerCase()}` : `${ip} session ${session}`;
}
