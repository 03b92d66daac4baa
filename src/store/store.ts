/**
 * The store: one SQLite database that belongs to one daemon. It owns what must outlive a crash: bans and their history,
 * counters with the log positions that they belong to, and the allow-list that was made at run time. Every call is
 * synchronous, and what it wrote survives `kill -9` from the moment that it returns. It decides nothing.
 */
import { existsSync } from 'node:fs';
import { type Network, parseNetwork } from '../core/ip.ts';
import type { Change, Millis } from '../core/types.ts';
import { BanTable } from './bans.ts';
import { connect, type Database, type Statement, transaction, useWriteAheadLog } from './database.ts';
import { storeError, troubleOf } from './failure.ts';
import { type OpenedFiles, openFiles, type StoreOptions } from './opening.ts';
import { StateTables } from './state.ts';
import type { AllowedNetwork, BanRecord, Checkpoint, Counter, PastBan } from './types.ts';
import { Whereabouts } from './whereabouts.ts';

export class Store {
  /** The database file, links resolved. */
  readonly path: string;
  /** A damaged database was moved aside at opening; what it held is lost, so look what the firewall still has. */
  readonly recovered: boolean;
  #tables: Tables;
  #whereabouts: Whereabouts;
  #problem: string | null = null;
  readonly #lock: Database;
  readonly #now: () => Millis;
  readonly #warn: (message: string) => void;

  /**
   * Opens the store, and makes file (mode 0600) and directory (0750) where there are none.
   * @throws StoreError where another process has it, a newer version wrote it, or it cannot be read and written.
   */
  static open(path: string, options: StoreOptions): Store {
    const files = openFiles(path, options);
    try {
      return new Store(files, options);
    } catch (error) {
      files.db.close();
      files.lock.close();
      throw storeError('The store cannot be opened', path, error);
    }
  }

  private constructor(files: OpenedFiles, options: StoreOptions) {
    this.path = files.path;
    this.recovered = files.recovered;
    this.#lock = files.lock;
    this.#now = options.now;
    this.#warn = options.warn;
    this.#tables = tablesOf(files.db, options.warn);
    this.#whereabouts = new Whereabouts(files.path);
  }

