/**
 * Loading a configuration: read its files, parse them, check all of it, and either give a `Config` with notes for the
 * admin, or throw everything that is wrong with it, each at its place.
 */
import { ConfigError, ConfigErrors } from '../errors.ts';
import { readAliases } from './alias-file.ts';
import type { Config } from './config.ts';
import { type Documents, nameOf, openDocuments, type Renamed, type Spot, type Written } from './documents.ts';
import { type ConfigFile, type Disk, readConfigFiles } from './files.ts';
import { valueAt } from './older-names.ts';
import type { Path } from './positions.ts';
import { resolve } from './resolve.ts';
import { SETTINGS, type Settings } from './schema.ts';
import { type Issue, readEntry } from './setting.ts';
import { sharedFiles } from './shared-files.ts';
import { closest } from './suggest.ts';
import { hintForUnknown } from './unknown.ts';

/** Something that an admin should know of a configuration that is in order. */
export interface Note extends Spot {
  readonly message: string;
}

export interface Loaded {
  readonly config: Config;
  readonly notes: readonly Note[];
  /** The paths of what was read, in that order; empty where the defaults are in force. */
  readonly files: readonly string[];
}

export interface LoadOptions {
  /** The filters there are; names of others are errors. Not checked where absent. */
  readonly filters?: readonly string[];
}

/** A note as one line, with its place. */
export function noteText({ file, line, column, message }: Note): string {
  return `${file}:${line}:${column}: ${message}`;
}

/**
 * Loads a file and its drop-ins, or with null the defaults; and the aliases of logins, where a file of them is named.
 * @throws ConfigErrors, with line 0 where a file cannot be read; ConfigError for the file of aliases.
 */
export async function loadConfig(path: string | null, disk: Disk, options: LoadOptions = {}): Promise<Loaded> {
  const loaded = parseConfigFiles(path === null ? [] : await readConfigFiles(path, disk), options);
  const { aliasFile, logins } = loaded.config;
  if (aliasFile === null) return loaded;
  const names = { ...logins.names, aliases: await readAliases(aliasFile, disk, logins.names) };
  return { ...loaded, config: { ...loaded.config, logins: { ...logins, names } } };
}

/**
 * Reads the text of one configuration file; `file` is its name for errors. The aliases of logins, which have a file of
 * their own, are not known to it.
 * @throws ConfigErrors with everything that is wrong.
 */
export function parseConfig(text: string, file: string, options: LoadOptions = {}): Loaded {
  return parseConfigFiles([{ path: file, text }], options);
}

/**
 * Reads the texts of several files, of which later ones go before earlier ones; the aliases of logins as above.
 * @throws ConfigErrors with everything that is wrong.
 */
export function parseConfigFiles(files: readonly ConfigFile[], options: LoadOptions = {}): Loaded {
  const documents = openDocuments(files);
  const { table } = documents;
  const result = readEntry(SETTINGS, table);
  const settings = 'value' in result ? result.value : null;
  const errors = [
    ...documents.each.flatMap((file) => errorsWithin(file, options)),
    ...('issues' in result ? result.issues.map((issue) => toError(issue, documents)) : []),
    ...documents.clashes.map(clashError),
    ...(settings === null ? [] : shrinkingMax(settings, documents)),
    ...(settings === null ? [] : sharedFiles(settings, documents)),
  ];
  if (errors.length > 0) throw new ConfigErrors(eachOnce(errors).sort(documents.compare));
  const isWritten = (path: readonly string[]): boolean => valueAt(table, path) !== undefined;
  const config = resolve(settings as Settings, isWritten(AUTHENTICATION));
  const notes = [...documents.moved.map(movedNote), ...effectNotes(config, isWritten, documents)];
  return { config, notes: notes.sort(documents.compare), files: files.map(({ path }) => path) };
}

const AUTHENTICATION = ['server', 'fail2ban', 'authentication'];
const PRESET = ['server', 'fail2ban', 'preset'];
const INCREMENT_MAX = ['server', 'fail2ban', 'increment', 'max'];

/** What is wrong with one file whatever stands in the others, also where a later one writes something else there. */
function errorsWithin(file: Written, { filters }: LoadOptions): ConfigError[] {
  const result = readEntry(SETTINGS, file.table);
  const issues = 'issues' in result ? result.issues.filter(({ together }) => !together) : [];
  return [...issues.map((issue) => valueError(issue, file)), ...unknownFilters(filters, file)];
}

