/** The shipped filters keep what their own files promise: samples, lines that must not match, and stories. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Prover } from '../../src/cli/check/filter-problems.ts';
import { parseAddress } from '../../src/core/ip.ts';
import { file, filters, options, sightings } from '../filter/reading.ts';

/** These stand only in text that a client controls. */
const INNOCENT = ['203.0.113.77', '203.0.113.99', '2001:db8:face::1'];

test('every filter file is a filter', () => {
  const files = readdirSync(join(import.meta.dirname, '../../filters'));
  assert.deepEqual(files.sort(), filters.map(({ definition }) => `${definition.name}.toml`).sort());
});

const prover = new Prover({ all: filters, localTime: options.localTime, now: options.reference });

for (const filter of filters) {
  const { name, patterns, negatives } = filter.definition;

  test(`${name}: samples, negatives and stories are as they say, with all filters loaded`, () => {
    const text = readFileSync(filter.file, 'utf8');
    const problems = prover.problems(filter, text);
    assert.deepEqual(
      problems.map(({ line, message }) => `${name}.toml:${line}: ${message}`),
      [],
    );
  });

  test(`${name}: every pattern has a name of its own and samples with true addresses in canonical spelling`, () => {
    assert.equal(new Set(patterns.map((pattern) => pattern.name)).size, patterns.length);
    for (const pattern of patterns) {
      assert.ok(pattern.samples.length > 0, pattern.name);
      for (const { ip, line } of pattern.samples) {
        if (ip !== undefined) assert.equal(parseAddress(ip), ip);
        assert.ok(!INNOCENT.includes(ip ?? ''), line);
      }
    }
  });

  test(`${name}: lines of ordinary work match nothing of any filter`, () => {
    assert.ok(negatives.length > 0);
    for (const line of negatives) assert.deepEqual(sightings(file([line])), [], line);
  });
}
