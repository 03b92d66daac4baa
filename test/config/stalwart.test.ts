/** The table `[stalwart.api]`. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseConfig } from '../../src/config/load.ts';
import { renderConfig } from '../../src/config/render.ts';
import { ConfigErrors } from '../../src/errors.ts';

function problem(text: string): string {
  try {
    parseConfig(`[stalwart.api]\n${text}`, 'tailban.toml');
  } catch (error) {
    assert.ok(error instanceof ConfigErrors, String(error));
    const [first] = error.errors;
    return `${first?.line}:${first?.column} ${first?.message}`;
  }
  return 'none';
}

describe('the management API of Stalwart', () => {
  it('is told nothing where nothing is written', () => {
    assert.equal(parseConfig('', 'tailban.toml').config.stalwart.url, null);
  });

  it('is read, and written back the same', () => {
    const text =
      '[stalwart.api]\nurl = "https://mail.example.org"\ntoken-file = "/etc/tailban/token"\nlogins = false\n';
    const { config } = parseConfig(text, 'tailban.toml');
    assert.deepEqual(config.stalwart, {
      url: 'https://mail.example.org',
      token: null,
      tokenFile: '/etc/tailban/token',
      version: 'auto',
      addresses: true,
      logins: false,
    });
    assert.deepEqual(parseConfig(renderConfig(config), 'tailban.toml').config, config);
  });

  const cases: readonly (readonly [string, RegExp])[] = [
    ['url = "mail.example.org"\ntoken = "12345678"', /^2:7 .*"mail\.example\.org" is no URL of HTTP$/],
    ['url = "ftp://mail.example.org"\ntoken = "12345678"', /no URL of HTTP/],
    ['url = "https://a:b@mail.example.org"\ntoken = "12345678"', /holds more than scheme, host, port and path/],
    ['url = 7\ntoken = "12345678"', /is no URL/],
    ['url = "https://mail.example.org"', /^2:1 .*the management API needs a token$/],
    ['url = "http://[::1]"\ntoken = "12345678"\ntoken-file = "/a"', /^4:1 .*token is written too/],
    ['version = "0.16"\nlogins = true', /^3:10 .*Stalwart 0\.16 has no API that locks logins$/],
  ];
  for (const [text, message] of cases) {
    it(`reports ${text.replaceAll('\n', ' ↵ ')}`, () => assert.match(problem(text), message));
  }
});
