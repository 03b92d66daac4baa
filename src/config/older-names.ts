/** Settings that had other names in other versions of the mail servers whose names we keep: moved, with a note each. */
import type { Path } from './positions.ts';
import { isTable, type TomlTable, type TomlValue } from './toml.ts';

/** A setting that was found under an older name. */
export interface Move {
  readonly from: readonly string[];
  readonly to: readonly string[];
}

const BANS = ['server', 'fail2ban'];
const RATES = ['jmap', 'rate-limit'];
const AUTO_BAN = ['server', 'auto-ban'];

export const OLDER_NAMES: readonly Move[] = [
  { from: ['server', 'security', 'fail2ban'], to: [...BANS, 'authentication'] },
  { from: ['authentication', 'fail2ban'], to: [...BANS, 'authentication'] },
  { from: [...AUTO_BAN, 'auth', 'rate'], to: [...BANS, 'authentication'] },
  { from: [...AUTO_BAN, 'abuse', 'rate'], to: [...BANS, 'invalid-rcpt'] },
  { from: [...AUTO_BAN, 'loiter', 'rate'], to: [...BANS, 'loitering'] },
  { from: [...AUTO_BAN, 'scan', 'rate'], to: [...BANS, 'scan'] },
  { from: ['http', 'rate-limit', 'account'], to: [...RATES, 'account'] },
  { from: ['http', 'rate-limit', 'anonymous'], to: [...RATES, 'anonymous'] },
  { from: ['http', 'rate-limit', 'authentication'], to: [...RATES, 'authentication'] },
  { from: ['http', 'use-x-forwarded'], to: [...RATES, 'use-forwarded'] },
];

/** The table with today's names; `moves` where a name was older, `clashes` where the setting was there already. */
export function renameOlder(table: TomlTable): {
  readonly table: TomlTable;
  readonly moves: readonly Move[];
  readonly clashes: readonly Move[];
} {
  const moves: Move[] = [];
  const clashes: Move[] = [];
  let renamed = table;
  for (const move of OLDER_NAMES) {
    const value = valueAt(table, move.from);
    if (value === undefined) continue;
    renamed = without(renamed, move.from);
    if (valueAt(renamed, move.to) === undefined) {
      renamed = withValue(renamed, move.to, value);
      moves.push(move);
    } else clashes.push(move);
  }
  return { table: renamed, moves, clashes };
}

/** Where a path of the renamed table stands in the file. */
export function asWritten(path: Path, moves: readonly Move[]): Path {
  const move = moves.find(({ to }) => to.every((key, index) => path[index] === key));
  return move === undefined ? path : [...move.from, ...path.slice(move.to.length)];
}

/** What stands at a path, or undefined. */
export function valueAt(table: TomlTable, path: readonly string[]): TomlValue | undefined {
  let value: TomlValue | undefined = table;
  for (const key of path) {
    if (!isTable(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

/** Without the value, and without the tables that held nothing else. */
function without(table: TomlTable, path: readonly string[]): TomlTable {
  const [first = '', ...rest] = path;
  const inner = table[first];
  const { [first]: _, ...others } = table;
  if (rest.length === 0 || !isTable(inner)) return others;
  const left = without(inner, rest);
  return Object.keys(left).length === 0 ? others : { ...table, [first]: left };
}

/** With the value; unchanged where something else than a table is in the way, which is an error of its own later. */
function withValue(table: TomlTable, path: readonly string[], value: TomlValue): TomlTable {
  const [first = '', ...rest] = path;
  if (rest.length === 0) return { ...table, [first]: value };
  const inner = table[first] ?? {};
  return isTable(inner) ? { ...table, [first]: withValue(inner, rest, value) } : table;
}
