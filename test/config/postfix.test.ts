/** The table `[postfix]`: where Postfix asks, and what it is told to say. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compareConfigs } from '../../src/config/compare.ts';
import type { Config } from '../../src/config/config.ts';
import { parseConfig } from '../../src/config/load.ts';
import { renderConfig } from '../../src/config/render.ts';
import { problem } from './problem.ts';

function configOf(text: string): Config {
  return parseConfig(text, 'tailban.toml').config;
}

describe('the table [postfix]', () => {
  it('asks for nothing by itself', () => {
    assert.deepEqual(configOf('').postfix, {
      action: 'reject',
      text: 'Access denied after too many failures',
      policy: null,
      socketmap: null,
    });
  });

  it('takes addresses with ports, and unix sockets', () => {
    const written =
      '[postfix]\npolicy.listen = "[::1]:10031"\nsocketmap.listen = "unix:/var/spool/postfix/private/maps"';
    const { postfix } = configOf(written);
    assert.deepEqual(postfix.policy, { host: '::1', port: 10031 });
    assert.deepEqual(postfix.socketmap, { path: '/var/spool/postfix/private/maps' });
  });

  it('comes out as it went in', () => {
    const written = `[postfix]
action = "hang-up"
text = "Not you"
policy.listen = "127.0.0.1:10031"
socketmap.listen = "unix:/run/maps"`;
    const config = configOf(written);
    assert.deepEqual(configOf(renderConfig(config)).postfix, config.postfix);
  });

  it('has the gates built anew where it changes', () => {
    const before = configOf('');
    const after = configOf('postfix.policy.listen = "127.0.0.1:10031"');
    assert.deepEqual(compareConfigs(before, after).changes, ['gates']);
    assert.equal(compareConfigs(before, after).gates, true);
    assert.equal(compareConfigs(after, after).gates, false);
  });

  const wrong: readonly (readonly [string, string])[] = [
    ['policy.listen = 10031', '2:17 the number 10031 is no place to listen'],
    ['policy.listen = "10031"', '2:17 "10031" is no address and port'],
    ['policy.listen = "localhost:10031"', '2:17 "localhost" is no address'],
    ['policy.listen = "unix:private/tailban"', '2:17 "private/tailban" is no absolute path'],
    [`policy.listen = "unix:/${'x'.repeat(107)}"`, '2:17 a path of 108 bytes is longer than the 107 possible here'],
    ['policy.listen = "unix:/a\\u0000b"', '2:25 a path holds no control characters'],
    ['action = "drop"', '2:10 "drop" is none of "reject", "defer", "hang-up"'],
    ['text = 5', '2:8 the number 5 is no text'],
    ['text = ""', '2:8 the text has to begin with a letter and to end without a blank'],
    ['text = "5.1.1 no such user"', '2:8 the text has to begin with a letter and to end without a blank'],
    ['text = "No "', '2:8 the text has to begin with a letter and to end without a blank'],
    ['text = "No\\nREJECT"', '2:11 the text holds more than printable ASCII without < and >'],
    ['text = "No <x>: Relay access denied;"', '2:12 the text holds more than printable ASCII without < and >'],
    [`text = "${'x'.repeat(201)}"`, '2:8 the text has 201 characters, at most 200 are possible'],
  ];
  for (const [line, expected] of wrong)
    it(`reports ${line.slice(0, 60)}`, () => assert.equal(problem(`[postfix]\n${line}`), expected));
});
