/**
 * Every field of every sample that a client controls is filled with what an attacker might try: other lines, the end of
 * the same line once more, brackets, quotes, addresses. Whatever is read then, the address and the connection are those
 * that they were, and what counted counts. FORGING_RUNS in the environment sets how many random lines are tried.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { expandTokens } from '../../src/filter/tokens.ts';
import { DELIMITERS } from '../support/delimiters.ts';
import { forged, forgeable as lines, tails, VICTIM } from './forgery.ts';
import { matchingText } from './matching-text.ts';
import { filters } from './reading.ts';

const RUNS = Number(process.env['FORGING_RUNS'] ?? 4_000);

function report(problems: readonly (string | null)[]): void {
  const found = problems.filter((problem) => problem !== null);
  assert.equal(found.length, 0, `${found.length} lines\n${found.slice(0, 20).join('\n')}`);
}

test('the rest of a line, written by the client once more, changes nothing', () => {
  report(
    lines.flatMap((line) => {
      const texts = tails(line);
      return line.fields.flatMap((field) =>
        texts.flatMap((text) => [forged(line, field, text), forged(line, field, `x${text} `)]),
      );
    }),
  );
});

const messages = lines.map(({ message, sample }) => message.replaceAll(sample.ip ?? VICTIM, VICTIM));
const endings = lines.flatMap(tails);
const places = lines.flatMap((line) => line.fields.map((field) => ({ line, field })));

const fragment = fc.oneof(
  { weight: 3, arbitrary: oneOf(messages) },
  { weight: 2, arbitrary: oneOf(endings) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...[
        VICTIM,
        `[${VICTIM}]`,
        `::ffff:${VICTIM}`,
        `(${VICTIM})`,
        `<${VICTIM}>`,
        `"${VICTIM}"`,
        `ip=${VICTIM}`,
        `rip=${VICTIM},`,
      ],
      ...[
        `from ${VICTIM}`,
        `from unknown[${VICTIM}]`,
        `] [${VICTIM}]`,
        `) [${VICTIM}]:25`,
        `client: ${VICTIM}, server: _`,
      ],
      ...DELIMITERS,
      ...[
        '\n',
        ': ',
        '\x1b[31m',
        'message repeated 2 times: [ ',
        'Nov 22 08:47:25 mx1 sshd[1]: ',
        '2026-11-22 08:47:25 ',
      ],
    ),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 8 }) },
);
const hostile = fc.array(fragment, { minLength: 1, maxLength: 4, size: 'max' }).map((parts) =>
  parts
    .join('')
    .replaceAll(/[^\x00-\x7e]/g, '~')
    .slice(0, 4_000),
);

/** As fc.constantFrom, which is slow for many. */
function oneOf<T>(values: readonly T[]): fc.Arbitrary<T> {
  return fc.nat(values.length - 1).map((index) => values[index] as T);
}

test('whatever a client writes into a field, the address, the connection and the counting stay', () => {
  const problems: (string | null)[] = [];
  fc.assert(
    fc.property(oneOf(places), hostile, ({ line, field }, text) => {
      problems.push(forged(line, field, text));
    }),
    { numRuns: RUNS },
  );
  report(problems);
});

test('of all texts that a pattern matches, none gives another address than the one in its place', () => {
  const ip = '192.0.2.9';
  for (const { definition, compiled } of filters) {
    for (const [index, { regex }] of compiled.patterns.entries()) {
      const { name = '', pattern = '' } = definition.patterns[index] ?? {};
      const expression = expandTokens(definition.prefix) + expandTokens(pattern);
      if (!expression.includes('(?<ip>')) continue;
      fc.assert(
        fc.property(matchingText(expression, { ip, hostile }), (text) => {
          const found = regex.exec(text);
          assert.ok(found !== null || /\\b/i.test(expression), `${name} does not match ${text}`);
          assert.ok(
            [ip, undefined].includes(found?.groups?.['ip']),
            `${name} reads ${found?.groups?.['ip']} in ${text}`,
          );
        }),
        { numRuns: Math.ceil(RUNS / 1_000) },
      );
    }
  }
});
