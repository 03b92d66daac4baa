/** What to say of a key that does not exist: fail2ban's words are translated, slips get "did you mean". */
import type { Path } from './positions.ts';
import { SETTINGS } from './schema.ts';
import type { Entry } from './setting.ts';
import { closest } from './suggest.ts';

const FAIL2BAN = 'server.fail2ban';

/** fail2ban's words (jail.conf(5)) and a few of mail servers, without dashes, and what they are here. */
const FOREIGN_WORDS: Readonly<Record<string, string>> = {
  bantime: `The ban time is ${FAIL2BAN}.ban-time, such as ban-time = "1h"`,
  findtime: `The window is part of the limit in ${FAIL2BAN}, such as authentication = "10/1h": 10 failures within 1h`,
  maxretry: `The count is part of the limit in ${FAIL2BAN}, such as authentication = "10/1h": 10 failures within 1h`,
  maxmatches: 'The last lines of every ban are kept without a setting',
  ignoreip: 'Networks that are never banned are server.allowed-ip',
  ignoreself: "This host's own addresses are always allowed",
  ignorecommand: 'Networks that are never banned are server.allowed-ip, no command is run',
  ignoreregex: 'Patterns stand in the filter files, not here',
  failregex: 'Patterns stand in the filter files, not here',
  datepattern: 'Time stamps are recognised by themselves; source.NAME.timezone is their time zone',
  logpath: 'Log files are source.NAME.files',
  logencoding: 'Logs may be in any encoding, nothing is to be set',
  logtimezone: 'The time zone of a log is source.NAME.timezone',
  zone: 'The time zone of a log is source.NAME.timezone',
  journalmatch: 'The journal is read by source.NAME.units or source.NAME.journal = true',
  banaction: 'What carries bans out is firewall.backend',
  banactionallports: 'firewall.ports = [] closes every port',
  blocktype: 'Whether packets vanish or are refused is firewall.action',
  chain: 'The chains of iptables are firewall.chains',
  usedns: 'Names are never looked up, nothing is to be set',
  dbfile: 'The database is store.path',
  dbpurgeage: 'How long past bans are kept is store.history',
  loglevel: 'What is logged is log.level',
  logtarget: 'The daemon logs to standard output, so to the journal under systemd',
  jail: `Limits stand in [${FAIL2BAN}], logs in [source.NAME]`,
  default: `Limits stand in [${FAIL2BAN}], logs in [source.NAME]`,
  port: 'The ports that are closed to banned addresses are firewall.ports',
  autoban: `Limits stand in [${FAIL2BAN}]; of server.auto-ban only auth.rate, abuse.rate, loiter.rate and scan.rate are understood`,
  security: `Limits stand in [${FAIL2BAN}]; of server.security only fail2ban is understood`,
  blockedip: 'Bans are no settings; bring them in with tailban import',
};

/** The hint for an unknown key; empty where nothing comes near. */
export function hintForUnknown(path: Path): string {
  const key = String(path.at(-1));
  const foreign = plain(key);
  if (Object.hasOwn(FOREIGN_WORDS, foreign)) return FOREIGN_WORDS[foreign] ?? '';
  const around = entryAt(path.slice(0, -1));
  const sibling = closest(key, around === undefined ? [] : Object.keys(childrenOf(around)));
  if (sibling !== null) return `Did you mean ${sibling}?`;
  const elsewhere = allPaths(SETTINGS, []);
  const name = closest(
    key,
    elsewhere.map((candidate) => candidate.at(-1) ?? ''),
  );
  const target = name === null ? undefined : elsewhere.find((candidate) => candidate.at(-1) === name);
  if (target !== undefined) return `Did you mean ${target.join('.')}?`;
  const siblings = around === undefined ? [] : Object.keys(childrenOf(around));
  return siblings.length === 0 ? '' : `Known here: ${siblings.join(', ')}`;
}

function entryAt(path: Path): Entry<unknown> | undefined {
  let entry: Entry<unknown> | undefined = SETTINGS;
  for (const part of path) {
    if (entry?.kind === 'named') entry = entry.entry;
    else if (entry !== undefined) entry = childrenOf(entry)[String(part)];
  }
  return entry;
}

function childrenOf(entry: Entry<unknown>): Readonly<Record<string, Entry<unknown>>> {
  if (entry.kind === 'table') return entry.entries;
  if (entry.kind === 'setting' && entry.table !== undefined) return childrenOf(entry.table);
  return {};
}

/** The paths of all tables and settings, in the order of the schema. */
function allPaths(entry: Entry<unknown>, path: readonly string[]): (readonly string[])[] {
  if (entry.kind === 'named') return allPaths(entry.entry, [...path, 'NAME']);
  const children = entry.kind === 'table' ? Object.entries(entry.entries) : [];
  return children.flatMap(([key, child]) => [[...path, key], ...allPaths(child, [...path, key])]);
}

function plain(word: string): string {
  return word.toLowerCase().replace(/[-_]/g, '');
}
