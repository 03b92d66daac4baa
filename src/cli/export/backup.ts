/** Writes a backup: everything that a host has learned, for `tailban import` on another one. */
import { LISTS, MARK, VERSION } from '../../api/backup.ts';
import { DISK } from '../../config/files.ts';
import { loadConfig } from '../../config/load.ts';
import { oneLine } from '../../core/one-line.ts';
import { subjectKey } from '../../core/subject.ts';
import type { Millis } from '../../core/types.ts';
import { readStore, type StoreReading } from '../../store/reading.ts';
import type { BanRecord } from '../../store/types.ts';
import type { Invocation } from '../invocation.ts';
import { configPath } from '../places.ts';

/** So much is put together before it is written, in characters. */
const PIECE = 1 << 20;

/** Reads the database, whether the daemon runs or not: what it holds is at most a second behind. @throws StoreError */
export async function writeBackup({ terminal, globals, version }: Invocation): Promise<void> {
  const { config } = await loadConfig(configPath(globals.config), DISK);
  const store = readStore(config.store.path, (message) => terminal.note(`note: ${oneLine(message)}`));
  try {
    let piece = '';
    for (const text of backupText(store, version, terminal.now())) {
      piece += text;
      if (piece.length < PIECE) continue;
      await terminal.write(piece);
      piece = '';
    }
    await terminal.write(piece);
  } finally {
    store.close();
  }
}

function* backupText(store: StoreReading, version: string, now: Millis): Generator<string> {
  yield `{\n${JSON.stringify(MARK)}: ${VERSION},\n"version": ${JSON.stringify(version)},\n"written": ${now}`;
  for (const list of LISTS) {
    yield `,\n${JSON.stringify(list)}: [`;
    let separator = '\n';
    for (const record of recordsOf(list, store, now)) {
      yield separator + JSON.stringify(record);
      separator = ',\n';
    }
    yield '\n]';
  }
  yield '\n}\n';
}

function recordsOf(list: (typeof LISTS)[number], store: StoreReading, now: Millis): Iterable<object> {
  switch (list) {
    case 'allowed':
      return store.allowed();
    case 'knownGood':
      return store.knownGood();
    case 'bans':
      return bansOf(store, now, true);
    case 'history':
      return bansOf(store, now, false);
  }
}

function* bansOf(store: StoreReading, now: Millis, inForce: boolean): Generator<object> {
  for (const ban of store.bans(now)) if ((ban.ended === null) === inForce) yield recordOf(ban);
}

function recordOf({ endedAt, ended, ...ban }: BanRecord): object {
  const record = { ...ban, subject: subjectKey(ban.subject) };
  return ended === null ? record : { ...record, endedAt, ended };
}
