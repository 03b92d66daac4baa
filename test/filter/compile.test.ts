/** Patterns: tokens, what every match must contain, and the patterns that are refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileFilter, PatternError } from '../../src/filter/compile.ts';
import type { FilterDefinition } from '../../src/filter/definition.ts';
import { readExpression } from '../../src/filter/regex.ts';
import { expandTokens, TOKEN_NAMES, TokenError } from '../../src/filter/tokens.ts';

function definition(pattern: string, programs: readonly string[] = ['prog']): FilterDefinition {
  return {
    name: 'test',
    programs,
    session: 'none',
    logsEnds: false,
    ownLog: false,
    copies: false,
    prefix: '',
    units: [],
    negatives: [],
    stories: [],
    patterns: [
      { name: 'one', as: 'event', kind: 'scan', also: null, layer: '', explainsLogin: false, pattern, samples: [] },
    ],
  };
}

function refusal(pattern: string): string {
  try {
    compileFilter(definition(pattern));
  } catch (error) {
    assert.ok(error instanceof PatternError);
    assert.deepEqual([error.filter, error.pattern], ['test', 'one']);
    return error.message;
  }
  throw new assert.AssertionError({ message: `${pattern} was taken` });
}

test('tokens become expressions, and what only looks like one is left alone', () => {
  assert.equal(expandTokens('from <ip>'), 'from (?<ip>[0-9A-Fa-f:.]{2,45})');
  assert.match(expandTokens('<<session>>'), /^<\(\?<session>.*\)>$/);
  assert.equal(expandTokens('(?<own>x)<>< <a> <Name> <1>'), '(?<own>x)<>< <a> <Name> <1>');
  for (const name of TOKEN_NAMES) assert.doesNotThrow(() => new RegExp(expandTokens(`<${name}>`)));
});

test('an unknown token is refused with its place', () => {
  assert.throws(
    () => expandTokens('from <addr>'),
    (error) => {
      assert.ok(error instanceof TokenError);
      assert.equal(error.offset, 5);
      assert.match(error.message, /^<addr> is no token, there are <ip> /);
      return true;
    },
  );
});

test('the required literal is the longest text that every match contains', () => {
  const table: readonly (readonly [pattern: string, literal: string])[] = [
    ['abc.*defg', 'defg'],
    ['abc(?:defgh)?ij', 'abc'],
    ['ab(?:cde)f', 'abcdef'],
    ['ab(?:c.def)(?<x>g)h', 'defgh'],
    ['ab(?:cde|xyzuvw)f', 'ab'],
    ['ab|cd', ''],
    ['a\\.b\\[c', 'a.b[c'],
    ['ab(?i:CDEFG)hi', 'ab'],
    ['ab[c]defg{2}', 'def'],
    ['ab\\bcd', 'abcd'],
    ['(?<x>abcd)e', 'abcde'],
  ];
  for (const [pattern, literal] of table) assert.equal(readExpression(pattern).literal, literal, pattern);
});

test('the beginning is an expression that every match passes', () => {
  const starts = fc.constantFrom(
    'a',
    'ab',
    '(?:ab|c)',
    'a?',
    '[abc]',
    'a{1,3}',
    '(?:a{0,2}b)?',
    '(?i:B)',
    '(?<x>a)',
    '.*',
    'a{50}',
  );
  fc.assert(
    fc.property(
      fc.array(starts, { minLength: 1, maxLength: 5 }),
      fc.array(fc.constantFrom('a', 'b', 'c', 'B'), { maxLength: 8, size: 'max' }),
      (parts, text) => {
        const pattern = parts.filter((part, index) => part !== '(?<x>a)' || parts.indexOf(part) === index).join('');
        const whole = new RegExp(`^(?:${pattern})$`);
        const start = new RegExp(`^(?:${readExpression(pattern).beginning})`);
        if (whole.test(text.join(''))) assert.match(text.join(''), start);
      },
    ),
    { numRuns: 2_000 },
  );
});

test('look-arounds and back-references are found wherever they stand', () => {
  for (const [pattern, raw] of [
    ['abcd(?=x)', '(?=x)'],
    ['abcd(?:e(?<!x)f)?', '(?<!x)'],
    ['(?<q>["\']).*\\k<q>abcd', '\\k<q>'],
    ['(a)bcd(?:x|\\1)', '\\1'],
    ['abcd(?!x){2}', '(?!x)'],
  ] as const) {
    assert.equal(readExpression(pattern).nonLinear?.raw, raw, pattern);
  }
  assert.equal(readExpression('^(?:abc\\b(?<x>d)*)$').nonLinear, null);
});

test('a pattern that cannot be used is refused with a sentence', () => {
  assert.match(refusal('abcd(?=x)'), /^"\(\?=x\)" looks around or back, which cannot run in linear time/);
  assert.match(refusal('a.*b'), /^No text of 4 or more characters is part of every match.*"a" is the longest$/);
  assert.match(refusal('abcd|efgh'), /"" is the longest$/);
  assert.match(refusal('abcd('), /^Invalid regular expression/);
  assert.match(refusal('abcd<nothing>'), /^<nothing> is no token/);
  assert.match(refusal('abcd ünknown'), /^"ü" is no ASCII/);
  assert.match(refusal('abcd<ip><ip>'), /Duplicate capture group name/);
});

test('a pattern is anchored at both ends, over line breaks within a message too', () => {
  const regex = compileFilter(definition('abcd <login>')).patterns[0]?.regex ?? /nothing/;
  assert.ok(regex.test('abcd x'));
  assert.ok(regex.test('abcd a\rb'));
  assert.ok(!regex.test('xabcd x') && !regex.test('\nabcd x'));
});

test('a star in a program name stands for anything', () => {
  const { programs } = compileFilter(definition('abcd', ['*/smtpd', 'dovecot', 'a.b']));
  for (const name of ['postfix/smtpd', 'postfix/submission/smtpd', '/smtpd', 'dovecot', 'a.b'])
    assert.ok(programs.test(name), name);
  for (const name of ['smtpd', 'postfix/smtpd2', 'dovecot2', 'xdovecot', 'axb', ''])
    assert.ok(!programs.test(name), name);
});