  /** What the next start would lose because the file was not there any more at the last `look`; else null. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Looks whether the database file is still the one that is open, and warns once where it is not. */
  look(): void {
    const before = this.#problem;
    this.#problem = this.#whereabouts.problem();
    if (before === null && this.#problem !== null) this.#warn(this.#problem);
  }

  /**
   * Writes bans and unbans in one transaction, in their order. A ban of a subject that is banned takes the place of the
   * earlier one; with the same beginning it is the same ban, so saving it again changes nothing or its end. An unban of
   * what is not banned is no error.
   * @throws StoreError where it cannot be written; trying again later is safe. RangeError where a time is no number.
   */
  saveChanges(changes: readonly Change[], now: Millis): void {
    this.#write('Bans cannot be saved', () => this.#tables.bans.save(changes, now));
  }

  /** The bans that hold at `now`, oldest first. @throws StoreError */
  activeBans(now: Millis): BanRecord[] {
    return this.#read('Bans cannot be read', () => this.#tables.bans.active(now));
  }

  /**
   * The last ban of each subject, unless it ended before `since`: those that hold, and those that a line read again
   * after a crash may already have led to. Oldest first. @throws StoreError
   */
  recentBans(since: Millis): BanRecord[] {
    return this.#read('Bans cannot be read', () => this.#tables.bans.recent(since, this.#now()));
  }

  /** The bans that a subject (by `subjectKey`) has had, the latest first. @throws StoreError */
  history(subject: string, limit: number): BanRecord[] {
    return this.#read('Bans cannot be read', () => this.#tables.bans.history(subject, limit, this.#now()));
  }

  /**
   * Adds bans that ended elsewhere, the latest first, as older than all that is here; what is here already stays as it is.
   * Tells how many were new. @throws StoreError
   */
  addHistory(past: readonly PastBan[]): number {
    return this.#write('Past bans cannot be saved', () => this.#tables.bans.addHistory(past));
  }

  /** Deletes the bans that ended before that time, and tells how many. @throws StoreError */
  forgetHistory(before: Millis): number {
    return this.#write('Old bans cannot be deleted', () => this.#tables.bans.forget(before));
  }

  /** Writes everything of the checkpoint in one transaction. @throws StoreError where it cannot; trying again is safe. */
  checkpoint(checkpoint: Checkpoint): void {
    this.#write('Counters and log positions cannot be saved', () => this.#tables.state.save(checkpoint));
  }

  /** The stored positions by `positionKey`. @throws StoreError */
  positions(): Map<string, string> {
    return this.#read('Log positions cannot be read', () => this.#tables.state.positions());
  }

  /** All counters, one at a time; nothing may be written before the last was taken. @throws StoreError */
  *counters(): Generator<Counter, void, undefined> {
    try {
      yield* this.#tables.state.counters();
    } catch (error) {
      throw storeError('Counters cannot be read', this.path, error);
    }
  }

  /** The stored state of lines that wait for others, by key. @throws StoreError */
  joins(): Map<string, string> {
    return this.#read('Waiting lines cannot be read', () => this.#tables.state.joins());
  }

  /** Adds to the allow-list; where the network is in it, only the note changes. @throws StoreError */
  allow(network: Network, note: string, now: Millis): void {
    this.#write('The allow-list cannot be saved', () => this.#tables.allow.run(network, note, now));
  }

  /** Takes off the allow-list; false where it was not in it. @throws StoreError */
  disallow(network: Network): boolean {
    return this.#write('The allow-list cannot be saved', () => Number(this.#tables.disallow.run(network).changes) > 0);
  }

  /** The allow-list that was made at run time, oldest first. @throws StoreError */
  allowed(): AllowedNetwork[] {
    return this.#read('The allow-list cannot be read', () => {
      const list: AllowedNetwork[] = [];
      for (const row of this.#tables.allowed.all()) {
        const network = parseNetwork(String(row['network']));
        if (network !== null) list.push({ network, note: String(row['note']), since: Number(row['since']) });
        else this.#warn(`The stored allow-list has "${String(row['network'])}", which is no network and is left out`);
      }
      return list;
    });
  }

  /** Brings the write-ahead log into the database, closes it and lets go of the lock. A second call does nothing. */
  close(): void {
    if (!this.#tables.db.isOpen) return;
    try {
      this.#tables.db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch (error) {
      // Nothing is lost: the log stays beside the database and is read at the next opening.
      this.#warn(storeError('The write-ahead log cannot be brought into the database', this.path, error).message);
    } finally {
      this.#tables.db.close();
      this.#lock.close();
    }
  }

  #write<T>(action: string, work: () => T): T {
    const attempt = (): T => this.#read(action, () => transaction(this.#tables.db, work));
    try {
      return attempt();
    } catch (error) {
      const mayHelp = troubleOf(error) === 'permission' || !this.#tables.db.isOpen;
      if (!mayHelp || !this.#openAgain()) throw error;
      return attempt();
    }
  }

  /**
   * What SQLite has opened while nothing could be written there it never writes to, and no other connection beside it
   * does. A database that is gone is not made anew: that is for the next start, which says so.
   */
  #openAgain(): boolean {
    if (!existsSync(this.path)) return false;
    let db: Database | null = null;
    try {
      if (this.#tables.db.isOpen) this.#tables.db.close();
      db = connect(this.path);
      useWriteAheadLog(db);
      this.#tables = tablesOf(db, this.#warn);
      this.#whereabouts = new Whereabouts(this.path);
      return true;
    } catch {
      // Whoever asked is told what was wrong before; the next write tries again.
      db?.close();
      return false;
    }
  }

  #read<T>(action: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof RangeError) throw error;
      throw storeError(action, this.path, error);
    }
  }
}

/** A connection and what is prepared on it. */
interface Tables {
  readonly db: Database;
  readonly bans: BanTable;
  readonly state: StateTables;
  readonly allow: Statement;
  readonly disallow: Statement;
  readonly allowed: Statement;
}

function tablesOf(db: Database, warn: (message: string) => void): Tables {
  return {
    db,
    bans: new BanTable(db, warn),
    state: new StateTables(db, warn),
    allow: db.prepare('INSERT INTO allowed VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET note = excluded.note'),
    disallow: db.prepare('DELETE FROM allowed WHERE network = ?'),
    allowed: db.prepare('SELECT network, note, since FROM allowed ORDER BY since, network'),
  };
}
