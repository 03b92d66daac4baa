/** The running daemon: what it says of itself, of its logs, its enforcers and its gates. */
import type { SourceView, Status } from '../../api/contract.ts';
import { roughDuration } from '../../core/duration.ts';
import type { Millis } from '../../core/types.ts';
import { commands, note, type Observation, ok, problem, warning } from '../finding.ts';
import type { Host } from '../host.ts';
import type { Check, Daemon, Situation } from '../situation.ts';

const LOOK = 'journalctl -u tailban -n 50 --no-pager';
/** A checkpoint is due every second; a full disk or a hanging one shows here. */
const LATE_CHECKPOINT: Millis = 60_000;
/** So much of a log that has not been read is more than a moment's work. */
const FAR_BEHIND = 16 * 1024 * 1024;
const QUIET: Millis = 86_400_000;

export const daemonCheck: Check = {
  name: 'daemon',
  async examine(_host: Host, { daemon, version }: Situation) {
    if (!daemon.runs) return [absent(daemon)];
    const { status } = daemon;
    return [
      ...running(status, version),
      ...changed(daemon.unread),
      ...status.sources.flatMap((source) => sourceFindings(source, status)),
      ...status.enforcers.flatMap(enforcerFindings(status.now)),
      ...status.gates
        .filter(({ listening }) => !listening)
        .map(({ name, address }) =>
          problem(`${name} cannot listen on ${address}, so nobody gets an answer there`, commands(`ss -tlnp`, LOOK)),
        ),
      ...status.notifiers.flatMap(notifierFindings(status.now)),
      ...told(status),
    ];
  },
};

function absent({ state, reason }: Extract<Daemon, { runs: false }>): Observation {
  if (state === 'hidden') return note(`Whether tailban runs is not known: ${reason}`);
  if (state === 'silent') return problem(reason, commands(LOOK, 'systemctl restart tailban'));
  return problem(reason, commands('systemctl enable --now tailban', LOOK));
}

function changed(unread: readonly string[]): Observation[] {
  if (unread.length === 0) return [];
  return [
    warning(
      `The configuration was changed after tailban had read it: ${unread.join(', ')}`,
      commands('tailban check && tailban reload'),
    ),
  ];
}

function running({ startedAt, now, version, dryRun, lastCheckpoint, limits }: Status, own: string): Observation[] {
  const found = [ok(`tailban ${version} has been running for ${roughDuration(now - startedAt)}`)];
  if (version !== own) {
    found.push(warning(`tailban ${version} still runs, ${own} is installed`, commands('systemctl restart tailban')));
  }
  if (dryRun)
    found.push(
      problem('It was started with --dry-run: nobody is really banned', commands('systemctl restart tailban')),
    );
  if (now - (lastCheckpoint ?? startedAt) > LATE_CHECKPOINT) {
    const since = lastCheckpoint === null ? 'at all' : `for ${roughDuration(now - lastCheckpoint)}`;
    found.push(
      problem(`Counters and log positions have not been saved ${since}; a restart would lose them`, commands(LOOK)),
    );
  }
  if (limits.length > 0 && limits.every(({ limit }) => limit === null)) found.push(problem('All its limits are off'));
  return found;
}

function sourceFindings(
  { name, state, problem: trouble, origins, lastEvent, lines }: SourceView,
  status: Status,
): Observation[] {
  const { now, startedAt } = status;
  if (trouble !== null) return [problem(`The source "${name}" is not read in full: ${trouble}`, commands(LOOK))];
  const behind = origins.reduce((sum, { offset, size }) => sum + Math.max(0, size - offset), 0);
  if (behind > FAR_BEHIND) {
    const size = `${Math.round(behind / 1024 / 1024)} MiB`;
    return [warning(`The source "${name}" is ${size} behind its logs, so bans come late`, commands('tailban status'))];
  }
  if (lines === 0 && now - startedAt > QUIET)
    return [
      warning(`The source "${name}" has not brought a single line since tailban was started, its state is "${state}"`),
    ];
  const quiet = now - (lastEvent ?? startedAt);
  if (quiet > QUIET) {
    const last = lastEvent === null ? 'since tailban was started' : `for ${roughDuration(quiet)}`;
    return [note(`No line of the source "${name}" has told of a login or a failure ${last}`)];
  }
  return [];
}

function enforcerFindings(now: Millis): (enforcer: Status['enforcers'][number]) => Observation[] {
  return ({ name, failingSince, problem: trouble, pending }) => {
    if (failingSince === null) return [];
    const since = roughDuration(now - failingSince);
    const reason = trouble === null ? '' : `: ${trouble}`;
    return [
      problem(
        `The enforcer ${name} has been failing for ${since}, ${pending} ${pending === 1 ? 'change waits' : 'changes wait'}${reason}`,
        commands(LOOK),
      ),
    ];
  };
}

/** Bans hold all the same. */
function notifierFindings(now: Millis): (notifier: Status['notifiers'][number]) => Observation[] {
  return ({ name, failingSince, problem: trouble }) => {
    if (failingSince === null) return [];
    const since = roughDuration(now - failingSince);
    return [warning(`Notifications to ${name} have been failing for ${since}: ${trouble}`)];
  };
}

/** What it says is wrong, unless that has been said. */
function told({ problems, sources, enforcers, gates, notifiers }: Status): Observation[] {
  const known = [
    ...[...sources, ...enforcers, ...notifiers].flatMap(({ problem: trouble }) => trouble ?? []),
    ...gates.flatMap(({ name, listening }) => (listening ? [] : [`${name} cannot listen`])),
  ];
  return problems.filter((text) => !known.some((one) => text.includes(one))).map((text) => problem(text));
}