/** What is wrong with one file is wrong with all of them together too. */
function eachOnce(errors: readonly ConfigError[]): ConfigError[] {
  const keyOf = ({ file, line, column, message }: ConfigError): string => JSON.stringify([file, line, column, message]);
  return [...new Map(errors.map((error) => [keyOf(error), error])).values()];
}

function valueError(
  { path = [], hint = '', on = 'value', offset, unknown, message }: Issue,
  file: Written,
): ConfigError {
  const spot = file.spot(path, on, offset);
  const name = file.nameOf(path);
  if (unknown) return new ConfigError(`Unknown setting ${name}`, spot, hintForUnknown(path));
  return new ConfigError(`Cannot read ${name}: ${message.replace(/\p{Cc}/gu, '·')}`, spot, hint);
}

/** Of two settings that contradict each other from two files the later one is told, and where the other one stands. */
function toError(issue: Issue, documents: Documents): ConfigError {
  const { path: own = [], hint = '', on = 'value', against } = issue;
  if (against === undefined) return valueError(issue, documents);
  const other = [...own.slice(0, -1), against];
  const [ownSpot, otherSpot] = [documents.spot(own, on), documents.spot(other, on)];
  const isOverruled = ownSpot.file !== otherSpot.file && documents.compare(ownSpot, otherSpot) < 0;
  const [path, spot, beside] = isOverruled ? [other, otherSpot, own] : [own, ownSpot, other];
  const where = elsewhere(beside, spot, documents);
  const more = where === '' ? '' : `; ${documents.nameOf(beside)} stands${where}`;
  return valueError({ ...issue, path, hint: hint + more }, documents);
}

/** ` in FILE:LINE`, where a setting stands in another file than that one; else empty. */
function elsewhere(path: Path, { file }: Spot, documents: Documents): string {
  const other = documents.spot(path, 'key');
  return other.file === file ? '' : ` in ${other.file}:${other.line}`;
}

function clashError({ from, to, spot }: Renamed): ConfigError {
  return new ConfigError(
    `Cannot read ${from}: it is an older name of ${to}, which is written too`,
    spot,
    `Remove ${from}`,
  );
}

function unknownFilters(filters: readonly string[] | undefined, { table, spot }: Written): ConfigError[] {
  if (filters === undefined) return [];
  const sources = valueAt(table, ['source']);
  return Object.keys(typeof sources === 'object' ? sources : {}).flatMap((source) => {
    const path = ['source', source, 'filter'];
    return filterItems(valueAt(table, path)).flatMap(({ name, at, offset }) => {
      if (filters.includes(name)) return [];
      const near = closest(name, filters);
      return new ConfigError(
        `Cannot read ${nameOf(path)}: there is no filter "${name}"`,
        spot([...path, ...at], 'value', offset),
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
function shrinkingMax(settings: Settings, { table, spot }: Documents): ConfigError[] {
  const { increment } = settings.server.fail2ban;
  if (increment === null || valueAt(table, INCREMENT_MAX) === undefined) return [];
  const raised = resolve(settings, valueAt(table, AUTHENTICATION) !== undefined).increment;
  if (raised === null || raised.max <= increment.max) return [];
  return [
    new ConfigError(
      `Cannot read ${nameOf(INCREMENT_MAX)}: it is shorter than a ban time, so repeated bans would be shorter than first ones`,
      spot(INCREMENT_MAX, 'value'),
      'Raise max, or leave it out',
    ),
  ];
}

function movedNote({ from, to, spot }: Renamed): Note {
  return { ...spot, message: `${from} is an older name; write ${to}` };
}

/** Settings that do nothing, or more than meant. */
function effectNotes(config: Config, isWritten: (path: readonly string[]) => boolean, documents: Documents): Note[] {
  const notes: Note[] = [];
  const { spot } = documents;
  const preset = spot(PRESET, 'key');
  if (isWritten(PRESET) && isWritten(AUTHENTICATION))
    notes.push({
      ...preset,
      message: `${nameOf(PRESET)} has no effect, because ${nameOf(AUTHENTICATION)} is written${elsewhere(AUTHENTICATION, preset, documents)}`,
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
