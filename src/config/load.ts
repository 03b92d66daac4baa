/**
 * Loading a configuration: read the file, parse it, check all of it, and either give a `Config` with notes for the
 * admin, or throw everything that is wrong with it, each at its place.
 */
import { ConfigError, ConfigErrors } from '../errors.ts';
import type { Config } from './config.ts';
import { asWritten, type Move, renameOlder, valueAt } from './older-names.ts';
import {
  indexPositions,
  offsetInString,
  offsetOf,
  type Path,
  type Place,
  type PositionNode,
  placeAt,
} from './positions.ts';
import { resolve } from './resolve.ts';
import { SETTINGS, type Settings } from './schema.ts';
import { type Entry, type Issue, readEntry } from './setting.ts';
import { closest } from './suggest.ts';
import { parseToml, type TomlTable, tomlKey } from './toml.ts';
import { hintForUnknown } from './unknown.ts';

/** Something that an admin should know of a configuration that is in order. */
export interface Note extends Place {
  readonly message: string;
}

export interface Loaded {
  readonly config: Config;
  readonly notes: readonly Note[];
  /** What was read; empty where there is no file. */
  readonly text: string;
}

export interface LoadOptions {
  /** The filters there are; names of others are errors. Not checked where absent. */
  readonly filters?: readonly string[];
}

/**
 * Loads a file, or with null the defaults.
 * @throws ConfigErrors, with line 0 where the file cannot be read.
 */
export async function loadConfig(
  path: string | null,
  readFile: (path: string) => Promise<string>,
  options: LoadOptions = {},
): Promise<Loaded> {
  if (path === null) return { ...parseConfig('', '', options), text: '' };
  let text: string;
  try {
    text = await readFile(path);
  } catch (error) {
    throw unreadable(path, error);
  }
  return parseConfig(text, path, options);
}

/**
 * Reads the text of a configuration file; `file` is its name for errors.
 * @throws ConfigErrors with everything that is wrong.
 */
export function parseConfig(text: string, file: string, options: LoadOptions = {}): Loaded {
  const written = text.toWellFormed();
  const document = openDocument(written, file);
  const { table, moves, clashes } = renameOlder(document.table);
  const spot = (path: Path, on: 'key' | 'value', offset?: number): Place =>
    document.place(asWritten(path, moves), on, offset);
  const result = readEntry(SETTINGS, table);
  const settings = 'value' in result ? result.value : null;
  const errors = [
    ...('issues' in result ? result.issues.map((issue) => toError(issue, moves, spot, file)) : []),
    ...clashes.map((move) => clashError(move, document, file)),
    ...unknownFilters(table, options.filters, spot, file),
    ...(settings === null ? [] : shrinkingMax(settings, table, spot, file)),
  ];
  if (errors.length > 0) throw new ConfigErrors(errors.sort(byPlace));
  const isWritten = (path: readonly string[]): boolean => valueAt(table, path) !== undefined;
  const config = resolve(settings as Settings, isWritten(AUTHENTICATION));
  const notes = [
    ...moves.map((move) => movedNote(move, document)),
    ...laterNotes(SETTINGS, [], isWritten, spot),
    ...effectNotes(config, isWritten, spot),
  ];
  return { config, notes: notes.sort(byPlace), text };
}

type Spot = (path: Path, on: 'key' | 'value', offset?: number) => Place;

interface Document {
  readonly table: TomlTable;
  readonly place: Spot;
}

const AUTHENTICATION = ['server', 'fail2ban', 'authentication'];
const PRESET = ['server', 'fail2ban', 'preset'];
const INCREMENT_MAX = ['server', 'fail2ban', 'increment', 'max'];

function openDocument(text: string, file: string): Document {
  let table: TomlTable;
  try {
    table = parseToml(text, file);
  } catch (error) {
    throw error instanceof ConfigError ? new ConfigErrors([error], { cause: error }) : error;
  }
  const root: PositionNode = indexPositions(text);
  const place: Spot = (path, on, offset) => {
    const start = offsetOf(root, path, on);
    return placeAt(text, offset === undefined ? start : offsetInString(text, start, offset));
  };
  return { table, place };
}

function toError(issue: Issue, moves: readonly Move[], spot: Spot, file: string): ConfigError {
  const { path = [], hint = '', on = 'value' } = issue;
  const place = { file, ...spot(path, on, issue.offset) };
  const name = nameOf(asWritten(path, moves));
  return issue.unknown
    ? new ConfigError(`Unknown setting ${name}`, place, hintForUnknown(path))
    : new ConfigError(`Cannot read ${name}: ${issue.message.replace(/\p{Cc}/gu, '·')}`, place, hint);
}

function clashError({ from, to }: Move, document: Document, file: string): ConfigError {
  return new ConfigError(
    `Cannot read ${nameOf(from)}: it is an older name of ${nameOf(to)}, which is written too`,
    { file, ...document.place(from, 'key') },
    `Remove ${nameOf(from)}`,
  );
}

