/** What Prometheus is told that somebody counts or knows already: read when it asks, so that it costs nothing before. */
import type { Status } from '../api/contract.ts';
import type { Family } from './family.ts';

/** In the order of the path of a line; durations are seconds, times seconds since 1970, as Prometheus has them. */
export const READINGS: readonly Family[] = [
  single('tailban_start_time_seconds', 'When the daemon started', ({ startedAt }) => startedAt / 1000),
  labelled(['tailban_lines_total', 'counter', 'source'], 'Log lines read', ({ sources }) =>
    sources.map(({ name, lines }) => [name, lines]),
  ),
  labelled(
    ['tailban_lines_cut_total', 'counter', 'source'],
    'Log lines that were longer than 16 KiB and have been read only in part',
    ({ sources }) => sources.map(({ name, cut }) => [name, cut]),
  ),
  labelled(
    ['tailban_source_events_total', 'counter', 'source'],
    'Events recognised in the lines of a source',
    ({ sources }) => sources.map(({ name, events }) => [name, events]),
  ),
  labelled(
    ['tailban_source_up', 'gauge', 'source'],
    'Whether the source is read (1) or something is wrong with it (0)',
    ({ sources }) => sources.map(({ name, problem, state }) => [name, Number(problem === null && state !== 'failed')]),
  ),
  labelled(
    ['tailban_source_lag_bytes', 'gauge', 'source'],
    'What stands in the files of the source and has not been read yet',
    ({ sources }) =>
      sources.map(({ name, origins }) => [
        name,
        origins.reduce((sum, { offset, size }) => sum + Math.max(0, size - offset), 0),
      ]),
  ),
  labelled(
    ['tailban_source_last_event_timestamp_seconds', 'gauge', 'source'],
    'The time of the last event by its log',
    ({ sources }) =>
      sources.flatMap(({ name, lastEvent }) => (lastEvent === null ? [] : [[name, lastEvent / 1000] as const])),
  ),
  labelled(['tailban_events_total', 'counter', 'kind'], 'Events by kind, failures and others', ({ events }) =>
    Object.entries(events),
  ),
  labelled(['tailban_active_bans', 'gauge', 'type'], 'Bans in force', ({ bans }) => [
    ['address', bans.addresses],
    ['network', bans.networks],
    ['login', bans.logins],
  ]),
  single('tailban_subjects_tracked', 'Addresses, prefixes and logins with a counter', ({ subjects }) => subjects),
  single(
    'tailban_known_good_pairs',
    'Pairs of a login and a network from where it worked',
    ({ knownGood }) => knownGood,
  ),
  labelled(
    ['tailban_enforcer_queue_length', 'gauge', 'enforcer'],
    'Changes that are not in force yet',
    ({ enforcers }) => enforcers.map(({ name, pending }) => [name, pending]),
  ),
  labelled(
    ['tailban_enforcer_failing', 'gauge', 'enforcer'],
    'Whether the enforcer fails, so that new bans are not in force',
    ({ enforcers }) => enforcers.map(({ name, failingSince }) => [name, Number(failingSince !== null)]),
  ),
  labelled(['tailban_gate_listening', 'gauge', 'gate'], 'Whether servers can ask at the gate', ({ gates }) =>
    gates.map(({ name, listening }) => [name, Number(listening)]),
  ),
  single('tailban_rate_subjects', 'Addresses and accounts that a rate is counted for', ({ rates }) => rates.subjects),
  single('tailban_rate_limited', 'Those of them that are over a rate now', ({ rates }) => rates.limitedCount),
  single('tailban_requests_running', 'HTTP requests and uploads that run now', ({ rates }) => rates.running),
  single(
    'tailban_last_checkpoint_timestamp_seconds',
    'When positions and counters were last stored; 0 before the first time',
    ({ lastCheckpoint }) => (lastCheckpoint ?? 0) / 1000,
  ),
  single('tailban_problems', 'The problems that tailban status shows', ({ problems }) => problems.length),
];

function single(name: string, help: string, value: (status: Status) => number): Family {
  return { name, type: 'gauge', help, labels: [], samples: (status) => [[[], value(status)]] };
}

function labelled(
  [name, type, label]: readonly [string, Family['type'], string],
  help: string,
  values: (status: Status) => readonly (readonly [label: string, value: number])[],
): Family {
  return {
    name,
    type,
    help,
    labels: [label],
    samples: (status) => values(status).map(([text, value]) => [[text], value]),
  };
}
