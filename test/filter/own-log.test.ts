/** Logs that a program writes by itself, without its name in the lines. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileFilter } from '../../src/filter/compile.ts';
import type { PatternDefinition } from '../../src/filter/definition.ts';
import { ownMessageStart } from '../../src/filter/leading-stamp.ts';
import type { Sighting } from '../../src/filter/match.ts';
import { file, sightings } from './reading.ts';

const NOON = '2026-11-22T12:00:00.000Z';

function pattern(own: Partial<PatternDefinition>): PatternDefinition {
  const rest = { kind: 'authentication', also: null, layer: '', explainsLogin: false, samples: [] } as const;
  return { name: 'failed', as: 'event', ...rest, pattern: '', ...own };
}

function read(line: string, own: { prefix?: string; pattern: string; session?: 'pid' }): Sighting | undefined {
  const { prefix = '', session = 'none' } = own;
  const empty = { copies: false, logsEnds: false, units: [], negatives: [], stories: [] };
  const patterns = [pattern({ pattern: own.pattern })];
  const filter = compileFilter({ name: 'door', programs: ['door'], ownLog: true, prefix, session, patterns, ...empty });
  const [seen] = sightings(file([line]), { filters: [filter] });
  return seen;
}

for (const stamp of [
  '2026-11-22T12:00:00Z ',
  '2026-11-22 12:00:00.000 ',
  '2026-11-22T13:00:00.000+01:00 ',
  'Nov 22 12:00:00 ',
  '[2026-11-22 12:00:00] ',
  '[2026-11-22 12:00:00]: ',
]) {
  test(`the message begins behind "${stamp}"`, () => {
    const seen = read(`${stamp}knock of 192.0.2.7 refused`, { pattern: 'knock of <ip> refused' });
    assert.equal(seen?.ip, '192.0.2.7');
    assert.equal(new Date(seen.time).toISOString(), NOON);
  });
}

test('a stamp inside the line is its time where none leads it', () => {
  const seen = read('192.0.2.7 - alice [2026-11-22T12:00:00Z] "GET /" 401', {
    pattern: '<ip> - <plainlogin> \\[<stamp>\\] "GET /" 401',
  });
  assert.equal(seen?.ip, '192.0.2.7');
  assert.equal(seen.login, 'alice');
  assert.equal(new Date(seen.time).toISOString(), NOON);
});

test('a line without any stamp is not read, for nobody knows when it was', () => {
  assert.equal(read('knock of 192.0.2.7 refused', { pattern: 'knock of <ip> refused' }), undefined);
});

test('the prefix stands in front of every pattern, and may hold the process', () => {
  const own = { prefix: '(?:<stamp> )?(?:\\[<pid>\\] )?', pattern: 'knock of <ip> refused', session: 'pid' } as const;
  assert.equal(read('2026-11-22 12:00:00 [77] knock of 192.0.2.7 refused', own)?.connection, 'pid 77');
  assert.equal(read('2026-11-22 12:00:00 knock of 192.0.2.7 refused', own)?.connection, 'address 192.0.2.7');
  const syslog = read('Nov 22 11:59:00 mx1 door[12]: 2026-11-22 12:00:00 knock of 192.0.2.7 refused', own);
  assert.equal(syslog?.connection, 'pid 12 mx1');
  assert.equal(syslog.time, Date.parse('2026-11-22T11:59:00Z'));
});

test('colours are no part of the message', () => {
  const line = '\x1b[2m2026-11-22T12:00:00Z\x1b[0m \x1b[32mINFO\x1b[0m knock of 192.0.2.7 refused';
  assert.equal(read(line, { pattern: 'INFO knock of <ip> refused' })?.ip, '192.0.2.7');
});

test('with the name of a program in front, it has to be the right one', () => {
  const own = { pattern: 'knock of <ip> refused' };
  assert.equal(read('Nov 22 12:00:00 mx1 door[1]: knock of 192.0.2.7 refused', own)?.ip, '192.0.2.7');
  assert.equal(read('Nov 22 12:00:00 mx1 window[1]: knock of 192.0.2.7 refused', own), undefined);
});

test('what only looks like a stamp belongs to the message', () => {
  for (const line of [
    '192.0.2.7 - - [x]',
    '2001:db8::1 - -',
    '[NOTICE] [x] y',
    '{"a":1}',
    'Monday was long',
    '@x',
    '',
  ]) {
    const data = Buffer.from(line);
    assert.equal(ownMessageStart(data, 0, data.length), 0, line);
  }
});

for (const [line, message] of [
  ['2026/11/22 08:47:25 [error] 12#12: *1 x', '[error] 12#12: *1 x'],
  ['2026-11-22 08:50:34.449 +0100 [12] x', '[12] x'],
  ['[Sun Nov 22 08:47:25.123456 2026] [auth:error] x', '[auth:error] x'],
  ['Sun Nov 22 08:47:25 2026 [pid 2] x', '[pid 2] x'],
  ['[22-Nov-2026 08:47:25 +0000]: <x> y', '<x> y'],
  ['[22/Nov/2026:08:47:25 +0000] x', 'x'],
  ['[May  7 10:06:17] NOTICE[1] x', 'NOTICE[1] x'],
  ['@4000000065a1b2c3d4e5f6a7 x', 'x'],
  ['1795337245.123456 x', 'x'],
  ['1795337245123 x', 'x'],
] as const) {
  test(`the message of "${line}" is found`, () => {
    const data = Buffer.from(line);
    assert.equal(line.slice(ownMessageStart(data, 0, data.length)), message);
  });
}
