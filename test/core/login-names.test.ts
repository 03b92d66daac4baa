/** The one spelling of logins: whatever a login is written like, it is counted as one. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseAliases } from '../../src/config/alias-file.ts';
import { Judge } from '../../src/core/judge.ts';
import { canonicalLogin, type LoginNameSettings, nameChanges } from '../../src/core/login-names.ts';
import { failure, LOGINS, settings } from './judging.ts';

const RULES = { defaultDomain: 'example.org', tagDelimiter: '+' } as const;
const NAMES: LoginNameSettings = {
  ...RULES,
  aliases: parseAliases(
    'sales bob\npostmaster@example.org: alice@example.org\ninfo@example.com sales@example.org\nx y\ny x\nself self\n',
    'aliases',
    RULES,
  ),
};

describe('the one spelling of a login', () => {
  const table: readonly (readonly [string, string])[] = [
    ['alice', 'alice@example.org'],
    [' ALICE@Example.ORG\t', 'alice@example.org'],
    ['alice+shop', 'alice@example.org'],
    ['alice+shop+more@example.org', 'alice@example.org'],
    ['alice@example.com', 'alice@example.com'],
    ['+alice', '+alice@example.org'],
    ['alice+@example.org', 'alice@example.org'],
    ['a@b@example.com', 'a@b@example.com'],
    ['a+x@b@example.com', 'a@example.com'],
    ['Postmaster', 'alice@example.org'],
    ['postmaster+x', 'alice@example.org'],
    ['info+x@EXAMPLE.com', 'bob@example.org'],
    ['self', 'self@example.org'],
    ['@', '@'],
    ['  ', ''],
  ];
  for (const [written, login] of table) {
    it(`of ${JSON.stringify(written)} is ${JSON.stringify(login)}`, () =>
      assert.equal(canonicalLogin(written, NAMES), login));
  }

  it('comes to an end where aliases go round in circles', () => {
    assert.match(canonicalLogin('x', NAMES), /^[xy]@example\.org$/);
    const { aliases } = NAMES;
    assert.equal(aliases.get('self@example.org'), 'self@example.org');
  });

  it('tells what was changed', () => {
    assert.deepEqual(nameChanges('ALICE@example.org ', NAMES), []);
    assert.deepEqual(nameChanges('alice', NAMES), ['default domain']);
    assert.deepEqual(nameChanges('sales+x', NAMES), ['default domain', 'tag', 'alias']);
    assert.deepEqual(nameChanges('postmaster@example.org', NAMES), ['alias']);
  });

  it('never depends on case, blanks, tag and default domain', () => {
    const local = fc.stringMatching(/^[a-z0-9._-]{1,12}$/);
    const tag = fc.option(fc.stringMatching(/^\+[a-zA-Z0-9+._-]{0,8}$/), { nil: '' });
    const blanks = fc.constantFrom('', ' ', '\t', '  ');
    fc.assert(
      fc.property(local, tag, fc.boolean(), fc.boolean(), blanks, (name, tagged, withDomain, upper, blank) => {
        const written = `${name}${tagged}${withDomain ? '@example.org' : ''}`;
        const spelled = blank + (upper ? written.toUpperCase() : written) + blank;
        assert.equal(canonicalLogin(spelled, NAMES), canonicalLogin(name, NAMES));
      }),
    );
  });

  it('takes any text, and is its own spelling unless aliases say otherwise', () => {
    const plain = { ...NAMES, aliases: new Map<string, string>() };
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 30 }), fc.stringMatching(/^[a@+ .]{0,10}$/));
    fc.assert(
      fc.property(text, (name) => {
        const once = canonicalLogin(name, plain);
        assert.equal(canonicalLogin(canonicalLogin(once, plain), plain), canonicalLogin(once, plain));
        assert.equal(once === '', name.trim() === '');
      }),
    );
  });

  it('is what failures are counted under, so that variants do not evade the limit', () => {
    const judge = new Judge(settings({ loginLimit: { count: 4, period: 100 }, logins: { ...LOGINS, names: NAMES } }));
    const spellings = ['bob', 'BOB@example.org', 'bob+1', 'Sales+2', 'info@example.com'];
    const verdicts = spellings.map((login, index) =>
      judge.handle(failure(`192.0.2.${index}`, 1_000 + index, { login }), 1_000 + index),
    );
    assert.deepEqual(
      verdicts.map(({ type }) => type),
      ['counted', 'counted', 'counted', 'banned', 'counted'],
    );
    assert.deepEqual(
      [...judge.activeBans()].map(({ subject }) => subject),
      [{ type: 'login', login: 'bob@example.org' }],
    );
    for (const spelling of spellings)
      assert.deepEqual(judge.loginSubject(spelling), { type: 'login', login: 'bob@example.org' });
    assert.equal(judge.loginSubject(' '), null);
  });
});
