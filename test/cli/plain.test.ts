/** Logins that an attacker chose, in lists of one line each: what is written is read back, and nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { guessFormat } from '../../src/cli/import/entries.ts';
import { readPlain } from '../../src/cli/import/lines.ts';
import { plainSubject } from '../../src/cli/plain.ts';
import { normalLogin } from '../../src/core/subject.ts';

const AWKWARD = [
  'x\n203.0.113.99',
  'x\r\n203.0.113.99',
  'x\u2028203.0.113.99',
  'x"y\\z = 3',
  '"',
  '"x"',
  'x # no comment',
  '; x',
  'x,1h',
  'x 1h',
  'x\\u0041',
  'login:bob',
  'server.blocked-ip.192.0.2.1',
  'blocked-ip',
  'x\u001b[2j\u202e\u{e0001}',
  'x\ud800'.toWellFormed(),
  'jürgen@例え.jp',
];

function written(logins: readonly string[]): string {
  return logins.map((subject) => `${plainSubject({ type: 'login', subject })}\n`).join('');
}

test('a login is read back as it was, whatever is in it', () => {
  const part = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(...AWKWARD, '\n', '"', '\\', ' ', ',', '#', ';'),
  );
  const login = fc
    .array(part, { minLength: 1, maxLength: 4 })
    .map((parts) => normalLogin(parts.join('')))
    .filter((name) => name !== '');
  fc.assert(
    fc.property(fc.array(login, { minLength: 1 }), (logins) => {
      const text = written(logins);
      assert.equal(guessFormat(text), 'plain');
      assert.equal(text.split('\n').length, logins.length + 1);
      assert.doesNotMatch(text, /(?!\n)[\p{Cc}\p{Cf}\u2028\u2029]/u);
      const expected = logins.map((name) => ({ subject: `login:${name}` }));
      assert.deepEqual(readPlain(text, 0), { entries: expected, skipped: [] });
    }),
    { examples: [[AWKWARD]] },
  );
});

test('a login is written without quotes where it can be', () => {
  assert.equal(
    written(['alice@example.org', 'jürgen', "o'neil", 'a\\b', 'x y', 'x\n203.0.113.99', '"']),
    'login:alice@example.org\nlogin:jürgen\nlogin:o\'neil\nlogin:a\\b\nlogin:"x y"\nlogin:"x\\n203.0.113.99"\nlogin:"\\""\n',
  );
});

test('a login in quotes may have an end and a comment behind it, and one that is not closed is told', () => {
  const { entries, skipped } = readPlain(
    ['  login:"X # y" 1h # why', 'login:"x",never', 'login:"x', 'login:"x"y', 'login:"\\q"', ', 1h'].join('\n'),
    0,
  );
  assert.deepEqual(entries, [
    { subject: 'login:x # y', until: 3_600_000 },
    { subject: 'login:x', until: null },
  ]);
  assert.deepEqual(skipped, [
    'line 3: "login:"x" is no login in quotes (those of JSON)',
    'line 4: "login:"x"y" is no login in quotes (those of JSON)',
    'line 5: "login:"\\q"" is no login in quotes (those of JSON)',
    'line 6: "" is no address, network or login',
  ]);
});

test('only keys at the beginning of a line are those of Stalwart', () => {
  for (const text of ['192.0.2.1 # out of server.blocked-ip', 'login:blocked-ip\n192.0.2.1'])
    assert.equal(guessFormat(text), 'plain', text);
  for (const text of [
    'server.blocked-ip.192.0.2.1',
    '# mine\n "server.blocked-ip.192.0.2.1" = ""',
    'server."blocked-ip"."192.0.2.1" = ""',
    '[server.blocked-ip]\n"192.0.2.1" = ""',
    '[server]\nblocked-ip.192.0.2.1 = ""',
  ])
    assert.equal(guessFormat(text), 'stalwart', text);
});
