/** What `tailban status` shows, put together from those who know. */
import type { RatesView, SourceView, Status } from '../api/contract.ts';
import type { Config } from '../config/config.ts';
import type { Loaded } from '../config/load.ts';
import type { Judge } from '../core/judge.ts';
import { type Ban, FAILURE_KINDS, type Millis } from '../core/types.ts';
import type { QueueStatus } from '../enforce/queue.ts';
import type { Guard } from './guard.ts';
import type { Reading } from './reading.ts';

const MOST_LIMITED = 20;

export interface StatusParts {
  readonly version: string;
  readonly dryRun: boolean;
  readonly loaded: Loaded;
  readonly startedAt: Millis;
  readonly now: Millis;
  readonly judge: Judge;
  readonly guard: Guard;
  readonly reading: Reading;
  readonly queues: readonly QueueStatus[];
  readonly gates: Status['gates'];
  readonly notifiers: Status['notifiers'];
  readonly firewallProblem: string | null;
  readonly storeProblem: string | null;
}

export function buildStatus(parts: StatusParts): Status {
  const { version, dryRun, loaded, startedAt, now, judge, guard, reading, queues, gates, notifiers } = parts;
  const { firewallProblem, storeProblem } = parts;
  const [configFile = null, ...dropIns] = loaded.files;
  const sources = reading.views();
  return {
    version,
    pid: process.pid,
    startedAt,
    now,
    configFile,
    dropIns,
    dryRun,
    bans: countBans(judge.activeBans()),
    subjects: judge.subjects,
    lines: reading.lines,
    events: { ...guard.events },
    limits: limitViews(loaded.config),
    sources,
    enforcers: queues.map(enforcerView),
    gates,
    notifiers,
    rates: ratesView(loaded.config, judge, now),
    loginsEnforced: gates.length > 0 || queues.some(({ logins }) => logins !== null),
    knownGood: judge.knownGood.size,
    lastCheckpoint: guard.lastCheckpoint,
    problems: [
      ...(guard.storeFailing ? ['The store cannot be written; bans hold, but a restart would forget the latest'] : []),
      ...(storeProblem === null ? [] : [storeProblem]),
      ...(firewallProblem === null ? [] : [firewallProblem]),
      ...(judge.requests.overflow > 0
        ? [
            `The memory of the rate limits was full ${judge.requests.overflow} times, so some were not counted; jmap.rate-limit.cache.size makes it larger`,
          ]
        : []),
      ...(judge.requests.isBlind
        ? [
            'Nobody tells which requests have ended, so what runs at once is not limited; the access log has to be a source, with the ids of requests in it (docs/requests.md)',
          ]
        : []),
      ...enforcerProblems(queues),
      ...sourceProblems(sources),
      ...gates.flatMap(({ name, address, listening }) => (listening ? [] : [`${name} cannot listen on ${address}`])),
      ...notifiers.flatMap(({ name, problem }) => (problem === null ? [] : [`${name} cannot be notified: ${problem}`])),
    ],
  };
}

function countBans(bans: Iterable<Ban>): Status['bans'] {
  const counts = { address: 0, network: 0, login: 0 };
  for (const { subject } of bans) counts[subject.type]++;
  return {
    active: counts.address + counts.network + counts.login,
    addresses: counts.address,
    networks: counts.network,
    logins: counts.login,
  };
}

function limitViews(config: Config): Status['limits'] {
  const rules = [
    ...FAILURE_KINDS.map((kind) => [kind, config.limits[kind]] as const),
    ['login', config.loginLimit] as const,
    ['escalate', config.requests.escalate] as const,
  ];
  return rules.map(([kind, rule]) => ({
    kind,
    limit: rule === null ? null : { count: rule.count, period: rule.period },
    banTime: rule === null ? null : rule.banTime,
  }));
}

function ratesView({ requests }: Config, judge: Judge, now: Millis): RatesView {
  const { authentication, jmapAuthentication, anonymous, account, cacheSize } = requests;
  const { concurrentRequests, concurrentUploads } = requests;
  const limited = judge.requests.limited(now).sort((one, other) => one.freeAt - other.freeAt);
  return {
    rates: [
      { name: 'authentication', limit: authentication },
      { name: 'jmap-authentication', limit: jmapAuthentication },
      { name: 'anonymous', limit: anonymous },
      { name: 'account', limit: account },
    ],
    subjects: judge.requests.size,
    most: cacheSize,
    overflow: judge.requests.overflow,
    running: judge.requests.underway,
    atOnce: { requests: concurrentRequests, uploads: concurrentUploads },
    limited: limited.slice(0, MOST_LIMITED),
    limitedCount: limited.length,
  };
}

function enforcerView(status: QueueStatus): Status['enforcers'][number] {
  return {
    name: status.enforcer,
    pending: status.pending,
    failingSince: status.failingSince,
    problem: status.lastError,
    logins: status.logins,
  };
}

function enforcerProblems(queues: readonly QueueStatus[]): string[] {
  return queues.flatMap(({ enforcer, failingSince, lastError }) =>
    failingSince === null ? [] : [`${enforcer} is failing, the latest bans are not in force: ${lastError}`],
  );
}

function sourceProblems(sources: readonly SourceView[]): string[] {
  return sources.flatMap(({ name, problem }) => (problem === null ? [] : [`source ${name}: ${problem}`]));
}