function unknownFilters(
  table: TomlTable,
  filters: readonly string[] | undefined,
  spot: Spot,
  file: string,
): ConfigError[] {
  if (filters === undefined) return [];
  const sources = valueAt(table, ['source']);
  return Object.keys(typeof sources === 'object' ? sources : {}).flatMap((source) => {
    const path = ['source', source, 'filter'];
    return filterItems(valueAt(table, path)).flatMap(({ name, at, offset }) => {
      if (filters.includes(name)) return [];
      const near = closest(name, filters);
      return new ConfigError(
        `Cannot read ${nameOf(path)}: there is no filter "${name}"`,
        { file, ...spot([...path, ...at], 'value', offset) },
        near === null ? `There are ${[...filters].sort().join(', ')}` : `Did you mean "${near}"?`,
      );
    });
  });
}

/** The names in a list of filters as far as it is one; what is wrong with the rest has been said by its form. */
function filterItems(value: unknown): { name: string; at: number[]; offset: number }[] {
  if (typeof value === 'string')
    return [...value.matchAll(/[^\s,]+/g)].map((match) => ({ name: match[0], at: [], offset: match.index }));
  if (!Array.isArray(value)) return [];
  return value.flatMap((name: unknown, index) => (typeof name === 'string' ? [{ name, at: [index], offset: 0 }] : []));
}

/** A `max` that is written below a ban time would end even first bans early; the default just follows. */
function shrinkingMax(settings: Settings, table: TomlTable, spot: Spot, file: string): ConfigError[] {
  const { increment } = settings.server.fail2ban;
  if (increment === null || valueAt(table, INCREMENT_MAX) === undefined) return [];
  const raised = resolve(settings, valueAt(table, AUTHENTICATION) !== undefined).increment;
  if (raised === null || raised.max <= increment.max) return [];
  return [
    new ConfigError(
      `Cannot read ${nameOf(INCREMENT_MAX)}: it is shorter than a ban time, so repeated bans would be shorter than first ones`,
      { file, ...spot(INCREMENT_MAX, 'value') },
      'Raise max, or leave it out',
    ),
  ];
}

function movedNote({ from, to }: Move, document: Document): Note {
  return { ...document.place(from, 'key'), message: `${nameOf(from)} is an older name; write ${nameOf(to)}` };
}

/** A note for each setting in the file that this version does not act on. */
function laterNotes(
  entry: Entry<unknown>,
  path: readonly string[],
  isWritten: (path: readonly string[]) => boolean,
  spot: Spot,
): Note[] {
  if (!isWritten(path)) return [];
  if (entry.kind === 'table')
    return Object.entries(entry.entries).flatMap(([key, child]) => laterNotes(child, [...path, key], isWritten, spot));
  if (entry.kind === 'named' || !entry.about.later) return [];
  return [
    { ...spot(path, 'key'), message: `${nameOf(path)} is accepted and checked; it is counted from a later version on` },
  ];
}

/** Settings that do nothing, or more than meant. */
function effectNotes(config: Config, isWritten: (path: readonly string[]) => boolean, spot: Spot): Note[] {
  const notes: Note[] = [];
  if (isWritten(PRESET) && isWritten(AUTHENTICATION))
    notes.push({
      ...spot(PRESET, 'key'),
      message: `${nameOf(PRESET)} has no effect, because ${nameOf(AUTHENTICATION)} is written`,
    });
  for (const { network, name } of config.allowed) {
    if (!network.endsWith('/0')) continue;
    const path = name === null ? ['server', 'allowed-ip'] : ['server', 'network', name];
    notes.push({
      ...spot(path, 'key'),
      message: `${nameOf(path)} holds ${network}, so none of its addresses is ever banned`,
    });
  }
  return notes;
}

function unreadable(path: string, error: unknown): ConfigErrors {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reasons: Readonly<Record<string, readonly [string, string]>> = {
    ENOENT: ['there is no such file', 'Without a configuration file the defaults hold'],
    EACCES: ['this user may not read it', 'Run as root, or as a user who may'],
    EISDIR: ['it is a directory', 'Name the file'],
  };
  const [reason, hint] = reasons[code] ?? [error instanceof Error ? error.message : String(error), ''];
  const place = { file: path, line: 0, column: 0 };
  return new ConfigErrors(
    [new ConfigError(`Cannot read the configuration: ${reason}`, place, hint, { cause: error })],
    { cause: error },
  );
}

/** A path as an admin writes it: `server.allowed-ip[2]`. */
function nameOf(path: Path): string {
  const name = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${tomlKey(part)}`)).join('');
  return name.startsWith('.') ? name.slice(1) : name;
}

function byPlace(one: Place, other: Place): number {
  return one.line - other.line || one.column - other.column;
}
