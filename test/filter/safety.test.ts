/** The proofs about patterns: what is refused, where, and that the proofs agree with trying everything out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { treeOf } from '../../src/filter/regex.ts';
import { twoReadings } from '../../src/filter/safety/ambiguity.ts';
import { Automaton } from '../../src/filter/safety/automaton.ts';
import { endlessLoop } from '../../src/filter/safety/cost.ts';
import { disputedBy, unsafePattern } from '../../src/filter/safety.ts';
import { expandTokens, offsetInPattern } from '../../src/filter/tokens.ts';

/** The pattern from where it is unsafe, and the beginning of why; empty where it is safe. */
function refusal(pattern: string, prefix = ''): string {
  const unsafe = unsafePattern({ prefix, pattern });
  return unsafe === null ? '' : `${pattern.slice(unsafe.offset)} | ${unsafe.problem}`;
}

test('an address is safe before free text, behind a delimiter that free text cannot hold, or at the very end', () => {
  for (const pattern of [
    'warning: <host>\\[<ip>\\]: SASL <word> authentication failed: <any>',
    'failed for [^\\[\\]]{0,255}\\[<ip>\\]: <any>',
    'failed for <login> from <ip>',
    'failed for <login> from <ip> port <number>',
    'failed: user=<<login>>, rip=<ip>(?:, [^<>]{0,300})?',
    'failed from <ip>:\\d{1,5}: <any>',
    'failed from <ip> for <quoted> with <quoted>',
    'failed for <quoted> from <ip> with <quoted>',
    'failed(?: from <ip>)?: <any>',
    'failed from (?:\\[<ip>\\]|<ip>): <any>',
    'user <login> failed',
    'failed <ip>(?: session <session>)? <any>',
  ]) {
    assert.equal(refusal(pattern), '', pattern);
  }
});

test('an address is refused where free text can imitate it, with a line that shows how', () => {
  const table: readonly (readonly [pattern: string, refusal: RegExp])[] = [
    ['failed <any>\\[<ip>\\]<any>', /^<any>\\\[<ip>\\\]<any> \| .*"failed \[192\.0\.2\.1\]\[203\.0\.113\.77\]"$/],
    ['failed .+?\\[<ip>\\]<any>', /two places/],
    ['failed .{0,60}\\[<ip>\\].{0,60}', /two places/],
    ['failed for <login> from <ip><any>', /begin or end in two places/],
    ['failed for <login> from <ip> port <word>(?: <any>)?', /two places/],
    ['user=<<login>>, rip=<ip>, <any>', /"user=<>, rip=192\.0\.2\.1, >, rip=203\.0\.113\.77, "$/],
    ['failed for <login><ip>', /two places/],
    ['failed from <ip>(?::\\d{1,5})?', /two places/],
    ['failed(?: from <ip>)?<any>', /one place or nowhere, .*"failed from 192\.0\.2\.1"$/],
    ['failed for <login>(?: address=<ip>)? result=no', /^<login>\(.*one place or nowhere/],
    ['failed (?:<any> at <ip>|at <ip> for <any>)', /two places/],
    ['failed <login> session <session> <any>', /its session in two places/],
    ['failed <ip> <login> session <session> <any>', /its session in two places/],
    ['failed(?: session <session>)? <any>', /its session in one place or nowhere/],
  ];
  for (const [pattern, expected] of table) assert.match(refusal(pattern), expected, pattern);
});

test('what could be the text of any other line is refused before the address', () => {
  assert.match(refusal('<any>: no such user from <ip>'), /^<any>.* \| free text stands at the start/);
  assert.match(refusal('<quoted>: no such user from <ip>'), /^$/);
  assert.match(refusal('\\[[^\\]]{0,99}\\] no such user from <ip>'), /^\[\^.* \| free text/);
  assert.equal(refusal('[a-z]{1,20}: no such user <any> from <ip>'), '');
});

test('a pattern that a line could keep busy is refused', () => {
  assert.match(refusal('abcd (?:a+)+ <ip>'), /^a\+\)\+ <ip> \| this repetition can go round in two ways|^\(\?:a\+\)\+/);
  for (const pattern of ['abcd(?:a|a)* <ip>', 'abcd(?:\\w{1,20},?){1,40} <ip>', 'abcd(?:a?b?)*c', 'abcd(?:ab|a|b)*c'])
    assert.match(refusal(pattern), /this repetition can go round in two ways/, pattern);
  assert.match(refusal('abcd .*a.*b <ip>'), /^\.\*b <ip> \| a text can be divided in 268,435,456 ways/);
  assert.match(refusal('abcd .{0,900}a.{0,900}b.{0,900}c'), /729,000,000 ways/);
  for (const pattern of [
    'abcd .{0,900}a.{0,900}b',
    'abcd [^,]*,[^,]*,[^,]*,<any>',
    'abcd(?: \\([^()]{0,200}\\)){0,30}x',
  ])
    assert.equal(refusal(pattern), '', pattern);
});

test('anchors and modifiers of anchors are refused, others are not', () => {
  assert.match(refusal('^abcd <ip>'), /^\^abcd <ip> \| "\^" is a part that no pattern needs/);
  assert.match(refusal('abcd(?: <ip>|efgh$)'), /^\$\)/);
  assert.match(refusal('abcd (?m:efgh)'), /"\(\?m:efgh\)"/);
  assert.match(refusal('abcd (?-s:.)'), /"\(\?-s:\.\)"/);
  assert.equal(refusal('(?i:abcd) \\b<ip>'), '');
});

