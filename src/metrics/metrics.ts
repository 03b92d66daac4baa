/**
 * Metrics for Prometheus. Most of them are read off the daemon when somebody asks; what nobody else counts is counted here
 * as it happens. What turns them into text is loaded when somebody asks for the first time, since most hosts never do.
 */
import type { Status } from '../api/contract.ts';
import { BAN_CAUSES, type Ban, type BanCause, type Change, type Millis, type Subject } from '../core/types.ts';
import type { Exposition } from './exposition.ts';
import { type Family, Tally } from './family.ts';
import { READINGS } from './readings.ts';

export interface MetricsOptions {
  readonly version: string;
  readonly status: () => Status;
  readonly storeFailing: () => boolean;
  readonly now: () => Millis;
}

const TYPES: readonly Subject['type'][] = ['address', 'network', 'login'];
/** Without a log line that led to the ban. */
const BY_HAND: readonly BanCause[] = ['manual', 'imported', 'adopted'];
const LATENCY = {
  name: 'tailban_ban_latency_seconds',
  help: 'From the time of the log line that led to a ban until the enforcer has it in force; where stamps have whole seconds, up to one more',
  label: 'enforcer',
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
};

export class Metrics {
  /** Prometheus, "Exposition formats". */
  readonly contentType = 'text/plain; version=0.0.4; charset=utf-8';
  readonly #options: MetricsOptions;
  readonly #startedAt: Millis;
  #exposition: Exposition | null = null;
  readonly #bans = new Tally(
    'tailban_bans_total',
    'Bans made, by the limit or order that led to them and by what is banned',
    ['cause', 'type'],
    BAN_CAUSES.flatMap((cause) => TYPES.map((type) => [cause, type])),
  );
  readonly #ends = new Tally(
    'tailban_bans_ended_total',
    'Bans that ended: expired, or lifted by hand or because the subject is allowed now',
    ['why'],
    [['expired'], ['lifted']],
  );
  readonly #failures = new Tally('tailban_enforcer_failures_total', 'Calls of an enforcer that failed', ['enforcer']);
  readonly #reloads = new Tally(
    'tailban_reloads_total',
    'Reloads; one that is refused leaves the old configuration in force',
    ['result'],
    [['done'], ['refused']],
  );
  readonly #notices = new Tally(
    'tailban_notifications_total',
    'Messages sent, tries that failed, and events that were dropped because too much waited',
    ['notifier', 'result'],
  );

  constructor(options: MetricsOptions) {
    this.#options = options;
    this.#startedAt = options.now();
  }

  /** Everything at this moment. */
  async text(): Promise<string> {
    if (this.#exposition === null) {
      const { Exposition } = await import('./exposition.ts');
      this.#exposition ??= new Exposition(this.#families(), LATENCY);
    }
    return this.#exposition.text(this.#options.status());
  }

  banned({ cause, subject }: Ban): void {
    this.#bans.add([cause, subject.type]);
  }

  ended(why: 'expired' | 'lifted'): void {
    this.#ends.add([why]);
  }

  /** An enforcer has carried changes out. Bans by hand have no log line, and old lines say nothing of how quick we are. */
  applied(enforcer: string, changes: readonly Change[]): void {
    if (this.#exposition === null) return;
    const now = this.#options.now();
    for (const change of changes) {
      if (change.type === 'unban') continue;
      const { cause, since } = change.ban;
      if (BY_HAND.includes(cause) || since < this.#startedAt) continue;
      this.#exposition.observe(enforcer, Math.max(0, now - since) / 1000);
    }
  }

  failed(enforcer: string): void {
    this.#failures.add([enforcer]);
  }

  reloaded(result: 'done' | 'refused'): void {
    this.#reloads.add([result]);
  }

  notified(notifier: string, result: 'sent' | 'failed' | 'dropped', count: number): void {
    this.#notices.add([notifier, result], count);
  }

  #families(): Family[] {
    const { version, storeFailing } = this.#options;
    return [
      constant('tailban_build_info', 'Always 1; the version is the label', ['version'], [version]),
      ...READINGS,
      this.#bans,
      this.#ends,
      this.#failures,
      this.#reloads,
      this.#notices,
      single('tailban_store_failing', 'Whether the database cannot be written', 'gauge', () => Number(storeFailing())),
      single('process_resident_memory_bytes', 'Resident memory', 'gauge', () => process.memoryUsage.rss()),
      single('process_cpu_seconds_total', 'Processor time used', 'counter', () => {
        const { user, system } = process.cpuUsage();
        return (user + system) / 1_000_000;
      }),
    ];
  }
}

function constant(name: string, help: string, labels: readonly string[], values: readonly string[]): Family {
  return { name, help, type: 'gauge', labels, samples: () => [[values, 1]] };
}

function single(name: string, help: string, type: Family['type'], value: () => number): Family {
  return { name, help, type, labels: [], samples: () => [[[], value()]] };
}
