/**
 * A look into a database that may be in use: everything that is worth moving to another host, as it was at one moment.
 * Changes nothing and takes no lock that would hold up the daemon.
 */
import { existsSync, statSync } from 'node:fs';
import { type Network, parseNetwork } from '../core/ip.ts';
import type { Millis } from '../core/types.ts';
import { BanTable } from './bans.ts';
import { connectToRead, type Database, headerNumber } from './database.ts';
import { StoreError, storeError } from './failure.ts';
import { APPLICATION_ID, MIGRATIONS } from './migrations.ts';
import { type AllowedNetwork, type BanRecord, KNOWN_GOOD } from './types.ts';

/** A login and a network from which it has worked. */
export interface KnownNetwork {
  readonly login: string;
  readonly network: Network;
  readonly last: Millis;
}

export interface StoreReading {
  /** What holds and what is over, what was written last first. */
  bans(now: Millis): Iterable<BanRecord>;
  allowed(): Iterable<AllowedNetwork>;
  knownGood(): Iterable<KnownNetwork>;
  close(): void;
}

/** @throws StoreError where there is no database that this tailban can read. */
export function readStore(path: string, warn: (message: string) => void): StoreReading {
  let db: Database | null = null;
  try {
    if (statSync(path, { throwIfNoEntry: false }) === undefined)
      throw new StoreError(`There is no database at ${path}`, path, 'missing');
    // Without a log beside it nobody has it open, and then no file has to be made to read it.
    db = connectToRead(path, !existsSync(`${path}-wal`));
    db.exec('BEGIN');
    checkFormat(db, path);
    return reading(db, new BanTable(db, warn));
  } catch (error) {
    db?.close();
    throw storeError('The database cannot be read', path, error);
  }
}

function checkFormat(db: Database, path: string): void {
  if (headerNumber(db, 'application_id') !== APPLICATION_ID)
    throw new StoreError(`${path} is the database of another program, expected one of tailban`, path, 'foreign');
  const version = headerNumber(db, 'user_version');
  if (version === MIGRATIONS.length) return;
  throw version > MIGRATIONS.length
    ? new StoreError(`The database ${path} was written by a newer tailban`, path, 'newer')
    : new StoreError(
        `The database ${path} was written by an older tailban`,
        path,
        'failed',
        'Start this one once, which brings it up to date',
      );
}

function reading(db: Database, bans: BanTable): StoreReading {
  return {
    bans: (now) => bans.all(now),
    *allowed() {
      for (const row of db.prepare('SELECT network, note, since FROM allowed ORDER BY since, network').iterate()) {
        const network = parseNetwork(String(row['network']));
        if (network !== null) yield { network, note: String(row['note']), since: Number(row['since']) };
      }
    },
    *knownGood() {
      const rows = db.prepare('SELECT key, value FROM joins WHERE substr(key, 1, ?) = ?');
      for (const row of rows.iterate(KNOWN_GOOD.length, KNOWN_GOOD)) {
        const pair = String(row['key']).slice(KNOWN_GOOD.length);
        const end = pair.lastIndexOf('\n');
        const network = parseNetwork(pair.slice(end + 1));
        const last = Number(row['value']);
        if (network !== null && end > 0 && Number.isFinite(last)) yield { login: pair.slice(0, end), network, last };
      }
    },
    close: () => db.close(),
  };
}
