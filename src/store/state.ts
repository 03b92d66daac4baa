/**
 * The tables of the daemon's state between two checkpoints: log positions, counters, and lines that wait for others.
 * They are written together and read back once, at the start.
 */
import { FAILURE_KINDS, type FailureKind, type Millis } from '../core/types.ts';
import type { Database, Statement } from './database.ts';
import type { Checkpoint, Counter } from './types.ts';

/** Rows as STRICT tables guarantee them. */
interface CounterRow {
  readonly subject: string;
  readonly kind: string;
  readonly times: Uint8Array;
}

interface TextRow {
  readonly key: string;
  readonly value: string;
}

export class StateTables {
  readonly #db: Database;
  readonly #warn: (message: string) => void;
  readonly #putCounter: Statement;
  readonly #deleteCounter: Statement;
  readonly #positions: TextTable;
  readonly #joins: TextTable;

  constructor(db: Database, warn: (message: string) => void) {
    this.#db = db;
    this.#warn = warn;
    this.#putCounter = db.prepare(
      'INSERT INTO counters VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET times = excluded.times',
    );
    this.#deleteCounter = db.prepare('DELETE FROM counters WHERE subject = ? AND kind = ?');
    this.#positions = textTable(db, 'positions');
    this.#joins = textTable(db, 'joins');
  }

  /** For use inside a transaction. */
  save(checkpoint: Checkpoint): void {
    saveTexts(this.#positions, checkpoint.positions);
    saveTexts(this.#joins, checkpoint.joins);
    for (const { subject, kind, times } of checkpoint.counters) {
      if (times.length === 0) this.#deleteCounter.run(subject, kind);
      else this.#putCounter.run(subject, kind, encodeTimes(times));
    }
  }

  positions(): Map<string, string> {
    return readTexts(this.#positions);
  }

  joins(): Map<string, string> {
    return readTexts(this.#joins);
  }

  /** One counter at a time, for there may be a million. Each call has a statement of its own. */
  *counters(): Generator<Counter, void, undefined> {
    const rows = this.#db.prepare('SELECT subject, kind, times FROM counters').iterate();
    let unreadable = 0;
    for (const { subject, kind, times } of rows as Iterable<unknown> as Iterable<CounterRow>) {
      const decoded = decodeTimes(times);
      if (isFailureKind(kind) && decoded !== null) yield { subject, kind, times: decoded };
      else unreadable++;
    }
    if (unreadable > 0) this.#warn(`${unreadable} stored counters cannot be read and are left out`);
  }
}

/** A table of texts by key. */
interface TextTable {
  readonly put: Statement;
  readonly remove: Statement;
  readonly all: Statement;
}

function textTable(db: Database, name: 'positions' | 'joins'): TextTable {
  return {
    put: db.prepare(`INSERT INTO ${name} VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value`),
    remove: db.prepare(`DELETE FROM ${name} WHERE key = ?`),
    all: db.prepare(`SELECT key, value FROM ${name}`),
  };
}

function saveTexts(table: TextTable, values: ReadonlyMap<string, string | null>): void {
  for (const [key, value] of values) {
    if (value === null || value === '') table.remove.run(key);
    else table.put.run(key, value);
  }
}

function readTexts(table: TextTable): Map<string, string> {
  const texts = new Map<string, string>();
  for (const { key, value } of table.all.iterate() as Iterable<unknown> as Iterable<TextRow>) texts.set(key, value);
  return texts;
}

function isFailureKind(text: string): text is FailureKind {
  return (FAILURE_KINDS as readonly string[]).includes(text);
}

/** Eight bytes a time, little-endian: exact for every number, and copied in one go. */
function encodeTimes(times: readonly Millis[]): Uint8Array {
  const bytes = new Uint8Array(times.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [index, time] of times.entries()) view.setFloat64(index * 8, time, true);
  return bytes;
}

/** Null where the bytes are no list of times. */
function decodeTimes(bytes: Uint8Array): Millis[] | null {
  if (bytes.length === 0 || bytes.length % 8 !== 0) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const times: Millis[] = [];
  for (let at = 0; at < bytes.length; at += 8) {
    const time = view.getFloat64(at, true);
    if (!Number.isFinite(time)) return null;
    times.push(time);
  }
  return times;
}
