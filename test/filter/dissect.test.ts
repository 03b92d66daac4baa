import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Dissector } from '../../src/filter/dissect.ts';
import { Matcher } from '../../src/filter/match.ts';
import { filters, options } from './reading.ts';

function dissected(line: string) {
  return new Dissector(options).dissect(Buffer.from(line));
}

test('each form of a line gives its stamp, host, program, process and message', () => {
  const forms: [string, (string | null)[]][] = [
    ['Nov 22 08:47:25 mx1 gate[7]: hello: there', ['Nov 22 08:47:25', 'mx1', 'gate', '7', 'hello: there']],
    ['<22>Nov 22 08:47:25 mx1 gate: hello', ['Nov 22 08:47:25', 'mx1', 'gate', '', 'hello']],
    [
      '2026-11-22T08:47:25.1+01:00 2001:db8::1 gate: hi',
      ['2026-11-22T08:47:25.1+01:00', '2001:db8::1', 'gate', '', 'hi'],
    ],
    ['<22>1 2026-11-22T08:47:25Z mx1 gate 7 - - hello', ['2026-11-22T08:47:25Z', 'mx1', 'gate', '7', 'hello']],
    ['Nov 22 08:47:25 auth: Info: hello', ['Nov 22 08:47:25', null, 'dovecot', '', 'auth: hello']],
    ['[2026-11-22 08:47:25] hello', ['2026-11-22 08:47:25', null, null, '', 'hello']],
    [
      '192.0.2.1 - - [22/Nov/2026:08:47:25 +0000] "GET /"',
      [null, null, null, '', '192.0.2.1 - - [22/Nov/2026:08:47:25 +0000] "GET /"'],
    ],
    ['hello', [null, null, null, '', 'hello']],
    ['\0\0Nov 22 08:47:25 mx1 gate[7]: hello\r', ['Nov 22 08:47:25', 'mx1', 'gate', '7', 'hello']],
  ];
  for (const [line, expected] of forms) {
    const { stamp, host, program, pid, message } = dissected(line);
    assert.deepEqual([stamp, host, program, pid, message], expected, line);
  }
});

test('a repeated line tells how often', () => {
  const { message, times } = dissected('Nov 22 08:47:25 mx1 gate[7]: message repeated 3 times: [ hello]');
  assert.deepEqual([message, times], ['hello', 3]);
});

test('what is taken apart is what the matcher matches, for every sample of every filter', () => {
  for (const { definition, compiled } of filters) {
    for (const { name, samples } of definition.patterns) {
      for (const { line } of samples) {
        const pattern = compiled.patterns.find((one) => one.name === name);
        const { message, ownMessage } = dissected(line);
        const isFound = pattern?.regex.test(message) || (compiled.ownLog && pattern?.regex.test(ownMessage));
        const isSeen = seen(line) === `${definition.name} ${name}`;
        assert.ok(isFound || !isSeen, `${definition.name} ${name}: ${line}`);
      }
    }
  }
});

const matcher = new Matcher(options);

function seen(line: string): string | null {
  let found: string | null = null;
  matcher.readText(Buffer.from(`${line}\n`), ({ filter, pattern }) => {
    found = `${filter} ${pattern}`;
  });
  return found;
}
