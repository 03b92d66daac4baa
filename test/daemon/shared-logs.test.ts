/** Who reads a log that the globs of two sources lead to: the same one after every rotation and restart. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedLogs } from '../../src/daemon/shared-logs.ts';
import type { FilePosition } from '../../src/source/types.ts';

/** Sources by what their globs match, in the order of the configuration; `filters` are letters, all of them where not given. */
interface Reader {
  readonly matches: RegExp;
  readonly filters?: string;
}

function shared(readers: Readonly<Record<string, Reader>>) {
  const warnings: string[] = [];
  const filtersOf = (source: string): string => readers[source]?.filters ?? 'abc';
  const logs = new SharedLogs({
    sources: Object.keys(readers),
    follows: (source, path) => readers[source]?.matches.test(path) ?? false,
    mayCountTwice: (source, other) => [...filtersOf(source)].some((filter) => filtersOf(other).includes(filter)),
    warn: (source, message) => void warnings.push(`${source}: ${message}`),
  });
  return { logs, warnings };
}

function at(source: string, path: string, inode = 1): FilePosition {
  return { type: 'file', source, path, device: 1, inode, offset: 0, fingerprint: { length: 0, hash: '' } };
}

const LOG = /^\/log\/mail\.log$/;
const ALL = /^\/log\/mail\.log/;

test('the first in the configuration reads it, whichever comes first', () => {
  for (const order of [
    ['one', 'other'],
    ['other', 'one'],
  ]) {
    const { logs } = shared({ one: { matches: LOG }, other: { matches: LOG } });
    const left = order.filter((source) => logs.isLeft(at(source, '/log/mail.log'), true));
    assert.deepEqual(left, ['other']);
  }
});

test('a rotated file is read by who followed the log, under its own name or the new one', () => {
  const { logs } = shared({ log: { matches: LOG }, all: { matches: ALL } });
  // A copy: a file of its own, which one source knows by the name of its log.
  assert.ok(logs.isLeft(at('all', '/log/mail.log.1', 7)));
  assert.ok(!logs.isLeft(at('log', '/log/mail.log', 7)));
  assert.ok(logs.isLeft(at('all', '/log/mail.log-20261122', 8)));
});

test('what was rotated before anybody followed the log is read by who finds it', () => {
  const { logs, warnings } = shared({ log: { matches: LOG }, all: { matches: ALL } });
  assert.ok(!logs.isLeft(at('all', '/log/mail.log.3', 3), true));
  assert.ok(!logs.isLeft(at('all', '/log/mail.log.3', 3)), 'and goes on to be');
  assert.deepEqual(warnings, []);
  assert.ok(logs.isLeft(at('all', '/log/mail.log', 4), true));
});

test('a log whose own name ends in a number is read by who names it', () => {
  const { logs, warnings } = shared({ log: { matches: LOG }, other: { matches: /^\/log\/mail\.log-2$/ } });
  assert.ok(!logs.isLeft(at('other', '/log/mail.log-2')));
  assert.deepEqual(warnings, []);
});

test('what its owner has let go is read by who still follows it', () => {
  const { logs } = shared({ log: { matches: LOG }, all: { matches: ALL } });
  assert.ok(!logs.isLeft(at('log', '/log/mail.log'), true));
  assert.ok(logs.isLeft(at('all', '/log/mail.log'), true));
  logs.release(at('log', '/log/mail.log'));
  assert.ok(!logs.isLeft(at('all', '/log/mail.log.1')));
  logs.release(at('all', '/log/mail.log.1'));
  assert.ok(logs.isLeft(at('all', '/log/mail.log.1')), 'another file with its inode is none that was let go');
});

test('where a link leads to it, who came first reads it', () => {
  const { logs } = shared({ one: { matches: LOG }, other: { matches: /^\/link$/ } });
  assert.ok(!logs.isLeft(at('other', '/link')));
  assert.ok(logs.isLeft(at('one', '/log/mail.log')));
});

test('with different filters both read it, and a third is left out by one of them only if that reads it', () => {
  const { logs } = shared({
    a: { matches: LOG, filters: 'a' },
    ab: { matches: LOG, filters: 'ab' },
    b: { matches: LOG, filters: 'b' },
  });
  const left = ['b', 'ab', 'a'].filter((source) => logs.isLeft(at(source, '/log/mail.log')));
  assert.deepEqual(left, ['ab']);
});
