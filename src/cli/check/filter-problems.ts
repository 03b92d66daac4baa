/**
 * Proves a filter with its own examples: every sample must match its pattern and give what stands beside it, no negative
 * may match, and every story must end in its events.
 */
import type { Filter } from '../../config/filter-files.ts';
import { indexPositions, offsetOf, type Path, type PositionNode, placeAt } from '../../config/positions.ts';
import type { Event, Millis } from '../../core/types.ts';
import { ConfigError } from '../../errors.ts';
import type { PatternDefinition, Sample, Story } from '../../filter/definition.ts';
import { type Joined, Joiner } from '../../filter/join.ts';
import { Matcher, type MatcherOptions, type Sighting } from '../../filter/match.ts';
import { LogReader } from '../../filter/reader.ts';
import type { LocalTime } from '../../filter/wall-clock.ts';

export interface ProofOptions {
  /** Samples and stories are read with all filters, as the daemon does: another one may be for the same program. */
  readonly all: readonly Filter[];
  readonly localTime: LocalTime;
  readonly now: () => Millis;
}

/** Proves one filter after the other. What reads with all of them is made once, for that takes longer than the reading. */
export class Prover {
  readonly #options: ProofOptions;
  readonly #all: Matcher;
  readonly #text: LogReader;

  constructor(options: ProofOptions) {
    this.#options = options;
    this.#all = new Matcher(matcherOptions(options.all, options));
    this.#text = new LogReader(matcherOptions(options.all, options), new Joiner(), 'text');
  }

  /** Everything that is not as the filter file says; `text` is that file's text, for the places. */
  problems(filter: Filter, text: string): ConfigError[] {
    const alone = new Matcher(matcherOptions([filter], this.#options));
    const proof: Proof = { filter, all: this.#all, alone, root: indexPositions(text), text };
    const { patterns, negatives, stories } = filter.written;
    return [
      ...patterns.flatMap((pattern, index) => sampleProblems(proof, pattern, index)),
      ...negatives.flatMap((line, index) => negativeProblems(proof, line, index)),
      ...stories.flatMap((story, index) => storyProblems(proof, story, index, this.#eventsOf(story))),
    ];
  }

  #eventsOf({ lines }: Story): Event[] {
    const events: Event[] = [];
    const keep = ({ event }: Joined): void => void events.push(event);
    const joiner = new Joiner({ oneLog: true });
    // Which kind of JSON it is, a reader finds from the first line that it reads.
    const reader = lines[0]?.startsWith('{')
      ? new LogReader(matcherOptions(this.#options.all, this.#options))
      : this.#text;
    const data = Buffer.from(lines.map((line) => `${line}\n`).join(''));
    reader.match(data, (sighting) => joiner.see(sighting, keep));
    joiner.flush(keep);
    return events;
  }
}

interface Proof {
  readonly filter: Filter;
  /** With all filters. */
  readonly all: Matcher;
  readonly alone: Matcher;
  readonly root: PositionNode;
  readonly text: string;
}

function sampleProblems(proof: Proof, pattern: PatternDefinition, index: number): ConfigError[] {
  return pattern.samples.flatMap((sample, number) => {
    const [seen] = sightings(proof.all, sample.line);
    const wrong = wrongInSample(seen, proof.filter.definition.name, pattern.name, sample);
    return wrong === null ? [] : [problem(proof, ['pattern', index, 'samples', number], wrong)];
  });
}

function wrongInSample(seen: Sighting | undefined, filter: string, name: string, sample: Sample): string | null {
  if (seen === undefined) return `This sample of "${name}" does not match`;
  if (seen.filter !== filter)
    return `This sample of "${name}" matches "${seen.pattern}" of the filter "${seen.filter}"`;
  if (seen.pattern !== name) return `This sample of "${name}" matches "${seen.pattern}", which stands before it`;
  if (seen.ip !== (sample.ip ?? null))
    return `This sample gives ${seen.ip ?? 'no address'}, expected ${sample.ip ?? 'none'}`;
  if (sample.login !== undefined && seen.login !== sample.login)
    return `This sample gives ${login(seen.login)}, expected ${login(sample.login)}`;
  const attempts = sample.attempts ?? 1;
  if (seen.attempts !== attempts) return `This sample stands for ${seen.attempts} failures, expected ${attempts}`;
  return null;
}

function negativeProblems(proof: Proof, line: string, index: number): ConfigError[] {
  const [seen] = sightings(proof.alone, line);
  if (seen === undefined) return [];
  return [problem(proof, ['negatives', index], `This line must not match, and matches "${seen.pattern}"`)];
}

function storyProblems(proof: Proof, story: Story, index: number, events: readonly Event[]): ConfigError[] {
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
function agrees(event: Event, expected: Story['events'][number] | undefined): boolean {
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
