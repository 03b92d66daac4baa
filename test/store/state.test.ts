/** Checkpoints, counters, positions and waiting lines; and the allow-list. */
import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { type Network, parseNetwork } from '../../src/core/ip.ts';
import { FAILURE_KINDS } from '../../src/core/types.ts';
import type { Checkpoint, Counter } from '../../src/store/types.ts';
import { freshPath, NOW, openStore } from './fixture.ts';

function checkpoint(part: Partial<Checkpoint>): Checkpoint {
  return { positions: new Map(), counters: [], joins: new Map(), ...part };
}

function network(text: string): Network {
  const parsed = parseNetwork(text);
  assert.ok(parsed !== null);
  return parsed;
}

/** Runs SQL behind the back of a closed store. */
function tamper(t: TestContext, sql: string): { path: string } {
  const path = freshPath(t);
  openStore(t, path).store.close();
  const db = new DatabaseSync(path);
  db.exec(sql);
  db.close();
  return { path };
}

test('a checkpoint comes back as it was written, also after the store was closed', (t) => {
  const path = freshPath(t);
  const { store } = openStore(t, path);
  const positions = new Map([
    ['mail:64768:131', '{"type":"file","path":"/var/log/mäil.log","offset":4096}'],
    ['journal:journal', '{"cursor":"s=1;i=2"}'],
  ]);
  const joins = new Map([['postfix\0ABC😀', '{"ip":null}']]);
  const counters: Counter[] = [
    { subject: '192.0.2.1', kind: 'authentication', times: [NOW - 5, NOW - 5, NOW] },
    { subject: '192.0.2.1', kind: 'scan', times: [NOW + 0.123] },
    { subject: 'login:a\0b', kind: 'authentication', times: [-1, 0, Number.MAX_SAFE_INTEGER] },
    { subject: 'login:a\0c', kind: 'authentication', times: [3, 2, 1] },
  ];
  store.checkpoint({ positions, counters, joins });
  for (const one of [store, undefined]) {
    if (one === undefined) store.close();
    const open = one ?? openStore(t, path).store;
    assert.deepEqual(open.positions(), positions);
    assert.deepEqual(open.joins(), joins);
    assert.deepEqual([...open.counters()], counters);
  }
});

test('a later checkpoint changes what it names and leaves the rest; null and empty delete', (t) => {
  const { store } = openStore(t);
  const counter = (subject: string, times: number[]): Counter => ({ subject, kind: 'scan', times });
  store.checkpoint({
    positions: new Map([...'abc'].map((key) => [key, key])),
    joins: new Map([...'xyz'].map((key) => [key, key])),
    counters: [counter('192.0.2.1', [1]), counter('192.0.2.2', [2]), counter('192.0.2.3', [3])],
  });
  store.checkpoint({
    positions: new Map([
      ['a', 'A'],
      ['b', null],
      ['absent', null],
    ]),
    joins: new Map([
      ['x', ''],
      ['y', 'Y'],
    ]),
    counters: [counter('192.0.2.1', [1, 9]), counter('192.0.2.2', []), counter('192.0.2.9', [])],
  });
  assert.deepEqual(Object.fromEntries(store.positions()), { a: 'A', c: 'c' });
  assert.deepEqual(Object.fromEntries(store.joins()), { y: 'Y', z: 'z' });
  assert.deepEqual([...store.counters()], [counter('192.0.2.1', [1, 9]), counter('192.0.2.3', [3])]);
});

test('a checkpoint that breaks off in the middle leaves everything as it was', (t) => {
  const { store } = openStore(t);
  store.checkpoint(checkpoint({ positions: new Map([['a', '1']]), joins: new Map([['j', '1']]) }));
  const breaking = function* (): Generator<Counter> {
    yield { subject: '192.0.2.1', kind: 'scan', times: [1] };
    throw new Error('the judge broke');
  };
  const next = { positions: new Map([['a', '2']]), joins: new Map([['j', null]]), counters: breaking() };
  assert.throws(() => store.checkpoint(next), /Counters and log positions cannot be saved in .*: the judge broke/);
  assert.deepEqual(store.positions(), new Map([['a', '1']]));
  assert.deepEqual(store.joins(), new Map([['j', '1']]));
  assert.deepEqual([...store.counters()], []);
  store.checkpoint(checkpoint({ positions: new Map([['a', '3']]) }));
  assert.deepEqual(store.positions(), new Map([['a', '3']]));
});