test('the prefix of a file is a part of each pattern, and its faults are shown at the start of the pattern', () => {
  assert.match(refusal('failed for <ip>', '(?:\\[<any>\\] )?'), /^failed for <ip> \| free text/);
  assert.equal(refusal('failed for <ip>: <any>', '(?:<stamp> )?(?:\\[<pid>\\] )?'), '');
});

test('an offset in the expression becomes one in the pattern', () => {
  const pattern = 'ab<ip>cd(?<own>x)<<session>>e';
  const expression = expandTokens(pattern);
  for (const text of ['ab', 'cd', '(?<own>x)', '>e'])
    assert.equal(offsetInPattern(pattern, expression.indexOf(text)), pattern.indexOf(text), text);
  assert.equal(offsetInPattern(pattern, expression.indexOf('0-9A-F')), 2);
  assert.equal(offsetInPattern(pattern, expression.indexOf('{1,64}')), pattern.indexOf('<session>'));
});

test('two patterns that read different addresses out of one line are told by that line', () => {
  const pair = (one: string, other: string): string | null =>
    disputedBy({ prefix: '', pattern: one }, { prefix: '', pattern: other });
  assert.equal(pair('failed for <login> from <ip>', 'failed at <ip>: <any>'), null);
  assert.match(
    pair('failed <login> from <ip>', 'failed at <ip>: <any>') ?? '',
    /^failed at 192\.0\.2\.1: .*from 203\.0\.113\.77$/,
  );
  assert.equal(pair('failed: <any>', 'failed: <host>\\[<ip>\\]'), null, 'one without an address takes none');
});

/** Small expressions over a, b and c, in which 1 is all that an address consists of. */
const piece = fc.constantFrom(
  'a',
  'b',
  '1',
  '[ab]',
  '[1a]',
  '.',
  'a?',
  '[ab]*',
  '.*',
  '[^b]*',
  'a*',
  '(?:ab|b)',
  '(?:a1)?',
  '.{0,9}',
);
const side = fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join(''));
const TEXTS = ['a', 'b', '1'].flatMap(function longer(text: string): string[] {
  return text.length === 7 ? [text] : [text, ...['a', 'b', '1'].flatMap((char) => longer(text + char))];
});

test('an address has two places exactly where trying all short lines finds one with two', () => {
  fc.assert(
    fc.property(side, side, (before, behind) => {
      const head = new RegExp(`^(?:${before})$`);
      const tail = new RegExp(`^(?:${behind})$`);
      const whole = new RegExp(`^(?:${before})1+(?:${behind})$`);
      const places = (text: string): number => {
        let found = 0;
        for (let start = 0; start < text.length; start++)
          for (let end = start + 1; end <= text.length && text[end - 1] === '1'; end++)
            if (head.test(text.slice(0, start)) && tail.test(text.slice(end))) found++;
        return found;
      };
      const automaton = new Automaton(treeOf(`${before}(?<ip>1+)${behind}`), 'ip', 100);
      const proof = twoReadings(automaton, automaton, false);
      const tried = TEXTS.find((text) => whole.test(text) && places(text) > 1);
      if (tried !== undefined) assert.ok(proof !== null, tried);
      if (proof !== null) assert.ok(places(proof.line) > 1, proof.line);
    }),
    { numRuns: 150 },
  );
});

test('a repetition that goes round in two ways is one that a backtracking engine takes for ever over', () => {
  const round = fc.array(fc.constantFrom('a', 'b', 'a?', 'b*', '[ab]', '(?:a|b)', '(?:ab|ba)'), {
    minLength: 1,
    maxLength: 3,
  });
  fc.assert(
    fc.property(fc.array(round, { minLength: 1, maxLength: 2 }), (options) => {
      const loop = `(?:${options.map((parts) => parts.join('')).join('|')})*`;
      if (endlessLoop(new Automaton(treeOf(`${loop}c`), 'ip', 100)) !== null) return;
      const regex = new RegExp(`^${loop}c$`);
      for (const text of ['a', 'b', 'ab', 'ba', 'aab', 'abb']) {
        const start = performance.now();
        regex.test(text.repeat(14));
        assert.ok(performance.now() - start < 100, `${loop} over ${text}`);
      }
    }),
    { numRuns: 300 },
  );
});
