import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Prover } from '../../src/cli/check/filter-problems.ts';
import { systemClock } from '../../src/clock.ts';
import { parseFilter } from '../../src/config/filter-files.ts';
import { tailban } from './tailban.ts';

const NOW = Date.UTC(2026, 10, 22, 9);
const LINE = '2026-11-22T08:47:29.030000+00:00 mx1 guard[7]: login failed';

/** A filter with two patterns; `{…}` are the parts that a test fills in. */
function filterText(parts: { samples?: string; negatives?: string; story?: string }): string {
  return `name = "guard"
programs = ["guard"]
negatives = [${parts.negatives ?? ''}]

[[pattern]]
name = "failed"
kind = "authentication"
pattern = '''login failed for <login> from <ip>'''
samples = [
  ${parts.samples ?? `{ line = '${LINE} for bob from 192.0.2.1', ip = '192.0.2.1', login = 'bob' }`},
]

[[pattern]]
name = "worked"
kind = "success"
pattern = '''login worked for <login> from <ip>'''
samples = [{ line = '2026-11-22T08:47:29.030000+00:00 mx1 guard[7]: login worked for bob from 192.0.2.1', ip = '192.0.2.1' }]
${parts.story ?? ''}`;
}

function problems(text: string): string[] {
  const filter = parseFilter(text, '/etc/guard.toml');
  const { localTime } = systemClock;
  return new Prover({ all: [filter], localTime, now: () => NOW })
    .problems(filter, text)
    .map(({ line, message }) => `${line}: ${message}`);
}

test('a filter whose examples hold has no problems', () => {
  assert.deepEqual(problems(filterText({})), []);
});

test('a sample that does not give what stands beside it is told with its place', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    [`{ line = '${LINE}' }`, /^10: This sample of "failed" does not match$/],
    [
      `{ line = '${LINE} for bob from 192.0.2.1', ip = '192.0.2.9' }`,
      /^10: This sample gives 192\.0\.2\.1, expected 192\.0\.2\.9$/,
    ],
    [`{ line = '${LINE} for bob from 192.0.2.1' }`, /^10: This sample gives 192\.0\.2\.1, expected none$/],
    [
      `{ line = '${LINE} for bob from 192.0.2.1', ip = '192.0.2.1', login = 'eve' }`,
      /^10: This sample gives the login "bob", expected the login "eve"$/,
    ],
    [
      `{ line = '${LINE} for bob from 192.0.2.1', ip = '192.0.2.1', attempts = 2 }`,
      /^10: This sample stands for 1 failures, expected 2$/,
    ],
    [
      `{ line = '${LINE.replace('failed', 'worked')} for bob from 192.0.2.1', ip = '192.0.2.1' }`,
      /^10: This sample of "failed" matches "worked"/,
    ],
  ];
  for (const [samples, expected] of cases) {
    const found = problems(filterText({ samples }));
    assert.equal(found.length, 1, samples);
    assert.match(found[0] ?? '', expected);
  }
});

test('a negative that matches is told', () => {
  const found = problems(filterText({ negatives: `'${LINE}', '${LINE} for x from 192.0.2.1'` }));
  assert.deepEqual(found, ['3: This line must not match, and matches "failed"']);
});

test('a story that ends in other events is told', () => {
  const story = (events: string): string =>
    `[[story]]\nname = "one"\nlines = ['${LINE} for bob from 192.0.2.1']\nevents = [${events}]\n`;
  const right = "{ kind = 'authentication', ip = '192.0.2.1', login = 'bob' }";
  assert.deepEqual(problems(filterText({ story: story(right) })), []);
  assert.deepEqual(problems(filterText({ story: story("{ kind = 'authentication', ip = '192.0.2.1' }") })), []);
  for (const events of ['', `${right}, ${right}`, right.replace('bob', 'eve'), right.replace('2.1', '2.9')]) {
    const found = problems(filterText({ story: story(events) }));
    assert.equal(found.length, 1, events);
    assert.match(
      found[0] ?? '',
      /^18: The story "one" gives authentication 192\.0\.2\.1 with the login "bob", expected /,
    );
  }
});

test('the shipped filters and a good configuration are in order', async () => {
  const { code, stdout, stderr } = await tailban(['check', 'good.toml'], {
    cwd: `${import.meta.dirname}/transcripts/files`,
  });
  assert.equal(stderr, '');
  assert.match(
    stdout,
    /^good\.toml is in order\nAll filters read their own sample lines as they should: .*dovecot, .*postfix, .*\n/,
  );
  assert.equal(code, 0);
});
