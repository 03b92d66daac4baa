/**
 * The composition root: builds sources, judge, store, enforcers and API out of the configuration, wires them, and takes
 * them down again. The only file that knows several adapters.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Control, Refusal, type Status } from './api/contract.ts';
import { serveApi } from './api/server.ts';
import { systemClock } from './clock.ts';
import { compareConfigs } from './config/compare.ts';
import { type Filter, loadFilters } from './config/filter-files.ts';
import { type Loaded, loadConfig } from './config/load.ts';
import { formatProblem } from './config/problem.ts';
import { renderConfig } from './config/render.ts';
import { formatRate } from './core/duration.ts';
import type { Network } from './core/ip.ts';
import { Judge } from './core/judge.ts';
import { FAILURE_KINDS, type Millis } from './core/types.ts';
import { EnforcerQueue } from './enforce/queue.ts';
import type { Enforcer } from './enforce/types.ts';
import { ConfigError, ConfigErrors } from './errors.ts';
import { buildFeed, findSources } from './feeds.ts';
import { chooseFirewall } from './firewall.ts';
import { Guard } from './guard.ts';
import { hostNetworks } from './host.ts';
import { createLogger, type Logger } from './log.ts';
import { Reading } from './reading.ts';
import { restoreState } from './restore.ts';
import { buildStatus } from './status.ts';
import { Store } from './store/store.ts';

export interface DaemonOptions {
  /** Null: no file, defaults and discovery. */
  readonly configPath: string | null;
  readonly filterFolder: string;
  /** Nothing is blocked and nothing is kept: only the log tells what would happen. */
  readonly dryRun: boolean;
  readonly socketPath?: string | undefined;
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error' | undefined;
  readonly version: string;
  /** Whether a person reads along. */
  readonly terminal: boolean;
  readonly output: NodeJS.WritableStream;
}

export interface RunningDaemon {
  stop(): Promise<void>;
  reload(): Promise<void>;
}

const CHECKPOINT_EVERY: Millis = 1_000;
const TIDY_EVERY: Millis = 60_000;

/** Starts everything; resolves when the stored bans are in force and the API answers. @throws ConfigErrors, StoreError */
export async function startDaemon(options: DaemonOptions): Promise<RunningDaemon> {
  const filters = await loadFilters(options.filterFolder);
  const loaded = await load(options, filters);
  const { log: logging } = loaded.config;
  const log = createLogger({
    level: options.logLevel ?? logging.level,
    format: logging.format,
    terminal: options.terminal,
    destination: options.output,
  });
  const daemon = new Daemon(options, loaded, filters, log);
  try {
    await daemon.start();
  } catch (error) {
    await daemon.stop();
    throw error;
  }
  return daemon;
}

/** @throws Refusal with every problem and its place, for whoever asked for the reload. */
async function loadAgain(options: DaemonOptions): Promise<{ loaded: Loaded; filters: ReadonlyMap<string, Filter> }> {
  try {
    const filters = await loadFilters(options.filterFolder);
    return { loaded: await load(options, filters), filters };
  } catch (error) {
    if (error instanceof ConfigError) throw new Refusal(422, formatProblem(error, ''));
    if (!(error instanceof ConfigErrors)) throw error;
    const text = options.configPath === null ? '' : await readFile(options.configPath, 'utf8').catch(() => '');
    throw new Refusal(422, error.errors.map((problem) => formatProblem(problem, text)).join('\n'));
  }
}

function load(options: DaemonOptions, filters: ReadonlyMap<string, Filter>): Promise<Loaded> {
  return loadConfig(options.configPath, (path) => readFile(path, 'utf8'), { filters: [...filters.keys()] });
}

class Daemon implements RunningDaemon {
  readonly #options: DaemonOptions;
  readonly #log: Logger;
  #loaded: Loaded;
  #filters: ReadonlyMap<string, Filter>;
  readonly #judge: Judge;
  readonly #now = systemClock.now;
  readonly #startedAt = systemClock.now();
  #guard: Guard | null = null;
  #store: Store | null = null;
  #reading: Reading;
  #queues: EnforcerQueue[] = [];
  #firewall: Enforcer | null = null;
  #firewallProblem: string | null = null;
  #api: { close(): Promise<void> } | null = null;
  #hostNetworks: readonly (readonly [Network, string])[] = [];
  #scratch: string | null = null;
  readonly #timers: NodeJS.Timeout[] = [];
  #reloading: Promise<unknown> = Promise.resolve();
  #stopped = false;

