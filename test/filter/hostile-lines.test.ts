/**
 * No line that a client can bring about makes a pattern slow: lines of 16 KiB, in which each sample is broken off at any
 * place and one of its pieces repeated for the rest, with and without the end of the sample behind it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLine, parseOwnLine } from '../../src/filter/header.ts';
import { ownMessageStart } from '../../src/filter/leading-stamp.ts';
import { StampReader } from '../../src/filter/stamp.ts';
import { filters, NOON, options } from './reading.ts';

const LONGEST_LINE = 16_384;
/** A hundred times what was measured, for machines that have other things to do. */
const LIMIT_MS = 30;

const stamps = new StampReader(options.localTime, () => NOON);

/** What the pattern is matched against: a line of syslog, or of a log of the program's own. */
function messageOf(line: string, regex: RegExp): string {
  const { message = '' } = parseLine(line, stamps) ?? {};
  if (regex.test(message)) return message;
  const bytes = Buffer.from(line, 'latin1');
  return parseOwnLine(line, ownMessageStart(bytes, 0, bytes.length), stamps).message;
}

function* hostileLines(message: string): Generator<string> {
  for (let at = 1; at <= message.length; at += 6) {
    const start = message.slice(0, at);
    const end = message.slice(at);
    const near = [
      start.slice(-1),
      start.slice(-12),
      start.slice(-40),
      message.slice(at, at + 30),
      message.slice(at, at + 90),
    ];
    for (const piece of new Set([...near, end, message, start, ' ', 'a', '9', ', ', '(', '[', '<', '>'])) {
      if (piece === '') continue;
      const long = (start + piece.repeat(Math.ceil(LONGEST_LINE / piece.length))).slice(
        0,
        LONGEST_LINE - end.length - 1,
      );
      yield long;
      yield `${long}${end}`;
      yield `${long}${end}\x01`;
    }
  }
}

/** The best of some tries, so that whatever else the machine does is not measured. */
function duration(regex: RegExp, line: string): number {
  let best = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < 5 && best > LIMIT_MS / 10; tries++) {
    const start = performance.now();
    regex.exec(line);
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

for (const { definition, compiled } of filters) {
  test(`${compiled.name}: every pattern is fast on hostile lines`, () => {
    for (const [index, { name, regex }] of compiled.patterns.entries()) {
      const sample = definition.patterns[index]?.samples[0];
      const message = messageOf(sample?.line ?? '', regex);
      assert.match(message, regex);
      for (const line of hostileLines(message)) {
        const took = duration(regex, line);
        assert.ok(took < LIMIT_MS, `${name} took ${took.toFixed(1)} ms for ${line.slice(0, 200)}`);
      }
    }
  });
}

test('a pattern that is slow is noticed', () => {
  const slow = /^(?:[a-z]+,?)+$/s;
  assert.ok(duration(slow, `${'a'.repeat(24)}!`) > LIMIT_MS);
});
