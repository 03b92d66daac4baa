/** The shipped filters keep what their own files promise: samples, lines that must not match, and stories. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAddress } from '../../src/core/ip.ts';
import { events, file, filters, sightings } from '../filter/reading.ts';

/** These stand only in text that a client controls. */
const INNOCENT = ['203.0.113.77', '203.0.113.99', '2001:db8:face::1'];

test('every filter file is a filter', () => {
  const files = readdirSync(join(import.meta.dirname, '../../filters'));
  assert.deepEqual(files.sort(), filters.map(({ definition }) => `${definition.name}.toml`).sort());
});

for (const { definition } of filters) {
  const { name, patterns, negatives, stories } = definition;

  test(`${name}: every sample is read by its own pattern, with all filters loaded, and says exactly what stands beside it`, () => {
    for (const pattern of patterns) {
      for (const sample of pattern.samples) {
        const [seen, more] = sightings(file([sample.line]));
        assert.equal(more, undefined);
        assert.equal(`${seen?.filter} ${seen?.pattern}`, `${name} ${pattern.name}`, sample.line);
        assert.equal(seen?.ip ?? null, sample.ip ?? null, sample.line);
        assert.ok(!INNOCENT.includes(seen?.ip ?? ''), sample.line);
        if (sample.login !== undefined) assert.equal(seen?.login, sample.login, sample.line);
        assert.equal(seen?.attempts, sample.attempts ?? 1, sample.line);
      }
    }
  });

  test(`${name}: every pattern has a name of its own and samples with addresses in canonical spelling`, () => {
    assert.equal(new Set(patterns.map((pattern) => pattern.name)).size, patterns.length);
    for (const pattern of patterns) {
      assert.ok(pattern.samples.length > 0, pattern.name);
      for (const { ip } of pattern.samples) if (ip !== undefined) assert.equal(parseAddress(ip), ip);
    }
  });

  test(`${name}: lines of ordinary work match nothing`, () => {
    assert.ok(negatives.length > 0);
    for (const line of negatives) assert.deepEqual(sightings(file([line])), [], line);
  });

  for (const story of stories) {
    test(`${name}: ${story.name}`, () => {
      const told = events([file(story.lines)]).map(({ event }) => event);
      assert.deepEqual(
        told.map(({ kind, ip, login }, index) => {
          const expected = story.events[index];
          return { kind, ip, ...(expected?.login === undefined ? {} : { login }) };
        }),
        story.events,
      );
    });
  }
}