  constructor(options: DaemonOptions, loaded: Loaded, filters: ReadonlyMap<string, Filter>, log: Logger) {
    this.#options = options;
    this.#loaded = loaded;
    this.#filters = filters;
    this.#log = log;
    this.#judge = new Judge(loaded.config);
    this.#reading = new Reading({
      now: this.#now,
      onEvent: (event) => this.#guard?.handle(event),
      onChunk: () => this.#guard?.commit(),
      warn: (source, message) => log.warn({ source }, message),
      info: (source, message) => log.info({ source }, message),
    });
  }

  async start(): Promise<void> {
    const { version, dryRun, configPath } = this.#options;
    this.#log.info(
      `tailban ${version} starts${dryRun ? ' as a dry run' : ''}, ${configPath === null ? 'without a configuration file' : `configuration ${configPath}`}`,
    );
    this.#announce(this.#loaded);
    const store = await this.#openStore();
    const guard = new Guard({
      judge: this.#judge,
      store,
      now: this.#now,
      log: this.#log,
      banTime: () => this.#loaded.config.banTime,
      alwaysAllowed: () => this.#alwaysAllowed(),
    });
    this.#guard = guard;
    this.#hostNetworks = await hostNetworks();
    await this.#startFirewall(guard);
    await restoreState({
      judge: this.#judge,
      store,
      reading: this.#reading,
      firewall: this.#firewall,
      memory: Math.max(this.#loaded.config.increment?.forgetAfter ?? 0, this.#longestWindow()),
      now: this.#now(),
      log: this.#log,
    });
    await guard.refreshAllowed();
    for (const queue of this.#queues) queue.start();
    await Promise.all(this.#queues.map((queue) => queue.idle()));
    this.#api = await serveApi(this.#control(guard), { socketPath: this.#socketPath(), log: this.#log });
    this.#timers.push(
      setInterval(() => this.#everySecond(guard), CHECKPOINT_EVERY),
      setInterval(() => void this.#everyMinute(guard, store), TIDY_EVERY),
    );
    void this.#startReading();
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    await this.#reloading.catch(() => {});
    for (const timer of this.#timers) clearInterval(timer);
    await this.#api?.close();
    await this.#reading.stop();
    this.#guard?.checkpoint();
    await Promise.all(this.#queues.map((queue) => queue.stop()));
    this.#store?.close();
    if (this.#scratch !== null) await rm(this.#scratch, { recursive: true, force: true });
    this.#log.info('tailban has stopped; bans stay in force until they end');
  }

  async reload(): Promise<void> {
    try {
      const { changes } = await this.#reload();
      this.#log.info(changes.length === 0 ? 'reloaded, nothing has changed' : `reloaded: ${changes.join(', ')}`);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#log.error(`The configuration was not reloaded, the old one stays in force. ${error.message}`);
    }
  }

  async #openStore(): Promise<Store> {
    let { path } = this.#loaded.config.store;
    if (this.#options.dryRun) {
      this.#scratch = await mkdtemp(join(tmpdir(), 'tailban-dry-run-'));
      path = join(this.#scratch, 'tailban.db');
    }
    this.#store = Store.open(path, { now: this.#now, warn: (message) => this.#log.error(message) });
    return this.#store;
  }

  async #startFirewall(guard: Guard): Promise<void> {
    const { enforcer, problem } = await chooseFirewall(this.#loaded.config, this.#options.dryRun, this.#log, this.#now);
    this.#firewallProblem = problem;
    if (problem !== null) this.#log.warn(problem);
    this.#firewall = enforcer;
    const queue = new EnforcerQueue({
      enforcer,
      activeBans: () => this.#judge.activeBans(),
      now: this.#now,
      onFailure: (error, retryIn) =>
        this.#log.error(
          { err: error },
          `${enforcer.name} failed: ${error.message}; ${retryIn === null ? 'giving up at stop' : `next try in ${retryIn / 1000} s`}`,
        ),
      onRecovery: () => this.#log.info(`${enforcer.name} works again, all bans are in force`),
      onRestored: (bans) =>
        this.#log.warn(`somebody changed our rules in ${enforcer.name}; they are restored with ${bans} bans`),
    });
    this.#queues = [queue];
    guard.connect(this.#queues, this.#reading);
  }

  async #startReading(): Promise<void> {
    const sources = await findSources(this.#loaded.config, this.#now(), this.#log);
    const feeds = sources.map((source) => buildFeed(source, this.#filters, this.#now));
    const since = this.#now() - this.#longestWindow();
    await this.#reading.start(feeds, since);
    if (!this.#stopped)
      this.#log.info(`caught up with ${sources.map(({ name }) => name).join(', ')} (${this.#reading.lines} lines)`);
  }

  #everySecond(guard: Guard): void {
    this.#reading.tick();
    guard.expire();
    guard.checkpoint();
  }

  async #everyMinute(guard: Guard, store: Store): Promise<void> {
    this.#judge.tidy(this.#now());
    this.#hostNetworks = await hostNetworks();
    if (this.#stopped) return;
    await guard.refreshAllowed();
    const { store: settings, increment } = this.#loaded.config;
    store.forgetHistory(this.#now() - Math.max(settings.history, increment?.forgetAfter ?? 0));
  }

  /** One reload at a time; what the last one left behind is what the next one compares with. */
  #reload(): Promise<{ changes: readonly string[]; notes: readonly string[] }> {
    const next = this.#reloading.then(() => this.#reloadNow());
    this.#reloading = next.catch(() => {});
    return next;
  }

  async #reloadNow(): Promise<{ changes: readonly string[]; notes: readonly string[] }> {
    const guard = this.#guard;
    if (guard === null || this.#stopped) return { changes: [], notes: [] };
    const { loaded, filters } = await loadAgain(this.#options);
    const difference = compareConfigs(this.#loaded.config, loaded.config);
    const filtersChanged = JSON.stringify(definitions(filters)) !== JSON.stringify(definitions(this.#filters));
    this.#loaded = loaded;
    this.#filters = filters;
    this.#judge.configure(loaded.config);
    this.#log.level = this.#options.logLevel ?? loaded.config.log.level;
    await guard.refreshAllowed();
    if (difference.firewall) {
      const old = this.#queues;
      await Promise.all(old.map((queue) => queue.stop()));
      await this.#startFirewall(guard);
      for (const queue of this.#queues) queue.start();
      await Promise.all(this.#queues.map((queue) => queue.idle()));
    }
    if (difference.sources || filtersChanged) {
      await this.#reading.stop();
      guard.checkpoint();
      void this.#startReading();
    }
    const changes = [...difference.changes, ...(filtersChanged ? ['filters'] : [])];
    return { changes, notes: loaded.notes.map(({ line, message }) => `line ${line}: ${message}`) };
  }

  #control(guard: Guard): Control {
    return {
      status: () => this.#status(guard),
      bans: () => guard.bans(),
      ban: (request) => guard.ban(request),
      unban: (request) => guard.unban(request),
      allowed: () => guard.allowed(),
      allow: (request) => guard.allow(request),
      disallow: (request) => guard.disallow(request),
      reload: () => this.#reload(),
      config: () => renderConfig(this.#loaded.config),
      import: (request) => guard.import(request),
    };
  }

  #status(guard: Guard): Status {
    return buildStatus({
      version: this.#options.version,
      dryRun: this.#options.dryRun,
      configFile: this.#options.configPath,
      config: this.#loaded.config,
      startedAt: this.#startedAt,
      now: this.#now(),
      judge: this.#judge,
      guard,
      reading: this.#reading,
      queues: this.#queues.map((queue) => queue.status()),
      firewallProblem: this.#firewallProblem,
    });
  }

  #longestWindow(): Millis {
    const { limits, loginLimit } = this.#loaded.config;
    return Math.max(...FAILURE_KINDS.map((kind) => limits[kind]?.period ?? 0), loginLimit?.period ?? 0);
  }

  #alwaysAllowed(): (readonly [Network, string])[] {
    const configured = this.#loaded.config.allowed.map(({ network, name }): [Network, string] => [
      network,
      name === null ? 'configuration' : `configuration, network ${name}`,
    ]);
    return [...this.#hostNetworks, ...configured];
  }

  #socketPath(): string {
    return this.#options.socketPath ?? this.#loaded.config.api.socket;
  }

  #announce({ config, notes }: Loaded): void {
    for (const note of notes) this.#log.warn(`${this.#options.configPath}:${note.line}: ${note.message}`);
    const limits = FAILURE_KINDS.map(
      (kind) => `${kind} ${config.limits[kind] === null ? 'off' : formatRate(config.limits[kind])}`,
    );
    this.#log.info(`limits: ${limits.join(', ')}`);
    if (config.loginLimit !== null)
      this.#log.warn(
        'bans of logins are only recorded: no enforcer for logins is configured, so they do not stop anybody',
      );
    if (!config.enabled) this.#log.warn('tailban is switched off (server.fail2ban.enabled = false): nobody is banned');
  }
}

function definitions(filters: ReadonlyMap<string, Filter>): unknown[] {
  return [...filters.values()].map(({ definition }) => definition);
}
