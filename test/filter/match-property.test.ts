/**
 * The shortcuts of the matcher (first look, literals, candidates) against none: every pattern tried on every line, one
 * after the other, finds the same.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAddress } from '../../src/core/ip.ts';
import type { CompiledFilter } from '../../src/filter/compile.ts';
import { type Entry, parseLine, parseOwnLine } from '../../src/filter/header.ts';
import { ownMessageStart } from '../../src/filter/leading-stamp.ts';
import { Matcher } from '../../src/filter/match.ts';
import { StampReader } from '../../src/filter/stamp.ts';
import { file, filters, fixture, NOON, options } from './reading.ts';

const stamps = new StampReader(options.localTime, () => NOON);
/** Without those that write lines twice: there the second of two lines is none. */
const compared = options.filters.filter(({ copies }) => !copies);

/** The name of the first pattern that matches the line, and the address; null where none does. */
function slowly(text: string): string | null {
  const line = text.replace(/^\0+/, '').replace(/\r$/, '');
  const tagged = parseLine(line, stamps);
  const found = tagged && tryAll(tagged, ({ programs }) => programs.test(tagged.program));
  if (found !== null) return found;
  const start = ownMessageStart(Buffer.from(line, 'latin1'), 0, line.length);
  return tryAll(parseOwnLine(line, start, stamps), ({ ownLog }) => ownLog);
}

function tryAll(entry: Entry, isWanted: (filter: CompiledFilter) => boolean): string | null {
  for (const filter of compared) {
    if (!isWanted(filter)) continue;
    for (const { name, regex } of filter.patterns) {
      const match = regex.exec(entry.message);
      if (match === null) continue;
      const ip = match.groups?.['ip'];
      const time = entry.time ?? stamps.read(match.groups?.['stamp'] ?? '');
      if (time === null) return null;
      if (ip !== undefined && parseAddress(ip) === null) return null;
      return `${filter.name} ${name} ${ip ?? '-'}`;
    }
  }
  return null;
}

const samples = filters.flatMap(({ definition }) =>
  definition.patterns.flatMap((pattern) => pattern.samples.map(({ line }) => Buffer.from(line).toString('latin1'))),
);
const logs = ['interleaved.txt', 'dovecot24.txt', 'pam-auth.txt', 'pam-dovecot.txt', 'pam-postfix.txt'].flatMap(
  (name) => fixture(name).toString('latin1').trimEnd().split('\n'),
);

const known = fc.constantFrom(...samples, ...logs);

/** A line of one kind under the head of another, with a piece cut out or put in. */
const mixed = fc
  .tuple(
    known,
    known,
    fc.nat(400),
    fc.nat(400),
    fc.nat(60),
    fc.constantFrom('', ': ', 'dovecot: ', ' ', '[', '<22>', '\0', '\r'),
  )
  .map(([head, tail, at, from, length, piece]) => `${head.slice(0, at)}${piece}${tail.slice(from, from + length * 8)}`);

const other = fc.oneof(
  fc.constantFrom(
    '',
    'x',
    '<',
    '<22>',
    'Nov 22 08:47:25 mx1 postfix/smtpd[1]:',
    'Nov 22 08:47:25 mx1 kernel: oom',
    '\0\0',
  ),
  known.map((line) => `${line}\r`),
  known.map((line) => `\0\0\0${line}`),
  known.map((line) => `<22>${line}`),
  known.map((line) => line.replace(/^(\S+) (\S+) ([^[: ]+)(?:\[(\d+)\])?: /, '<22>1 $1 $2 $3 $4 - - ')),
  known.map((line) => line.replace(/: (.*)$/, ': message repeated 2 times: [ $1]')),
);

/** Lines on which the two once differed; a seed would not bring them again, for it chooses among all samples. */
const DIFFERED = [
  // No syslog tag holds a blank, neither in the name of the program nor in its process (RFC 3164 sections 4.1.3 and 5.3).
  'Nov 22 08:47:25 mx1 postfix/smtpd[3 77]: timeout after CONNECT from unknown[192.0.2.144]',
  'Nov 22 08:47:25 mx1 dovecot[<22> 7]: auth: passwd-file(alice,192.0.2.1): unknown user',
];

test('a matcher finds what a try of every pattern finds, line by line', () => {
  const matcher = new Matcher({ ...options, filters: compared });
  fc.assert(
    fc.property(fc.array(fc.oneof(known, mixed, other), { minLength: 1, maxLength: 30, size: 'max' }), (lines) => {
      const before = matcher.lines;
      const seen = new Map<number, string>();
      const data = Buffer.from(lines.map((line) => `${line.replaceAll('\n', '')}\n`).join(''), 'latin1');
      matcher.readText(data, ({ filter, pattern, ip, line }) =>
        seen.set(line - before, `${filter} ${pattern} ${ip ?? '-'}`),
      );
      assert.equal(matcher.lines - before, lines.length);
      for (const [index, line] of lines.entries()) {
        const expected = slowly(line);
        const ip = expected?.split(' ')[2] ?? '-';
        const canonical = expected?.replace(ip, parseAddress(ip) ?? '-') ?? null;
        assert.equal(seen.get(index + 1) ?? null, canonical, line);
      }
    }),
    { numRuns: 1_000, examples: DIFFERED.map((line) => [[line]]) },
  );
});

test('lines that end in the next chunk are not lost, and their numbers go on', () => {
  const data = fixture('interleaved.txt');
  const whole = seenIn([data]);
  for (let step = 1; step < 40; step += 7) {
    const chunks: Buffer[] = [];
    for (let start = 0; start < data.length; ) {
      let end = start;
      for (let i = 0; i < step && end < data.length; i++) end = data.indexOf(10, end) + 1;
      chunks.push(data.subarray(start, end));
      start = end;
    }
    assert.deepEqual(seenIn(chunks), whole);
  }
});

test('a program that no filter is for is left alone', () => {
  assert.deepEqual(
    seenIn([file(['Nov 22 08:47:25 mx1 sshd[1]: timeout after CONNECT from unknown[192.0.2.144]'])]),
    [],
  );
});

function seenIn(chunks: readonly Buffer[]): string[] {
  const matcher = new Matcher(options);
  const seen: string[] = [];
  for (const chunk of chunks) matcher.readText(chunk, ({ line, pattern, ip }) => seen.push(`${line} ${pattern} ${ip}`));
  return seen;
}
