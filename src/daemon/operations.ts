/** How the daemon is watched from outside: metrics for Prometheus, and notifications. Keeps accounts and changes nothing. */
import { type NotifierView, Refusal, type Status } from '../api/contract.ts';
import type { Config } from '../config/config.ts';
import type { Ban, BanCause, Change, Millis, Subject } from '../core/types.ts';
import type { Logger } from '../log.ts';
import { Metrics } from '../metrics/metrics.ts';
import { MetricsServer } from '../metrics/server.ts';
import type { Condition } from '../notify/conditions.ts';
import { Notifications } from './notifications.ts';
import type { Observer } from './observer.ts';

export interface OperationsOptions {
  readonly version: string;
  readonly status: () => Status;
  /** Whether the database cannot be written. */
  readonly storeFailing: () => boolean;
  readonly now: () => Millis;
  readonly log: Logger;
}

/** Who is over a rate is shut out for moments, many times a day: counted, but nobody is told. */
const RATE: BanCause = 'rate-limit';
const LOOK_EVERY: Millis = 10_000;
const STORE_PROBLEM = 'the store cannot be written; bans hold, but a restart would forget the latest';

export class Operations implements Observer {
  readonly #options: OperationsOptions;
  readonly #metrics: Metrics;
  readonly #notifications: Notifications;
  #server: MetricsServer | null = null;
  #listen: Config['metrics']['listen'] = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: OperationsOptions) {
    this.#options = options;
    this.#metrics = new Metrics(options);
    this.#notifications = new Notifications({
      ...options,
      count: (notifier, result, count) => this.#metrics.notified(notifier, result, count),
    });
  }

  /** At the start and after a reload; what stays the same goes on undisturbed. */
  async configure({ metrics, notify }: Config): Promise<void> {
    this.#timer ??= setInterval(() => this.#look(), LOOK_EVERY);
    await this.#notifications.configure(notify);
    if (JSON.stringify(metrics.listen) === JSON.stringify(this.#listen)) return;
    await this.#server?.stop();
    this.#listen = metrics.listen;
    this.#server = metrics.listen === null ? null : this.#serve(metrics.listen);
    await this.#server?.start();
  }

  notifiers(): NotifierView[] {
    return this.#notifications.views();
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await Promise.all([this.#server?.stop(), this.#notifications.stop()]);
  }

  /** What the API serves beside its own. */
  get metrics(): { readonly contentType: string; text(): Promise<string> } {
    return this.#metrics;
  }

  /** Counts and logs how a reload ends, whoever asked for it; resolves then, and never fails. */
  async reloading(reload: Promise<{ readonly changes: readonly string[] }>): Promise<void> {
    const { log } = this.#options;
    try {
      const { changes } = await reload;
      log.info(changes.length === 0 ? 'reloaded, nothing has changed' : `reloaded: ${changes.join(', ')}`);
      this.#metrics.reloaded('done');
    } catch (error) {
      // Whatever else goes wrong is told by who asked.
      if (error instanceof Refusal)
        log.error(`The configuration was not reloaded, the old one stays in force. ${error.message}`);
      this.#metrics.reloaded('refused');
    }
  }

  banned(ban: Ban): void {
    this.#metrics.banned(ban);
    if (ban.cause !== RATE) this.#notifications.banned(ban);
  }

  expired(ban: Ban): void {
    this.#metrics.ended('expired');
    if (ban.cause !== RATE) this.#notifications.ended(ban.subject, 'expired');
  }

  lifted(subject: Subject): void {
    this.#metrics.ended('lifted');
    this.#notifications.ended(subject, 'lifted');
  }

  applied(enforcer: string, changes: readonly Change[]): void {
    this.#metrics.applied(enforcer, changes);
  }

  failed(enforcer: string): void {
    this.#metrics.failed(enforcer);
  }

  #look(): void {
    const { status, storeFailing } = this.#options;
    this.#notifications.look(conditionsOf(status(), storeFailing()));
  }

  #serve({ host, port }: { readonly host: string; readonly port: number }): MetricsServer {
    const { log } = this.#options;
    return new MetricsServer({
      host,
      port,
      metrics: this.#metrics,
      info: (message) => log.info(message),
      error: (message) => log.error(message),
    });
  }
}

function conditionsOf({ enforcers, sources }: Status, storeFailing: boolean): Condition[] {
  return [
    ...enforcers.map(
      ({ name, failingSince, problem }): Condition => ({
        kind: 'enforcer',
        name,
        problem: failingSince === null ? null : (problem ?? ''),
      }),
    ),
    ...sources.map(({ name, problem }): Condition => ({ kind: 'source', name, problem })),
    { kind: 'store', name: 'store', problem: storeFailing ? STORE_PROBLEM : null },
  ];
}
