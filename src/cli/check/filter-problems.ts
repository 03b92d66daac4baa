/**
 * Proves a filter with its own examples: every sample must match its pattern and give what stands beside it, no negative
 * may match, and every story must end in its events.
 */
import type { Filter } from '../../config/filter-files.ts';
import { indexPositions, offsetOf, type Path, type PositionNode, placeAt } from '../../config/positions.ts';
import type { Millis } from '../../core/types.ts';
import { ConfigError } from '../../errors.ts';
import type { PatternDefinition, Sample, Story } from '../../filter/definition.ts';
import type { Joined } from '../../filter/join.ts';
import { Matcher, type MatcherOptions, type Sighting } from '../../filter/match.ts';
import { LogReader } from '../../filter/reader.ts';
import type { LocalTime } from '../../filter/stamp.ts';

export interface ProofOptions {
  /** Story lines may come from several programs, so they are read with all filters, as the daemon does. */
  readonly all: readonly Filter[];
  readonly localTime: LocalTime;
  readonly now: () => Millis;
}

/** Everything that is not as the filter file says; `text` is that file's text, for the places. */
export function filterProblems(filter: Filter, text: string, options: ProofOptions): ConfigError[] {
  const root = indexPositions(text);
  const proof: Proof = { filter, matcher: new Matcher(matcherOptions([filter], options)), root, text };
  const { patterns, negatives, stories } = filter.definition;
  return [
    ...patterns.flatMap((pattern, index) => sampleProblems(proof, pattern, index)),
    ...negatives.flatMap((line, index) => negativeProblems(proof, line, index)),
    ...stories.flatMap((story, index) => storyProblems(proof, story, index, options)),
  ];
}

interface Proof {
  readonly filter: Filter;
  readonly matcher: Matcher;
  readonly root: PositionNode;
  readonly text: string;
}

function sampleProblems(proof: Proof, pattern: PatternDefinition, index: number): ConfigError[] {
  return pattern.samples.flatMap((sample, number) => {
    const wrong = wrongInSample(sightings(proof.matcher, sample.line)[0], pattern.name, sample);
    return wrong === null ? [] : [problem(proof, ['pattern', index, 'samples', number], wrong)];
  });
}

function wrongInSample(seen: Sighting | undefined, name: string, sample: Sample): string | null {
  if (seen === undefined) return `This sample of "${name}" does not match`;
  if (seen.pattern !== name) return `This sample of "${name}" matches "${seen.pattern}", which stands before it`;
  if (seen.ip !== (sample.ip ?? null))
    return `This sample gives ${seen.ip ?? 'no address'}, expected ${sample.ip ?? 'none'}`;
  if (sample.login !== undefined && seen.login !== sample.login)
    return `This sample gives ${login(seen.login)}, expected ${login(sample.login)}`;
  if (sample.attempts !== undefined && seen.attempts !== sample.attempts)
    return `This sample stands for ${seen.attempts} failures, expected ${sample.attempts}`;
  return null;
}

function negativeProblems(proof: Proof, line: string, index: number): ConfigError[] {
  const [seen] = sightings(proof.matcher, line);
  if (seen === undefined) return [];
  return [problem(proof, ['negatives', index], `This line must not match, and matches "${seen.pattern}"`)];
}

function storyProblems(proof: Proof, story: Story, index: number, options: ProofOptions): ConfigError[] {
  const reader = new LogReader(matcherOptions(options.all, options));
  const events: Joined['event'][] = [];
  const keep = ({ event }: Joined): void => void events.push(event);
  reader.read(Buffer.from(story.lines.map((line) => `${line}\n`).join('')), keep);
  reader.flush(keep);
  const isTold = events.every((event, i) => agrees(event, story.events[i])) && events.length === story.events.length;
  if (isTold) return [];
  const told = events.map(({ kind, ip, login: name }) => `${kind} ${ip} with ${login(name)}`);
  const expected = story.events.map(({ kind, ip, login: name }) =>
    name === undefined ? `${kind} ${ip}` : `${kind} ${ip} with ${login(name)}`,
  );
  const list = (texts: readonly string[]): string => (texts.length === 0 ? 'nothing' : texts.join('; '));
  return [
    problem(proof, ['story', index], `The story "${story.name}" gives ${list(told)}, expected ${list(expected)}`),
  ];
}

/** A login that a story does not name may be anything. */
function agrees(event: Joined['event'], expected: Story['events'][number] | undefined): boolean {
  if (expected === undefined || event.kind !== expected.kind || event.ip !== expected.ip) return false;
  return expected.login === undefined || event.login === expected.login;
}

function sightings(matcher: Matcher, line: string): Sighting[] {
  const seen: Sighting[] = [];
  matcher.readText(Buffer.from(`${line}\n`), (sighting) => seen.push(sighting));
  return seen;
}

function matcherOptions(filters: readonly Filter[], { localTime, now }: ProofOptions): MatcherOptions {
  return {
    filters: filters.map(({ compiled }) => compiled),
    localTime,
    reference: now,
    trust: { units: new Set() },
  };
}

function problem({ filter, root, text }: Proof, path: Path, message: string): ConfigError {
  return new ConfigError(message, { file: filter.file, ...placeAt(text, offsetOf(root, path, 'value')) });
}

function login(name: string | null): string {
  return name === null ? 'no login' : `the login ${JSON.stringify(name)}`;
}
