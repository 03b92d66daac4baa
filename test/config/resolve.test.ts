/** What follows from what is written: limits in every spelling, presets, ban times, networks, sources, older names. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Config } from '../../src/config/config.ts';
import { parseConfig } from '../../src/config/load.ts';
import { ConfigErrors } from '../../src/errors.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;

function config(text: string): Config {
  return parseConfig(text, 'tailban.toml').config;
}

function messages(text: string): string[] {
  return parseConfig(text, 'tailban.toml').notes.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

describe('limits', () => {
  it('are switched off by any of the usual words', () => {
    for (const word of ['"off"', '""', '"false"', 'false', '"disable"', '"disabled"', '"never"'])
      assert.equal(config(`server.fail2ban.loitering = ${word}`).limits.loitering, null, word);
  });

  it('are read as a PBX admin writes them, bare numbers being seconds', () => {
    const expected = { count: 20, period: 10 * MINUTE, banTime: 20 * MINUTE };
    assert.deepEqual(
      config('server.fail2ban.scan = { attempts = 20, within = "10m", block-for = "20m" }').limits.scan,
      expected,
    );
    assert.deepEqual(
      config('[server.fail2ban.scan]\nattempts = 20\nwithin = 600\nblock-for = 1200').limits.scan,
      expected,
    );
  });

  it('take the general ban time where block-for is not written, and any other where it is', () => {
    const { limits } = config(`
server.fail2ban.ban-time = "permanent"
server.fail2ban.scan = { attempts = 1, within = "1h" }
server.fail2ban.loitering = { attempts = 1, within = "1h", block-for = "1h" }`);
    assert.equal(limits.scan?.banTime, null);
    assert.equal(limits.authentication?.banTime, null);
    assert.equal(limits.loitering?.banTime, HOUR);
    assert.equal(
      config('server.fail2ban.scan = { attempts = 1, within = 1, block-for = "permanent" }').limits.scan?.banTime,
      null,
    );
  });

  it('hold for logins as for addresses, unless logins have their own', () => {
    assert.deepEqual(config('server.fail2ban.authentication = "7/1h"').loginLimit, {
      count: 7,
      period: HOUR,
      banTime: HOUR,
    });
    assert.equal(config('server.fail2ban.authentication = "off"').loginLimit, null);
    const own = config('server.fail2ban = { authentication = "off", login = "9/1d" }');
    assert.equal(own.limits.authentication, null);
    assert.deepEqual(own.loginLimit, { count: 9, period: DAY, banTime: HOUR });
    assert.equal(config('server.fail2ban.login = "off"').loginLimit, null);
  });
});

describe('presets', () => {
  const presets: readonly (readonly [string, number, number, number])[] = [
    ['weak', 20, 10 * MINUTE, 10 * MINUTE],
    ['normal', 10, HOUR, DAY],
    ['enhanced', 5, 6 * HOUR, 7 * DAY],
    ['paranoid', 3, DAY, 30 * DAY],
  ];
  for (const [name, count, period, banTime] of presets) {
    it(`${name} sets authentication and login, and nothing else`, () => {
      const defaults = config('').limits;
      const { limits, loginLimit } = config(`server.fail2ban.preset = "${name}"`);
      assert.deepEqual(limits.authentication, { count, period, banTime });
      assert.deepEqual(loginLimit, limits.authentication);
      assert.deepEqual({ ...limits, authentication: null }, { ...defaults, authentication: null });
    });
  }

  it('give way to a limit that is written, under its older name too, and a note says so', () => {
    const text = 'server.fail2ban.preset = "weak"\nauthentication.fail2ban = "100/1d"';
    assert.deepEqual(config(text), config(''));
    assert.deepEqual(messages(text), [
      '1:17 server.fail2ban.preset has no effect, because server.fail2ban.authentication is written',
      '2:16 authentication.fail2ban is an older name; write server.fail2ban.authentication',
    ]);
  });
});

describe('growing ban times', () => {
  it('are on by default, and every key may be left out', () => {
    const defaults = { factor: 2, max: 30 * DAY, forgetAfter: 30 * DAY };
    assert.deepEqual(config('').increment, defaults);
    assert.deepEqual(config('server.fail2ban.increment = {}').increment, defaults);
    assert.deepEqual(config('server.fail2ban.increment.factor = 1.5').increment, { ...defaults, factor: 1.5 });
    assert.deepEqual(config('server.fail2ban.increment = { max = "7d", forget-after = "1d" }').increment, {
      factor: 2,
      max: 7 * DAY,
      forgetAfter: DAY,
    });
  });

  it('are switched off by a word', () => {
    assert.equal(config('server.fail2ban.increment = "off"').increment, null);
    assert.equal(config('server.fail2ban.increment = false').increment, null);
  });

  it('never make a ban shorter than the first one', () => {
    assert.equal(config('server.fail2ban.ban-time = "60d"').increment?.max, 60 * DAY);
    assert.equal(
      config('server.fail2ban.scan = { attempts = 1, within = "1h", block-for = "90d" }').increment?.max,
      90 * DAY,
    );
  });
});

describe('networks', () => {
  it('with a name join the allowed ones when they are never to be blocked', () => {
    const { allowed, networks } = config(`
[server]
allowed-ip = ["192.0.2.7"]
network.office = { address = "198.51.100.0/24 2001:db8::/48", never-block = true }
network.partner = { address = ["203.0.113.0/24"] }`);
    assert.deepEqual(allowed, [
      { network: '192.0.2.7/32', name: null },
      { network: '198.51.100.0/24', name: 'office' },
      { network: '2001:db8::/48', name: 'office' },
    ]);
    assert.deepEqual(networks, [
      { name: 'office', networks: ['198.51.100.0/24', '2001:db8::/48'], neverBlock: true },
      { name: 'partner', networks: ['203.0.113.0/24'], neverBlock: false },
    ]);
  });

  it('that hold every address get a note', () => {
    assert.deepEqual(messages('server.allowed-ip = "0.0.0.0/0"'), [
      '1:8 server.allowed-ip holds 0.0.0.0/0, so none of its addresses is ever banned',
    ]);
  });
});

describe('sources', () => {
  it('read the journal, or some units of it, each by its whole name, or files, or a webhook', () => {
    const { sources } = config(`
[source.all]
journal = true
[source.some]
journal = true
units = "dovecot postfix@- php8.2-fpm session-1.scope"
[source.files]
files = "/var/log/mail log/*.log"
timezone = "UTC"
filter = "postfix"
[source.hook]
webhook = "[::1]:8081"
key = "long enough"`);
    assert.deepEqual(sources, [
      { type: 'journal', name: 'all', units: null, filters: null, zone: null },
      {
        type: 'journal',
        name: 'some',
        units: ['dovecot.service', 'postfix@-.service', 'php8.2-fpm.service', 'session-1.scope'],
        filters: null,
        zone: null,
      },
      { type: 'files', name: 'files', files: ['/var/log/mail log/*.log'], filters: ['postfix'], zone: 'UTC' },
      {
        type: 'webhook',
        name: 'hook',
        listen: { host: '::1', port: 8081 },
        key: 'long enough',
        filters: null,
        zone: null,
      },
    ]);
  });
});

describe('older names', () => {
  const names: readonly (readonly [string, keyof Config['limits']])[] = [
    ['server.auto-ban.auth.rate', 'authentication'],
    ['server.auto-ban.abuse.rate', 'invalid-rcpt'],
    ['server.auto-ban.loiter.rate', 'loitering'],
    ['server.auto-ban.scan.rate', 'scan'],
    ['authentication.fail2ban', 'authentication'],
    ['server.security.fail2ban', 'authentication'],
  ];
  for (const [older, kind] of names) {
    it(`${older} is read as server.fail2ban.${kind}, with a note`, () => {
      const text = `# older\n${older} = "11/1h"`;
      assert.deepEqual(config(text).limits[kind], { count: 11, period: HOUR, banTime: HOUR });
      assert.deepEqual(messages(text), [
        `2:${older.lastIndexOf('.') + 2} ${older} is an older name; write server.fail2ban.${kind}`,
      ]);
    });
  }

  it('beside the name of today are an error', () => {
    const text = '[server.fail2ban]\nscan = "1/1d"\n[server.auto-ban]\nscan.rate = "2/1d"';
    assert.throws(
      () => config(text),
      (error) => {
        assert.ok(error instanceof ConfigErrors);
        const [problem] = error.errors;
        assert.equal(`${problem?.line}:${problem?.column} ${problem?.hint}`, '4:6 Remove server.auto-ban.scan.rate');
        return error.errors.length === 1;
      },
    );
  });
});
