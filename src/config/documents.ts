/**
 * Several configuration files taken as one: tables are merged key by key, of all other values the last one holds. Knows
 * for each setting in which file it stands and where, also where it was written under an older name.
 */
import { ConfigError, ConfigErrors } from '../errors.ts';
import type { ConfigFile } from './files.ts';
import { asWritten, type Move, renameOlder, valueAt } from './older-names.ts';
import { indexPositions, offsetInString, offsetOf, type Path, type Place, placeAt } from './positions.ts';
import { isTable, parseToml, type TomlTable, tomlKey } from './toml.ts';

/** A place in one of the files. */
export interface Spot extends Place {
  readonly file: string;
}

type Find = (path: Path, on: 'key' | 'value', offset?: number) => Spot;

/** A setting under an older name: what it is called in the file and today, and where. */
export interface Renamed {
  readonly from: string;
  readonly to: string;
  readonly spot: Spot;
}

/** What is written, in one file or in all of them, with today's names. */
export interface Written {
  readonly table: TomlTable;
  /** Where a setting stands: in the last file that has it. The nth character of its text, where an offset is given. */
  readonly spot: Find;
  /** What a setting is called where it stands. */
  nameOf(path: Path): string;
}

/** All files together. */
export interface Documents extends Written {
  readonly each: readonly Written[];
  readonly moved: readonly Renamed[];
  /** Written under both names in one file. */
  readonly clashes: readonly Renamed[];
  /** The order of reading. */
  compare(one: Spot, other: Spot): number;
}

interface Document extends Written {
  readonly moves: readonly Move[];
  readonly clashes: readonly Move[];
  /** Takes a path as it is written. */
  readonly find: Find;
}

/** @throws ConfigErrors with the syntax errors of all files. */
export function openDocuments(files: readonly ConfigFile[]): Documents {
  const documents = openAll(files.length === 0 ? [{ path: '', text: '' }] : files);
  const holder = (path: Path): Document => holderOf(documents, path);
  const renamed = (pick: (document: Document) => readonly Move[]): Renamed[] =>
    documents.flatMap((document) =>
      pick(document).map(({ from, to }) => ({
        from: nameOf(from),
        to: nameOf(to),
        spot: document.find(from, 'key'),
      })),
    );
  const order = new Map(files.map(({ path }, index) => [path, index]));
  return {
    table: documents.map(({ table }) => table).reduce(merge),
    each: documents,
    moved: renamed(({ moves }) => moves),
    clashes: renamed(({ clashes }) => clashes),
    spot: (path, on, offset) => holder(path).spot(path, on, offset),
    nameOf: (path) => holder(path).nameOf(path),
    compare: (one, other) =>
      (order.get(one.file) ?? 0) - (order.get(other.file) ?? 0) || one.line - other.line || one.column - other.column,
  };
}

/** A path as an admin writes it: `server.allowed-ip[2]`. */
export function nameOf(path: Path): string {
  const name = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${tomlKey(part)}`)).join('');
  return name.startsWith('.') ? name.slice(1) : name;
}

function openAll(files: readonly ConfigFile[]): readonly Document[] {
  const errors: ConfigError[] = [];
  const documents = files.flatMap((file) => {
    try {
      return [open(file)];
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      errors.push(error);
      return [];
    }
  });
  if (errors.length > 0) throw new ConfigErrors(errors, { cause: errors[0] });
  return documents;
}

function open({ path: file, text }: ConfigFile): Document {
  const written = text.toWellFormed();
  const { table, moves, clashes } = renameOlder(parseToml(written, file));
  const root = indexPositions(written);
  const find: Find = (path, on, offset) => {
    const start = offsetOf(root, path, on);
    return { file, ...placeAt(written, offset === undefined ? start : offsetInString(written, start, offset)) };
  };
  return {
    table,
    moves,
    clashes,
    find,
    spot: (path, on, offset) => find(asWritten(path, moves), on, offset),
    nameOf: (path) => nameOf(asWritten(path, moves)),
  };
}

/** The last document that has the path, or as much of it as any has. */
function holderOf(documents: readonly Document[], path: Path): Document {
  const end = path.findIndex((part) => typeof part === 'number');
  const keys = (end < 0 ? path : path.slice(0, end)) as readonly string[];
  for (let length = keys.length; length > 0; length--) {
    const holder = documents.findLast(({ table }) => valueAt(table, keys.slice(0, length)) !== undefined);
    if (holder !== undefined) return holder;
  }
  return documents[0] as Document;
}

function merge(under: TomlTable, over: TomlTable): TomlTable {
  const merged = new Map(Object.entries(under));
  for (const [key, value] of Object.entries(over)) {
    const below = merged.get(key);
    merged.set(key, isTable(below) && isTable(value) ? merge(below, value) : value);
  }
  return Object.fromEntries(merged);
}
