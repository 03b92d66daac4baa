/** What a program writes to two logs counts once, and what happened twice counts twice. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Copies } from '../../src/filter/copies.ts';
import { Joiner } from '../../src/filter/join.ts';
import { LogReader } from '../../src/filter/reader.ts';
import { file, options, tell } from './reading.ts';

const FAILED =
  '2026-11-22 08:50:35 login_server authenticator failed for (client.example.net) [192.0.2.105]: 535 Incorrect authentication data (set_id=admin)';

/** Reads logs one after the other, as after a pause. */
function told(...logs: readonly (readonly string[])[]): string[] {
  const seen: string[] = [];
  const joiner = new Joiner();
  const copies = new Copies();
  for (const log of logs)
    new LogReader({ ...options, copies }, joiner).read(file(log), (joined) => seen.push(tell(joined)));
  joiner.flush((joined) => seen.push(tell(joined)));
  return seen;
}

test('a line of mainlog that stands in rejectlog too counts once', () => {
  assert.deepEqual(told([FAILED], [FAILED]), ['authentication 192.0.2.105 admin']);
});

test('two equal lines in each of them are two failures', () => {
  assert.equal(told([FAILED, FAILED], [FAILED, FAILED]).length, 2);
});

test('a failure that only one of them has counts', () => {
  const other = FAILED.replace('admin', 'root');
  assert.deepEqual(told([FAILED], [FAILED, other]), [
    'authentication 192.0.2.105 admin',
    'authentication 192.0.2.105 root',
  ]);
});

test('in syslog the copy follows at once, from the same process', () => {
  const line = (pid: number, stamp: string) => `2026-11-22T08:50:35.${stamp}+00:00 mx3 exim[${pid}]: ${FAILED}`;
  assert.equal(told([line(7, '100'), line(7, '101')]).length, 1);
  assert.equal(told([line(7, '100'), line(8, '100'), line(7, '101'), line(8, '101')]).length, 2);
  assert.equal(told([line(7, '100'), line(7, '101'), line(7, '200'), line(7, '201')]).length, 2);
});

test('only so many lines are remembered', () => {
  const copies = new Copies();
  for (let i = 0; i < 10_001; i++) assert.ok(!copies.isCopy(`line ${i}`, null, 0));
  assert.ok(!copies.isCopy('line 0', null, 0));
  assert.ok(copies.isCopy('line 10000', null, 0));
});
