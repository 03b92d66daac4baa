/** What the bench found out, as text for people and as JSON for programs. */
import { cpus, totalmem } from 'node:os';

export interface Measure {
  /** Stable, for programs: `throughput.warm`. */
  readonly id: string;
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** What the project wants it to be. */
  readonly aim?: Aim;
}

export interface Aim {
  readonly kind: 'at least' | 'under';
  readonly value: number;
}

export interface PartReport {
  readonly title: string;
  readonly measures: readonly Measure[];
  /** How it was measured, and what could not be. */
  readonly notes: readonly string[];
}

export function formatPart({ title, measures, notes }: PartReport): string {
  const width = Math.max(0, ...measures.map(({ what }) => what.length));
  const lines = measures.map((measure) => {
    const amount = `${formatNumber(measure.value)} ${measure.unit}`.trimEnd();
    return `  ${measure.what.padEnd(width)}  ${amount.padStart(20)}${formatAim(measure)}`;
  });
  return [`\n${title}`, ...lines, ...notes.map((note) => `  - ${note}`)].join('\n');
}

export function machine(): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} x ${cpu?.model.trim() ?? 'unknown processor'}, ${memory} GiB, Node.js ${process.version}`;
}

export function isMet({ value, aim }: Measure): boolean | null {
  if (aim === undefined) return null;
  return aim.kind === 'under' ? value < aim.value : value >= aim.value;
}

function formatAim(measure: Measure): string {
  const { aim } = measure;
  if (aim === undefined) return '';
  return `   ${isMet(measure) ? 'met' : 'MISSED'}: ${aim.kind} ${formatNumber(aim.value)}`;
}

function formatNumber(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en', { maximumFractionDigits: digits });
}
