/** `[dovecot.auth-policy]`: what may stand there, and what of it holds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareConfigs } from '../../src/config/compare.ts';
import { parseConfig } from '../../src/config/load.ts';
import { renderConfig } from '../../src/config/render.ts';
import { ConfigErrors } from '../../src/errors.ts';

const TABLE = '[dovecot.auth-policy]\n';

function policyOf(text: string) {
  return parseConfig(TABLE + text, 'tailban.toml').config.dovecot.authPolicy;
}

function problem(text: string): string {
  try {
    policyOf(text);
  } catch (error) {
    assert.ok(error instanceof ConfigErrors, String(error));
    return `${error.errors[0]?.line}: ${error.errors[0]?.message}`;
  }
  return 'none';
}

test('nothing listens where nothing is written', () => {
  assert.deepEqual(policyOf(''), {
    listen: null,
    key: null,
    maxDelay: 5_000,
    reports: true,
    message: 'Too many failed logins, try again later',
  });
});

test('all of it can be written, and is shown as it is', () => {
  const text = `listen = "[::1]:4001"\nkey = "s3cret-key"\nmax-delay = "off"\nreports = false\nmessage = "No"\n`;
  const policy = policyOf(text);
  const listen = { host: '::1', port: 4001 };
  assert.deepEqual(policy, { listen, key: 's3cret-key', maxDelay: null, reports: false, message: 'No' });
  const { config } = parseConfig(TABLE + text, 'tailban.toml');
  assert.deepEqual(parseConfig(renderConfig(config), 'shown.toml').config.dovecot.authPolicy, policy);
});

test('whoever listens for other hosts needs a key', () => {
  assert.equal(problem('listen = "127.0.0.1:4001"'), 'none');
  assert.equal(problem('listen = "127.1.2.3:4001"'), 'none');
  assert.equal(problem('listen = "192.0.2.1:4001"\nkey = "s3cret-key"'), 'none');
  for (const listen of ['192.0.2.1:4001', '0.0.0.0:4001', '[::]:4001', '[2001:db8::1]:4001'])
    assert.match(
      problem(`listen = "${listen}"`),
      /^2: .*this address can be reached from other hosts, so it needs a key/,
    );
});

test('a message is one line of ASCII', () => {
  for (const message of ['""', '"a\\nb"', '"é"', `"${'x'.repeat(201)}"`, '1'])
    assert.match(problem(`message = ${message}`), /^2: /, message);
});

test('a change is one of the gates', () => {
  const [before, after] = ['1', '2'].map((n) => parseConfig(`${TABLE}listen = "127.0.0.1:400${n}"`, 'x').config);
  assert.ok(before && after);
  const { gates, enforcers, sources } = compareConfigs(before, after);
  assert.deepEqual([gates, enforcers, sources], [true, false, false]);
  const off = parseConfig(`server.fail2ban.enabled = false\n${TABLE}listen = "127.0.0.1:4001"`, 'x').config;
  assert.ok(compareConfigs(before, off).gates, 'a gate that is switched off lets everybody in');
});
