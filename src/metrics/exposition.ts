/**
 * The text format of Prometheus: the only user of prom-client. Its classes are taken one by one, because the package as a
 * whole brings a push gateway, a cluster and OpenTelemetry along: 10 MB of memory for nothing.
 */
import Counter from 'prom-client/lib/counter.js';
import Gauge from 'prom-client/lib/gauge.js';
import Histogram from 'prom-client/lib/histogram.js';
import Registry from 'prom-client/lib/registry.js';
import type { Status } from '../api/contract.ts';
import type { Family } from './family.ts';

export interface HistogramSettings {
  readonly name: string;
  readonly help: string;
  readonly label: string;
  readonly buckets: readonly number[];
}

export class Exposition {
  readonly #registry = new Registry();
  readonly #metrics: readonly (readonly [Family, Counter | Gauge])[];
  readonly #histogram: Histogram;
  readonly #label: string;

  constructor(families: readonly Family[], { name, help, label, buckets }: HistogramSettings) {
    const registers = [this.#registry];
    this.#metrics = families.map((family) => {
      const settings = { name: family.name, help: family.help, labelNames: [...family.labels], registers };
      return [family, family.type === 'counter' ? new Counter(settings) : new Gauge(settings)];
    });
    this.#label = label;
    this.#histogram = new Histogram({ name, help, labelNames: [label], buckets: [...buckets], registers });
  }

  /** @param value of the label */
  observe(value: string, measured: number): void {
    this.#histogram.observe({ [this.#label]: value }, measured);
  }

  text(status: Status): Promise<string> {
    for (const [family, metric] of this.#metrics) {
      metric.reset();
      for (const [values, value] of family.samples(status))
        metric.inc(Object.fromEntries(family.labels.map((label, index) => [label, values[index] ?? ''])), value);
    }
    return this.#registry.metrics();
  }
}