test('any counters come back exactly, fractions of a millisecond too', (t) => {
  const { store } = openStore(t);
  const times = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 50 });
  const counters = fc.uniqueArray(
    fc.record({ subject: fc.ipV4(), kind: fc.constantFrom(...FAILURE_KINDS), times }, { noNullPrototype: true }),
    {
      selector: ({ subject, kind }) => `${subject} ${kind}`,
    },
  );
  fc.assert(
    fc.property(counters, (list) => {
      const before = [...store.counters()].map((counter): Counter => ({ ...counter, times: [] }));
      store.checkpoint(checkpoint({ counters: [...before, ...list] }));
      const byKey = (one: Counter, other: Counter): number =>
        `${one.subject} ${one.kind}` < `${other.subject} ${other.kind}` ? -1 : 1;
      assert.deepEqual([...store.counters()].sort(byKey), [...list].sort(byKey));
    }),
  );
});

test('counters can be read one by one, left in the middle, and written again after that', (t) => {
  const { store } = openStore(t);
  const counters = Array.from({ length: 1_000 }, (_, n): Counter => ({ subject: `s${n}`, kind: 'scan', times: [n] }));
  store.checkpoint(checkpoint({ counters }));
  let taken = 0;
  for (const counter of store.counters()) {
    assert.equal(counter.times.length, 1);
    if (++taken === 3) break;
  }
  store.checkpoint(checkpoint({ counters: [{ subject: 's0', kind: 'scan', times: [] }] }));
  assert.equal([...store.counters()].length, 999);
});

test('rows that somebody else wrote wrong are left out with a warning, the others are read', (t) => {
  const good = "'192.0.2.9', 1, NULL, 'scan', '', 1, '[]', NULL, NULL";
  const insert = 'INSERT INTO bans (subject, since, until, cause, reason, offence, evidence, ended_at, ended) VALUES';
  const { path } = tamper(
    t,
    `${insert} (${good}), ('no subject', 1, NULL, 'scan', '', 1, '[]', NULL, NULL);
     ${insert} ('192.0.2.1', 1, NULL, 'whim', '', 1, '[]', NULL, NULL);
     ${insert} ('192.0.2.2', 1, NULL, 'scan', '', 1, '[1]', NULL, NULL);
     ${insert} ('192.0.2.3', 1, NULL, 'scan', '', 1, '{', NULL, NULL);
     INSERT INTO counters VALUES ('a', 'scan', x'00'), ('b', 'whim', zeroblob(8)), ('c', 'scan', zeroblob(0)),
       ('d', 'scan', x'000000000000f87f'), ('e', 'scan', zeroblob(16));
     INSERT INTO allowed VALUES ('10.0.0.0/8', 'good', 1), ('10.0.0.0/99', 'bad', 1);`,
  );
  const { store, warnings } = openStore(t, path);
  assert.equal(store.recovered, false);
  assert.equal(store.activeBans(NOW).length, 1);
  assert.deepEqual([...store.counters()], [{ subject: 'e', kind: 'scan', times: [0, 0] }]);
  assert.equal(store.allowed().length, 1);
  assert.deepEqual(warnings, [
    '4 stored bans cannot be read and are left out, the first is "no subject"',
    '4 stored counters cannot be read and are left out',
    'The stored allow-list has "10.0.0.0/99", which is no network and is left out',
  ]);
});

test('the allow-list keeps networks with their notes, the oldest first', (t) => {
  const path = freshPath(t);
  const { store } = openStore(t, path);
  store.allow(network('2001:db8::/32'), 'office', NOW + 1);
  store.allow(network('192.0.2.1'), '', NOW);
  store.allow(network('2001:db8::/32'), 'new office', NOW + 2);
  const expected = [
    { network: '192.0.2.1/32', note: '', since: NOW },
    { network: '2001:db8::/32', note: 'new office', since: NOW + 1 },
  ];
  assert.deepEqual(store.allowed(), expected);
  store.close();
  const again = openStore(t, path).store;
  assert.deepEqual(again.allowed(), expected);
  assert.equal(again.disallow(network('192.0.2.1/32')), true);
  assert.equal(again.disallow(network('192.0.2.1/32')), false);
  assert.deepEqual(again.allowed(), expected.slice(1));
});
