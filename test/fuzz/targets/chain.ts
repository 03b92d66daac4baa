/** From bytes to bans as in the daemon: reader, joiner, judge, with all shipped filters and limits that are soon reached. */
import assert from 'node:assert/strict';
import { parseConfig } from '../../../src/config/load.ts';
import { type Address, parseAddress } from '../../../src/core/ip.ts';
import { Judge } from '../../../src/core/judge.ts';
import type { Event, Millis } from '../../../src/core/types.ts';
import { type Joined, Joiner } from '../../../src/filter/join.ts';
import type { Sighting } from '../../../src/filter/match.ts';
import { type LogFormat, LogReader } from '../../../src/filter/reader.ts';
import { NOON, options } from '../../filter/reading.ts';

const LIMITS = `[server.fail2ban]
authentication = "4/1d"
login = "6/1d"
invalid-rcpt = "3/1d"
loitering = "3/1d"
scan = "2/1d"
ban-time = "10m"
increment = { factor = 2, max = "1h" }
`;
const STEP: Millis = 100;
const TIDY_EVERY = 600;
/** More are forgotten, once nothing waits any more. */
const MOST_SIGHTED = 100_000;

export class Chain {
  events = 0;
  bans = 0;
  readonly #format: LogFormat;
  readonly #joiner = new Joiner();
  #reader: LogReader;
  readonly #judge = new Judge(parseConfig(LIMITS, 'fuzz.toml').config);
  /** Every address that a line has named so far. */
  readonly #sighted = new Set<Address>();
  #now = NOON;
  #steps = 0;

  constructor(format: LogFormat) {
    this.#format = format;
    this.#reader = this.#newReader();
  }

  /**
   * Reads complete lines; each address that is read out of one must stand in it.
   * @param textsOf what a line says, as somebody who unpacks it would read it
   */
  read(lines: readonly string[], seen: (sighting: Sighting, line: string) => void, textsOf = alone): void {
    const before = this.#reader.lines;
    this.#reader.match(Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1'), (sighting) => {
      const line = lines[sighting.line - before - 1];
      assert.ok(line !== undefined, `a sighting of line ${sighting.line - before} of ${lines.length}`);
      if (sighting.ip !== null) {
        assert.ok(
          textsOf(line).some((text) => names(text, sighting.ip)),
          `${sighting.pattern} reads ${sighting.ip}`,
        );
        this.#sighted.add(sighting.ip);
      }
      assert.ok(Number.isFinite(sighting.time), `${sighting.pattern} reads the time ${sighting.time}`);
      seen(sighting, line);
      this.#joiner.see(sighting, this.#judgeOf);
    });
    assert.equal(this.#reader.lines - before, lines.length, 'each line is one line');
    this.#passTime();
  }

  readonly #judgeOf = ({ event }: Joined): void => {
    assert.ok(this.#sighted.has(event.ip), `an event of ${event.ip}, which no line has named`);
    assert.ok(Number.isFinite(event.time), `an event at ${event.time}`);
    this.events++;
    const verdict = this.#judge.handle(event, this.#now);
    if (verdict.type !== 'banned') return;
    for (const ban of verdict.bans) {
      this.bans++;
      assert.ok(ban.until === null || Number.isFinite(ban.until));
      assert.ok(ban.evidence.every((text) => text.length < 2_000));
      assert.ok(isOf(event, ban.subject), `a ban of ${JSON.stringify(ban.subject)} by an event of ${event.ip}`);
    }
  };

  #passTime(): void {
    this.#now += STEP;
    this.#steps++;
    this.#joiner.tick(this.#now, this.#judgeOf);
    this.#judge.expire(this.#now);
    if (this.#steps % TIDY_EVERY !== 0) return;
    this.#judge.tidy(this.#now);
    this.#judge.changedCounters.stored();
    this.#judge.takeChangedEvidence();
    this.#joiner.takeChanged();
    if (this.#sighted.size < MOST_SIGHTED) return;
    this.#joiner.flush(this.#judgeOf);
    this.#sighted.clear();
    this.#reader = this.#newReader();
  }

  #newReader(): LogReader {
    return new LogReader({ ...options, reference: () => this.#now }, this.#joiner, this.#format);
  }
}

function isOf(event: Event, subject: { readonly type: string; readonly address?: Address }): boolean {
  return subject.type !== 'address' || subject.address === event.ip;
}

function alone(line: string): readonly string[] {
  return [line];
}

/** Whether an address stands in a text, in whatever spelling. */
function names(text: string, address: Address | null): boolean {
  if (address === null || text.includes(address)) return true;
  // Mail servers write IPv6 as in a literal of RFC 5321.
  const words = text.replaceAll(/IPv6:/gi, ' ').match(/[0-9A-Fa-f:.]{2,}/g) ?? [];
  return words.some((word) => piecesOf(word).some((piece) => parseAddress(piece) === address));
}

/** Every piece of a word that could be an address: others may stand right beside it, and ports. */
function* piecesOf(word: string): Generator<string> {
  for (let start = 0; start < word.length; start++) {
    for (let end = start + 2; end <= Math.min(word.length, start + LONGEST_ADDRESS); end++)
      yield word.slice(start, end);
  }
}

const LONGEST_ADDRESS = 45;
