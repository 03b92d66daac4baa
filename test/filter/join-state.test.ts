/** The state of the joiner: it outlives a crash at any line, and it is bounded whatever comes in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Address } from '../../src/core/ip.ts';
import type { Role } from '../../src/filter/definition.ts';
import { type Joined, Joiner } from '../../src/filter/join.ts';
import { Matcher, type Sighting } from '../../src/filter/match.ts';
import { fixture, options, tell } from './reading.ts';

/** What a log says, line by line. */
function sightingsOf(name: string): Sighting[] {
  const seen: Sighting[] = [];
  new Matcher(options).readText(fixture(name), (sighting) => seen.push(sighting));
  return seen;
}

const LOGS = [
  ...['interleaved.txt', 'dovecot24.txt', 'sendmail.txt'].map((name) => sightingsOf(name)),
  ['pam-auth.txt', 'pam-dovecot.txt', 'pam-postfix.txt'].flatMap(sightingsOf),
  ['two-databases-dovecot.txt', 'two-databases-postfix.txt'].flatMap(sightingsOf),
  ['pam-auth.txt', 'pam-dovecot.txt', 'pam-postfix.txt'].flatMap(sightingsOf).sort((a, b) => a.time - b.time),
];

/** The events of a log; at each of the crashes the joiner is lost, and a new one takes over what was stored. */
function eventsWith(
  seen: readonly Sighting[],
  crashes: ReadonlySet<number>,
  saves: ReadonlySet<number>,
  ticks: number,
): string[] {
  let joiner = new Joiner();
  let stored = new Map<string, string>();
  let position = 0;
  let saved: Joined[] = [];
  let joined: Joined[] = [];
  const emit = (one: Joined): void => void joined.push(one);
  for (let round = new Set(crashes), index = 0; index <= seen.length; index++) {
    if (round.has(index)) {
      round = new Set([...round].filter((crash) => crash !== index));
      joiner = new Joiner();
      joiner.load(stored);
      joined = [...saved];
      index = position;
    }
    const sighting = seen[index];
    if (sighting === undefined) break;
    joiner.see(sighting, emit);
    if (ticks > 0 && index % ticks === 0) joiner.tick(sighting.time, emit);
    if (!saves.has(index)) continue;
    const next = new Map(stored);
    for (const [key, value] of joiner.takeChanged()) {
      if (value === null) next.delete(key);
      else next.set(key, value);
    }
    stored = next;
    position = index + 1;
    saved = [...joined];
  }
  joiner.flush(emit);
  return joined.map(tell).sort();
}

for (const [number, log] of LOGS.entries()) {
  test(`a joiner that dies and takes over what it stored gives the same events, log ${number + 1}`, () => {
    const line = fc.nat(log.length);
    fc.assert(
      fc.property(
        fc.uniqueArray(line, { maxLength: 5, size: 'max' }),
        fc.uniqueArray(line, { maxLength: 40, size: 'max' }),
        fc.constantFrom(0, 1, 7),
        (crashes, saves, ticks) => {
          const expected = eventsWith(log, new Set(), new Set(), ticks);
          assert.deepEqual(eventsWith(log, new Set(crashes), new Set(saves), ticks), expected);
        },
      ),
      { numRuns: 120 },
    );
  });
}

test('nothing is left behind in the store when everything is over', () => {
  const joiner = new Joiner();
  const stored = new Set<string>();
  const save = (): void => {
    for (const [key, value] of joiner.takeChanged()) {
      if (value === null) stored.delete(key);
      else stored.add(key);
    }
  };
  for (const sighting of LOGS.flat()) {
    joiner.see(sighting, () => {});
    save();
  }
  assert.ok(stored.size > 0);
  const end = Math.max(...LOGS.flat().map(({ time }) => time));
  joiner.tick(end + 1_000_000, () => {});
  joiner.tick(end + 5_000_000, () => {});
  save();
  assert.deepEqual([...stored], []);
});

test('a joiner that was stored by nobody is no harm: other keys are left alone', () => {
  const joiner = new Joiner();
  joiner.load(new Map([['something else', 'no JSON']]));
  assert.equal(joiner.takeChanged().size, 0);
});

function sighting(index: number, as: Role, layer: string): Sighting {
  return {
    filter: 'test',
    pattern: as,
    as,
    kind: layer === '' ? 'invalid-rcpt' : 'authentication',
    also: null,
    layer,
    explainsLogin: false,
    password: null,
    time: 1_000_000 + Math.floor(index / 1000),
    ip: `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}` as Address,
    login: `login${index}`,
    session: null,
    connection: layer === '' ? `pid ${index}` : null,
    endIsLogged: false,
    attempts: 1,
    span: 0,
    counts: null,
    text: 'a line',
    line: index + 1,
  };
}

test('a flood of connections and addresses keeps at its maximum, and what has to go is counted, not lost', () => {
  const size = 200_000;
  const maximum = 500;
  for (const [as, layer] of [
    ['held', ''],
    ['echo', 'auth'],
  ] as const) {
    const joiner = new Joiner({ maxConnections: maximum, maxAddresses: maximum });
    let counted = 0;
    const live = new Set<string>();
    for (let index = 0; index < size; index++) {
      joiner.see(sighting(index, as, layer), () => counted++);
      if (index % 10_000 !== 0) continue;
      for (const [key, value] of joiner.takeChanged()) {
        if (value === null) live.delete(key);
        else live.add(key);
      }
      assert.ok(live.size <= maximum, `${live.size} are kept`);
    }
    assert.ok(counted >= size - maximum);
    joiner.flush(() => counted++);
    assert.equal(counted, size, as);
  }
});

test('one address with very many attempts keeps at its maximum, and each is counted', () => {
  const joiner = new Joiner();
  let counted = 0;
  for (let index = 0; index < 5_000; index++) {
    joiner.see({ ...sighting(index, 'echo', 'auth'), ip: '10.0.0.1' as Address }, () => counted++);
  }
  const [state = ''] = joiner.takeChanged().values();
  assert.ok((state ?? '').length < 64 * 1_000);
  joiner.flush(() => counted++);
  assert.equal(counted, 5_000);
});
