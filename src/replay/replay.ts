/**
 * Goes over old logs as the daemon goes over those that it catches up with: the same joiner, in the order of time, and time
 * is the logs' own. Each configuration on trial sees the same events.
 */
import type { Event, Kind, Millis } from '../core/types.ts';
import { type Joined, Joiner } from '../filter/join.ts';
import type { Sighting } from '../filter/match.ts';
import { mergeByTime } from './merge.ts';
import type { Trial } from './trial.ts';

/** What one filter told of one kind. */
export interface EventCount {
  readonly filter: string;
  readonly kind: Kind;
  events: number;
  /** Those that bans of the first configuration would have stopped. */
  stopped: number;
}

export interface ReplayOptions {
  /** The sightings of each log, in the order of its lines. */
  readonly logs: readonly AsyncIterable<readonly Sighting[]>[];
  /** One, or two that are to be compared. */
  readonly trials: readonly [Trial, Trial?];
  /** Lines before it are left out, and lines from `until` on. */
  readonly since: Millis;
  readonly until: Millis;
}

/** After so many sightings memory is tidied up. */
const SETTLE_EVERY = 200_000;

/** Returns the events by filter and kind. */
export async function replay({ logs, trials, since, until }: ReplayOptions): Promise<EventCount[]> {
  const joiner = new Joiner();
  const counts = new Map<string, EventCount>();
  let clock = Number.NEGATIVE_INFINITY;
  let sightings = 0;
  const emit = ({ event }: Joined): void => {
    const [first, other] = trials;
    count(counts, event, first.handle(event, clock));
    other?.handle(event, clock);
  };
  await mergeByTime(logs, (sighting) => {
    if (sighting.time < since || sighting.time >= until) return;
    if (sighting.time > clock) clock = sighting.time;
    joiner.tick(sighting.time, emit);
    joiner.see(sighting, emit);
    if (++sightings % SETTLE_EVERY > 0) return;
    joiner.takeChanged();
    for (const trial of trials) trial?.settle(clock);
  });
  joiner.flush(emit);
  return [...counts.values()].sort(byFilterAndKind);
}

function count(counts: Map<string, EventCount>, { filter, kind }: Event, stopped: boolean): void {
  const key = `${filter} ${kind}`;
  let known = counts.get(key);
  if (known === undefined) {
    known = { filter, kind, events: 0, stopped: 0 };
    counts.set(key, known);
  }
  known.events++;
  if (stopped) known.stopped++;
}

function byFilterAndKind(one: EventCount, other: EventCount): number {
  return one.filter.localeCompare(other.filter, 'en') || one.kind.localeCompare(other.kind, 'en');
}
