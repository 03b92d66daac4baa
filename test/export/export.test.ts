import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseConfig } from '../../src/config/load.ts';
import { parseRate } from '../../src/core/duration.ts';
import { pathMatcher } from '../../src/core/paths.ts';
import { dovecot } from '../../src/export/dovecot.ts';
import { haproxyFrontend, haproxyTables } from '../../src/export/haproxy.ts';
import { bucketOf } from '../../src/export/leaky-bucket.ts';
import { nginxHttp, nginxServer } from '../../src/export/nginx.ts';
import { pathExpression, rawPathExpression } from '../../src/export/paths.ts';
import { postfixMain } from '../../src/export/postfix.ts';
import { settings } from './random-settings.ts';

const WRITERS = { nginxHttp, nginxServer, postfixMain, dovecot, haproxyTables, haproxyFrontend };

function configOf(toml: string) {
  return parseConfig(toml, 'tailban.toml').config;
}

/** The settings of a text, without comments, indentation and empty lines. */
function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

test('a limit is a leaky bucket: its count at once, then its rate, rounded up where it must be', () => {
  const bucket = (rate: string) => {
    const { rate: per, burst, difference } = bucketOf(parseRate(rate));
    return [per, burst, difference === ''];
  };
  assert.deepEqual(bucket('10/1m'), ['10r/m', 9, true]);
  assert.deepEqual(bucket('100/1m'), ['100r/m', 99, true]);
  assert.deepEqual(bucket('120/1m'), ['2r/s', 119, true]);
  assert.deepEqual(bucket('1/1m'), ['1r/m', null, true]);
  assert.deepEqual(bucket('100/1h'), ['2r/m', 99, false]);
  assert.deepEqual(bucket('1/1d'), ['1r/m', null, false]);
  assert.deepEqual(bucket('1000000/1s'), ['1000000r/s', 999_999, true]);
});

test('a path is matched by the same requests as in tailban itself', () => {
  const character = fc.constantFrom('/', 'a', 'b', '.', '*', '(', '\\', '$', '"', "'", '\n', '{', 'é');
  const text = fc.array(character, { maxLength: 8 }).map((parts) => `/${parts.join('')}`);
  fc.assert(
    fc.property(text, text, (pattern, path) => {
      assert.equal(matches(pathExpression(pattern), path), pathMatcher([pattern])(path));
    }),
    { numRuns: 2_000 },
  );
});

test('what is served as a path is matched, however it is spelled', () => {
  for (const path of ['/auth/login', '//auth//login', '/./auth/./login', '/x/../auth/login', '/x/..//auth/login'])
    assert.ok(matches(rawPathExpression('/auth/*'), path), path);
  for (const path of ['/jmap/auth/login', '/authlogin', '/auth', '/x/..auth/login'])
    assert.ok(!matches(rawPathExpression('/auth/*'), path), path);
});

test('what an admin or a proxy is called ends no comment and begins no line', () => {
  const known =
    /^(?:geo|map|default|[\d.:a-f/]+ exempt;|"|\}|limit_|set_real_ip_from|real_ip_|smtpd_client_|anvil_rate_time_unit = \d+s$|[\d.]+\/\d+$|\[[\d.:a-f]+\]\/\d+$|mail_max_userip_connections = \d+$|auth_failure_delay = \d secs$|backend tailban_|stick-table type |acl tailban_|http-request )/;
  fc.assert(
    fc.property(settings, (some) => {
      for (const write of Object.values(WRITERS))
        for (const line of linesOf(write(some, '0'))) assert.match(line, known);
    }),
    { numRuns: 200 },
  );
});

test('every part says what made it, and no line is without a comment above its block', () => {
  const config = configOf('');
  for (const write of Object.values(WRITERS)) {
    const text = write(config, '1.2.3');
    assert.match(text, /^# tailban 1\.2\.3 for /);
    assert.match(text, /\n# Made by "tailban export [a-z]/);
    for (const block of text.trimEnd().split('\n\n')) assert.match(block.trimStart(), /^(?:#|\S+ .*\n +#)/);
    assert.equal(write(config, '1.2.3'), text, 'the same settings give the same text');
  }
});

test('what is off is not limited', () => {
  const off = configOf(
    'authentication.rate-limit = "off"\njmap.rate-limit = { authentication = "off", anonymous = "off", account = "off" }',
  );
  assert.deepEqual(linesOf(postfixMain(off, '0')), ['smtpd_client_auth_rate_limit = 0']);
  assert.doesNotMatch(nginxServer(off, '0'), /limit_req zone/);
  assert.doesNotMatch(haproxyFrontend(off, '0'), /gpc/);
  assert.doesNotMatch(dovecot(off, '0'), /^auth_failure_delay/m);
});

test('two limits on logins are both kept, and one where they are the same', () => {
  const two = configOf('authentication.rate-limit = "20/1h"');
  assert.deepEqual(
    linesOf(nginxServer(two, '0')).filter((line) => line.includes('login')),
    ['limit_req zone=tailban_login burst=19 nodelay;', 'limit_req zone=tailban_jmap_login burst=9 nodelay;'],
  );
  assert.match(haproxyTables(two, '0'), /store gpc0_rate\(3600000ms\),gpc1_rate\(60000ms\)/);
  assert.match(haproxyFrontend(two, '0'), /table_gpc1_rate\(tailban_login\) ge 10/);
  assert.equal(nginxServer(configOf(''), '0').match(/zone=\w*login/g)?.length, 1);
});

test('where only failures count, attempts are not limited, and it is said so', () => {
  const failures = configOf('authentication.counts = "failures"');
  for (const write of [nginxHttp, haproxyFrontend, postfixMain]) {
    const text = write(failures, '0');
    assert.match(text, /authentication\.counts = "failures"/);
    assert.doesNotMatch(text, /zone=tailban_login|table tailban_login|auth_rate_limit =/);
  }
});

test('Postfix gets whole seconds, and as many attempts as the rate allows in them', () => {
  const lines = linesOf(postfixMain(configOf('authentication.rate-limit = "3/1500ms"'), '0'));
  assert.deepEqual(lines.slice(0, 2), ['smtpd_client_auth_rate_limit = 4', 'anvil_rate_time_unit = 2s']);
});

test('nobody is believed who is not trusted, and no header that the server cannot read', () => {
  const trusted = 'server.trusted-proxies = ["192.0.2.1"]\n';
  const use = 'jmap.rate-limit.use-forwarded = true\n';
  for (const toml of ['', trusted, use, `${trusted}${use}http.forwarded-header = "forwarded"`]) {
    assert.doesNotMatch(nginxServer(configOf(toml), '0'), /^(?:set_)?real_ip/m, toml);
    assert.doesNotMatch(haproxyFrontend(configOf(toml), '0'), /x-forwarded-for,/, toml);
  }
  assert.match(nginxServer(configOf(trusted + use), '0'), /^set_real_ip_from 192\.0\.2\.1;$/m);
});

/** PCRE's expression as one of JavaScript. */
function matches(expression: string, path: string): boolean {
  const source = expression.replace(/^\(\?s\)/, '').replace(/\\z$/, '$');
  const bytes = Buffer.from(path).toString('latin1');
  return new RegExp(source, 's').test(bytes);
}
