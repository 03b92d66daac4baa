/**
 * The composition root: builds sources, judge, store, enforcers and API out of the configuration, wires them, and takes
 * them down again. With the files of `daemon/` the only one that knows several adapters.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Refusal, type Status } from './api/contract.ts';
import { claimSocket, serveApi } from './api/server.ts';
import { systemClock } from './clock.ts';
import { compareConfigs } from './config/compare.ts';
import type { Filter } from './config/filter-files.ts';
import { type Loaded, noteText } from './config/load.ts';
import { renderConfig } from './config/render.ts';
import type { Network } from './core/ip.ts';
import { Judge } from './core/judge.ts';
import type { JudgeSettings } from './core/settings.ts';
import type { Millis } from './core/types.ts';
import { Admin } from './daemon/admin.ts';
import { announce, announceFirewall, announceLogins, announceStart } from './daemon/announce.ts';
import { controlOf } from './daemon/control.ts';
import { loginEnforcers, queueFor, removeGone } from './daemon/enforcers.ts';
import { buildFeed, findSources } from './daemon/feeds.ts';
import { chooseFirewall } from './daemon/firewall.ts';
import { Gates } from './daemon/gates.ts';
import { Guard } from './daemon/guard.ts';
import { areSame, type Beginning, type Files, loadAgain, loadBeginning } from './daemon/loading.ts';
import { Operations } from './daemon/operations.ts';
import { waitUntilCarriedOut } from './daemon/patience.ts';
import { Reading } from './daemon/reading.ts';
import { restoreBans, restoreCounts } from './daemon/restore.ts';
import { alwaysAllowed, judgeSettings, longestWindow } from './daemon/rules.ts';
import { buildStatus } from './daemon/status.ts';
import { heldBy } from './daemon/strays.ts';
import type { EnforcerQueue } from './enforce/queue.ts';
import type { Enforcer } from './enforce/types.ts';
import { type Logger, OwnLog } from './log.ts';
import { Store } from './store/store.ts';
import { Frugality } from './system/frugal.ts';
import { hostNetworks } from './system/host.ts';

export interface DaemonOptions extends Files {
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
  reopenLog(): void;
  status(): Status;
}

const CHECKPOINT_EVERY: Millis = 1_000;
const TIDY_EVERY: Millis = 60_000;

/** Starts everything; resolves when the stored bans are in force and the API answers. @throws ConfigErrors, StoreError */
export async function startDaemon(options: DaemonOptions): Promise<RunningDaemon> {
  const { loaded, own, filters } = await loadBeginning(options);
  const log = new OwnLog({
    ...loaded.config.log,
    forcedLevel: options.logLevel,
    terminal: options.terminal,
    destination: options.output,
  });
  const daemon = new Daemon(options, loaded, own, log);
  try {
    await daemon.start(filters);
  } catch (error) {
    await daemon.stop();
    throw error;
  }
  return daemon;
}

class Daemon implements RunningDaemon {
  readonly #options: DaemonOptions;
  readonly #ownLog: OwnLog;
  readonly #log: Logger;
  readonly #operations: Operations;
  #loaded: Loaded;
  #filters: ReadonlyMap<string, Filter>;
  readonly #judge: Judge;
  readonly #now = systemClock.now;
  readonly #startedAt = systemClock.now();
  #guard: Guard | null = null;
  #store: Store | null = null;
  #reading: Reading;
  #queues: EnforcerQueue[] = [];
  #enforcers: readonly Enforcer[] = [];
  readonly #gates: Gates;
  #firewallProblem: string | null = null;
  #api: { close(): Promise<void> } | null = null;
  #hostNetworks: readonly (readonly [Network, string])[] = [];
  #scratch: string | null = null;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #frugality = new Frugality();
  #readingStarts = 0;
  #reloading: Promise<unknown> = Promise.resolve();
  #stopped = false;
  readonly reopenLog = (): void => this.#ownLog.reopen();

