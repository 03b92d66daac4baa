/** Compares what was read out of logs with what was done. Pure. */
import { type Event, FAILURE_KINDS, type FailureKind } from '../../src/core/types.ts';
import type { Corpus, Scenario } from './corpus.ts';

export interface KindScore {
  readonly kind: FailureKind;
  /** How many events there should be. */
  readonly expected: number;
  /** How many of them there are. */
  readonly found: number;
  /** More events than attempts, of somebody who did attack that way. */
  readonly doubled: number;
  /** Events of somebody who did nothing of the kind. */
  readonly wrong: number;
}

export interface Score {
  readonly name: string;
  readonly scenarios: number;
  readonly kinds: readonly KindScore[];
  readonly logins: { readonly expected: number; readonly right: number };
  /** Events with an address that no client had: somebody has been fooled. */
  readonly foreign: readonly Event[];
  /** Each difference in words. */
  readonly differences: readonly string[];
}

export function score({ name, scenarios, events }: Corpus): Score {
  const byAddress = Map.groupBy(events, ({ ip }) => ip as string);
  const known = new Set(scenarios.map(({ ip }) => ip));
  const compared = scenarios.map((scenario) => compare(scenario, byAddress.get(scenario.ip) ?? []));
  const foreign = events.filter(({ ip }) => !known.has(ip));
  return {
    name,
    scenarios: scenarios.length,
    kinds: FAILURE_KINDS.map((kind) => sum(kind, compared)),
    logins: {
      expected: total(compared.map(({ logins }) => logins.expected)),
      right: total(compared.map(({ logins }) => logins.right)),
    },
    foreign,
    differences: [
      ...compared.flatMap(({ differences }) => differences),
      ...foreign.map(({ kind, ip, text }) => `${kind} of ${ip}, which is no client: ${text}`),
    ],
  };
}

interface Comparison {
  readonly kinds: readonly KindScore[];
  readonly logins: { readonly expected: number; readonly right: number };
  readonly differences: readonly string[];
}

function compare(scenario: Scenario, events: readonly Event[]): Comparison {
  const differences: string[] = [];
  const say = (text: string): void => void differences.push(`${scenario.scenario} (${scenario.ip}): ${text}`);
  const kinds = FAILURE_KINDS.map((kind): KindScore => {
    const expected = scenario.expect[kind] ?? 0;
    const seen = events.filter((event) => event.kind === kind).length;
    if (seen !== expected) say(`${seen} events of ${kind} instead of ${expected}`);
    const over = Math.max(0, seen - expected);
    const isAttack = expected > 0;
    return {
      kind,
      expected,
      found: Math.min(seen, expected),
      doubled: isAttack ? over : 0,
      wrong: isAttack ? 0 : over,
    };
  });
  const seen = events.filter(({ kind }) => kind === 'authentication').map(({ login }) => login);
  const missing: string[] = [];
  for (const login of scenario.logins) {
    const at = seen.indexOf(login);
    if (at < 0) missing.push(login);
    else seen.splice(at, 1);
  }
  if (missing.length > 0) say(`the logins ${JSON.stringify(missing)} are missing, there are ${JSON.stringify(seen)}`);
  const { length } = scenario.logins;
  return { kinds, logins: { expected: length, right: length - missing.length }, differences };
}

function sum(kind: FailureKind, compared: readonly Comparison[]): KindScore {
  const scores = compared.flatMap(({ kinds }) => kinds.filter((one) => one.kind === kind));
  return {
    kind,
    expected: total(scores.map(({ expected }) => expected)),
    found: total(scores.map(({ found }) => found)),
    doubled: total(scores.map(({ doubled }) => doubled)),
    wrong: total(scores.map(({ wrong }) => wrong)),
  };
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}
