/** Puts together what the checks start from, for this host: configuration, filters, logs, the daemon and the firewall. */
import { ApiClient, ApiError } from '../api/client.ts';
import { compareConfigs } from '../config/compare.ts';
import type { Config } from '../config/config.ts';
import { type Filter, loadFilters } from '../config/filter-files.ts';
import { noteText, parseConfigFiles } from '../config/load.ts';
import type { Millis } from '../core/types.ts';
import { discoverSources } from '../daemon/discover.ts';
import { chooseFirewall } from '../daemon/firewall.ts';
import { loadEverything } from '../daemon/loading.ts';
import { ConfigError, ConfigErrors } from '../errors.ts';
import { errorCode } from '../source/glob.ts';
import { hostNetworks } from '../system/host.ts';
import { type RehearsalOptions, rehearse } from './rehearsal.ts';
import type { Daemon, Firewall, Rehearsal, Situation } from './situation.ts';

export interface GatherOptions {
  readonly version: string;
  readonly configPath: string | null;
  readonly filterFolder: string;
  readonly ownFilterFolder: string | null;
  /** Instead of the configured one. */
  readonly socketPath: string | null;
  readonly isRoot: boolean;
  readonly now: () => Millis;
}

/** A daemon that does not answer within that hangs, which is what a doctor is asked about. */
const PATIENCE: Millis = 5_000;
/** Where the configuration leaves every port closed, one has to be tried. */
const ANY_PORT = 25;

export async function gather(options: GatherOptions): Promise<Situation> {
  const { version, configPath, now } = options;
  const { config, filters, problems, notes } = await loadWhatCan(options);
  const found = config.sources.length > 0 ? null : await discoverSources(now());
  const firewall = await firewallOf(config, options);
  return {
    version,
    configPath,
    config,
    configProblems: problems,
    configNotes: notes,
    filters,
    sources: found?.sources ?? config.sources,
    discoveries: found?.findings ?? [],
    own: await hostNetworks(),
    daemon: await askDaemon(options.socketPath ?? config.api.socket, problems.length === 0 ? config : null),
    firewall,
    rehearse: () => rehearsalOf(config, firewall, now),
  };
}

interface LoadedPart {
  readonly config: Config;
  readonly filters: ReadonlyMap<string, Filter>;
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

/** The defaults and the shipped filters in the place of what cannot be used. */
async function loadWhatCan(options: GatherOptions): Promise<LoadedPart> {
  try {
    const { loaded, filters } = await loadEverything(options);
    return { config: loaded.config, filters, problems: [], notes: loaded.notes.map(noteText) };
  } catch (error) {
    const errors = error instanceof ConfigErrors ? error.errors : error instanceof ConfigError ? [error] : null;
    if (errors === null) throw error;
    const filters = await loadFilters(options.filterFolder, null);
    return { config: parseConfigFiles([]).config, filters, problems: errors.map(problemText), notes: [] };
  }
}

function problemText({ file, line, column, message, hint }: ConfigError): string {
  const place = line === 0 ? file : `${file}:${line}:${column}`;
  return `${place}: ${message}${hint === '' ? '' : `. ${hint}`}`;
}

/** @param config that of the files; null where it cannot be used. */
async function askDaemon(socketPath: string, config: Config | null): Promise<Daemon> {
  const client = new ApiClient({ socketPath, timeout: PATIENCE });
  try {
    const status = await client.status();
    const { bans } = await client.bans(false);
    const allowed = await client.allowed();
    const unread = config === null ? [] : differences(await client.config(), config);
    return { runs: true, status, bans, allowed: allowed.map(({ network }) => network), unread };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { runs: false, state: stateBy(error), reason: error.message };
  }
}

function stateBy({ problem, cause }: ApiError): 'stopped' | 'silent' | 'hidden' {
  if (problem === 'forbidden') return 'hidden';
  return ['ENOENT', 'ENOTDIR', 'ECONNREFUSED'].includes(errorCode(cause) ?? '') ? 'stopped' : 'silent';
}

/** @param text the configuration that the daemon runs with; a newer one may print what we do not know. */
function differences(text: string, config: Config): readonly string[] {
  try {
    return compareConfigs(withoutAliases(parseConfigFiles([{ path: '', text }]).config), withoutAliases(config))
      .changes;
  } catch (error) {
    if (error instanceof ConfigErrors) return [];
    throw error;
  }
}

/** Those stand in a file of their own. */
function withoutAliases(config: Config): Config {
  const { logins } = config;
  return { ...config, logins: { ...logins, names: { ...logins.names, aliases: new Map() } } };
}

/** What the daemon would choose. */
async function firewallOf(config: Config, { isRoot, now }: GatherOptions): Promise<Firewall> {
  if (!config.enabled || config.firewall.backend === 'none') return { state: 'off' };
  if (!isRoot) return { state: 'unseen' };
  const { state, why, enforcer } = await chooseFirewall(config, false, SILENT, now);
  return state === 'used' ? { state, enforcer, why } : { state: 'broken', problem: why };
}

const SILENT = { info: () => {}, warn: () => {} };

/** The same choice once more, with commands that run in a network of their own. */
function rehearsalOf(config: Config, chosen: Firewall, now: () => Millis): Promise<Rehearsal> {
  const { ports } = config.firewall;
  const firewall: RehearsalOptions['firewall'] = async (run) => {
    const { state, why, enforcer } = await chooseFirewall({ ...config, enabled: true }, false, SILENT, now, run);
    if (state === 'off') return { enforcer, problem: why };
    const isOther = chosen.state === 'used' && enforcer.name !== chosen.enforcer.name;
    return { enforcer, problem: isOther ? `${chosen.enforcer.name} has its rules on this host alone` : null };
  };
  return rehearse({ firewall, port: ports[0] ?? ANY_PORT, now });
}