  constructor(options: DaemonOptions, loaded: Loaded, filters: ReadonlyMap<string, Filter>, ownLog: OwnLog) {
    const log = ownLog.logger;
    this.#ownLog = ownLog;
    this.#options = options;
    this.#loaded = loaded;
    this.#filters = filters;
    this.#log = log;
    this.#gates = new Gates(log, this.#now);
    this.#judge = new Judge(loaded.config);
    this.#operations = new Operations({
      version: options.version,
      status: () => this.status(),
      storeFailing: () => this.#guard?.storeFailing ?? false,
      now: this.#now,
      log,
    });
    this.#reading = new Reading({
      now: this.#now,
      onEvent: (event, source) => this.#guard?.handle(event, source),
      onChunk: () => this.#guard?.commit(),
      warn: (source, message) => log.warn({ source }, message),
      info: (source, message) => log.info({ source }, message),
    });
  }

  async start(filters: Beginning['filters']): Promise<void> {
    announceStart(this.#options, this.#log);
    const socketPath = this.#options.socketPath ?? this.#loaded.config.api.socket;
    await claimSocket(socketPath);
    announce(this.#loaded, this.#filters, this.#log);
    const store = await this.#openStore();
    const options = {
      judge: this.#judge,
      store,
      now: this.#now,
      log: this.#log,
      observer: this.#operations,
      banTime: () => this.#loaded.config.banTime,
      alwaysAllowed: () => alwaysAllowed(this.#loaded.config, this.#hostNetworks),
    };
    const guard = new Guard(options);
    this.#guard = guard;
    this.#hostNetworks = await hostNetworks();
    await this.#startEnforcers(guard);
    const restored = {
      judge: this.#judge,
      store,
      reading: this.#reading,
      firewall: this.#enforcers[0] ?? null,
      memory: Math.max(this.#loaded.config.increment?.forgetAfter ?? 0, longestWindow(this.#loaded.config)),
      now: this.#now(),
      log: this.#log,
    };
    const waiting = await restoreBans(restored);
    const allowed = guard.refreshAllowed();
    for (const queue of this.#queues) queue.start();
    // The firewall takes half a second for a hundred thousand bans: time for what is needed only to read logs.
    await restoreCounts(restored, waiting);
    this.#filters = await filters();
    await allowed;
    await waitUntilCarriedOut(this.#queues);
    const own = {
      status: () => this.status(guard),
      reload: () => this.#reload(),
      config: () => renderConfig(this.#loaded.config, this.#loaded.files),
    };
    const firewall = { remaining: () => heldBy(this.#enforcers[0], this.#queues[0], this.#log), log: this.#log };
    const control = controlOf(new Admin(options, guard), guard, own, firewall);
    this.#api = await serveApi(control, { socketPath, log: this.#log, metrics: this.#operations.metrics });
    if (!this.#options.dryRun) await this.#operations.configure(this.#loaded.config);
    await this.#startGates(guard);
    this.#timers.push(
      setInterval(() => this.#everySecond(guard, store), CHECKPOINT_EVERY),
      setInterval(() => void this.#everyMinute(guard, store), TIDY_EVERY),
    );
    this.#read();
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    await this.#reloading.catch(() => {});
    for (const timer of this.#timers) clearInterval(timer);
    await this.#gates.stop();
    await this.#api?.close();
    await this.#reading.stop();
    this.#guard?.checkpoint();
    await Promise.all(this.#queues.map((queue) => queue.stop()));
    await this.#operations.stop();
    this.#store?.close();
    if (this.#scratch !== null) await rm(this.#scratch, { recursive: true, force: true });
    if (this.#guard !== null) this.#log.info('tailban has stopped; bans stay in force until they end');
    this.#ownLog.close();
  }

  async reload(): Promise<void> {
    await this.#reload().catch((error: unknown) => {
      if (!(error instanceof Refusal)) throw error;
    });
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

  async #startEnforcers(guard: Guard): Promise<void> {
    const firewall = await chooseFirewall(this.#loaded.config, this.#options.dryRun, this.#log, this.#now);
    this.#firewallProblem = firewall.state === 'off' ? firewall.why : null;
    announceFirewall(firewall, this.#log);
    const context = {
      activeBans: () => this.#judge.activeBans(),
      owners: (logins: ReadonlySet<string>) => this.#judge.originsOfMany(logins, this.#now()),
      now: this.#now,
      log: this.#log,
      observer: this.#operations,
    };
    const others = this.#options.dryRun ? [] : loginEnforcers(this.#loaded.config, context);
    const isOn = this.#loaded.config.enabled;
    await removeGone([...firewall.others, ...(isOn ? [] : others)], [], this.#log);
    this.#enforcers = [firewall.enforcer, ...(isOn ? others : [])];
    this.#queues = this.#enforcers.map((one) => queueFor(one, context));
    this.#judge.configure(this.#judgeSettings());
    announceLogins(this.#loaded.config, this.#queues, this.#log);
    guard.connect(this.#queues, this.#reading);
  }

  async #startGates(guard: Guard): Promise<void> {
    await this.#gates.stop();
    if (!this.#options.dryRun) await this.#gates.start(this.#loaded.config, guard);
  }

  #judgeSettings(): JudgeSettings {
    const enforcers = this.#queues.map((queue) => queue.status());
    return judgeSettings(this.#loaded.config, enforcers, this.#options.dryRun);
  }

  #read(): void {
    this.#startReading().catch((error: unknown) => this.#log.error({ err: error }, 'the logs cannot be read'));
  }

  async #startReading(): Promise<void> {
    const start = ++this.#readingStarts;
    const sources = await findSources(this.#loaded.config, this.#now(), this.#log);
    // Stopped or reloaded while the host was being searched for logs.
    if (this.#stopped || start !== this.#readingStarts) return;
    const feeds = sources.map((source) => buildFeed(source, this.#filters, this.#now));
    const since = this.#now() - longestWindow(this.#loaded.config);
    await this.#reading.start(feeds, since);
    if (!this.#stopped)
      this.#log.info(`caught up with ${sources.map(({ name }) => name).join(', ')} (${this.#reading.lines} lines)`);
  }

  #everySecond(guard: Guard, store: Store): void {
    this.#frugality.look();
    this.#reading.tick();
    guard.expire();
    guard.checkpoint();
    store.look();
  }

  async #everyMinute(guard: Guard, store: Store): Promise<void> {
    this.#judge.tidy(this.#now());
    this.#hostNetworks = await hostNetworks();
    if (this.#stopped) return;
    const { store: settings, increment } = this.#loaded.config;
    try {
      store.forgetHistory(this.#now() - Math.max(settings.history, increment?.forgetAfter ?? 0));
      await guard.refreshAllowed();
    } catch (error) {
      this.#log.error({ err: error }, 'the store cannot be tidied up');
    }
  }

  /** One reload at a time; what the last one left behind is what the next one compares with. */
  #reload(): Promise<{ changes: readonly string[]; notes: readonly string[] }> {
    const next = this.#reloading.then(() => this.#reloadNow());
    this.#reloading = this.#operations.reloading(next);
    return next;
  }

  async #reloadNow(): Promise<{ changes: readonly string[]; notes: readonly string[] }> {
    const guard = this.#guard;
    if (guard === null || this.#stopped) return { changes: [], notes: [] };
    this.#ownLog.reopen();
    const { loaded, filters } = await loadAgain(this.#options);
    const difference = compareConfigs(this.#loaded.config, loaded.config);
    const filtersChanged = !areSame(filters, this.#filters);
    this.#loaded = loaded;
    this.#filters = filters;
    this.#judge.configure(this.#judgeSettings());
    this.#ownLog.configure(loaded.config.log);
    if (!this.#options.dryRun) await this.#operations.configure(loaded.config);
    await guard.refreshAllowed();
    if (difference.gates) await this.#startGates(guard);
    if (difference.enforcers) {
      const before = this.#enforcers;
      await Promise.all(this.#queues.map((queue) => queue.stop()));
      await this.#startEnforcers(guard);
      // The firewall, which is the first, clears away its predecessor itself, once all bans are in force.
      await removeGone(before.slice(1), this.#enforcers, this.#log);
      for (const queue of this.#queues) queue.start();
      await waitUntilCarriedOut(this.#queues);
    }
    if (difference.sources || filtersChanged) {
      await this.#reading.stop();
      guard.checkpoint();
      this.#read();
    }
    const changes = [...difference.changes, ...(filtersChanged ? ['filters'] : [])];
    return { changes, notes: loaded.notes.map(noteText) };
  }

  status(guard = this.#guard): Status {
    if (guard === null) throw new Error('The daemon has not been started');
    return buildStatus({
      version: this.#options.version,
      dryRun: this.#options.dryRun,
      loaded: this.#loaded,
      startedAt: this.#startedAt,
      now: this.#now(),
      judge: this.#judge,
      guard,
      reading: this.#reading,
      queues: this.#queues.map((queue) => queue.status()),
      gates: this.#gates.views(),
      notifiers: this.#operations.notifiers(),
      firewallProblem: this.#firewallProblem,
      storeProblem: this.#store?.problem ?? null,
    });
  }
}
