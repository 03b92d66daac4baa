/** Logins that a program escaped are read as they were. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unescapeText } from '../../src/filter/escapes.ts';

const utf8 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

test('escapes of nginx, Apache and JSON become the characters that they stand for', () => {
  assert.equal(unescapeText('plain@example.org'), 'plain@example.org');
  assert.equal(unescapeText('x\\x22 \\x5Cy'), 'x" \\y');
  assert.equal(unescapeText('x\\" \\\\y'), 'x" \\y');
  assert.equal(unescapeText('j\\xC3\\xBCrgen'), utf8('jürgen'));
  assert.equal(unescapeText('j\\u00fcrgen\\/'), utf8('jürgen/'));
  assert.equal(unescapeText('\\ud83d\\ude00'), utf8('😀'));
});

test('control characters and what is no escape stay as they are', () => {
  for (const text of ['a\\nb', 'a\\x0Ab', 'a\\u000ab', 'a\\x7Fb', 'a\\x1', 'a\\', '\\q', '\\u12'])
    assert.equal(unescapeText(text), text);
});

test('an escaped backslash does not begin another escape', () => {
  assert.equal(unescapeText('\\\\x22'), '\\x22');
  assert.equal(unescapeText('\\\\\\x22'), '\\"');
});
