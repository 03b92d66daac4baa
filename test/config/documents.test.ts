/** The snippets of the documents whose settings we take over, and our own reference shape, each exactly as it stands. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Loaded, parseConfig } from '../../src/config/load.ts';

const DAY = 86_400_000;
const MINUTE = 60_000;

function load(text: string): Loaded {
  return parseConfig(text, 'tailban.toml', { filters: ['postfix', 'dovecot'] });
}

describe('snippets of a mail server’s documents', () => {
  it('load the fail2ban settings, as the defaults that they are', () => {
    const { config, notes } = load(`
[server.fail2ban]
authentication = "100/1d"
invalid-rcpt = "35/1d"
loitering = "150/1d"
`);
    assert.deepEqual(notes, []);
    assert.deepEqual(config, load('').config);
    assert.deepEqual(config.limits.authentication, { count: 100, period: DAY, banTime: 3_600_000 });
    assert.deepEqual(config.limits['invalid-rcpt'], { count: 35, period: DAY, banTime: 3_600_000 });
    assert.deepEqual(config.limits.loitering, { count: 150, period: DAY, banTime: 3_600_000 });
    assert.deepEqual(config.limits.scan, { count: 30, period: DAY, banTime: 3_600_000 });
  });

  const rates: readonly (readonly [string, string, (loaded: Loaded) => unknown, unknown])[] = [
    [
      '[authentication]\nrate-limit = "10/1m"\n',
      'authentication.rate-limit',
      ({ config }) => config.requests.authentication,
      { count: 10, period: MINUTE },
    ],
    [
      '[jmap.rate-limit]\nuse-forwarded = false\n',
      'jmap.rate-limit.use-forwarded',
      ({ config }) => config.requests.useForwarded,
      false,
    ],
    [
      '[jmap.rate-limit]\nauthentication = "10/1m"\n',
      'jmap.rate-limit.authentication',
      ({ config }) => config.requests.jmapAuthentication,
      { count: 10, period: MINUTE },
    ],
    [
      '[jmap.rate-limit]\nanonymous = "100/1m"\n',
      'jmap.rate-limit.anonymous',
      ({ config }) => config.requests.anonymous,
      { count: 100, period: MINUTE },
    ],
    [
      '[jmap.rate-limit]\naccount = "1000/1m"\n',
      'jmap.rate-limit.account',
      ({ config }) => config.requests.account,
      { count: 1000, period: MINUTE },
    ],
    [
      '[jmap.protocol.request]\nmax-concurrent = 4\n',
      'jmap.protocol.request.max-concurrent',
      ({ config }) => config.requests.concurrentRequests,
      4,
    ],
    [
      '[jmap.protocol.upload]\nmax-concurrent = 4\n',
      'jmap.protocol.upload.max-concurrent',
      ({ config }) => config.requests.concurrentUploads,
      4,
    ],
    [
      '[jmap.rate-limit.cache]\nsize = 1024\n',
      'jmap.rate-limit.cache.size',
      ({ config }) => config.requests.cacheSize,
      1024,
    ],
  ];
  for (const [text, name, read, expected] of rates) {
    it(`load ${name} as it stands`, () => {
      const loaded = load(text);
      assert.deepEqual(read(loaded), expected);
      assert.deepEqual(loaded.notes, []);
    });
  }

  it('take the names that the same limits had later', () => {
    const { config, notes } = load('[http.rate-limit]\naccount = "500/1m"\nanonymous = "50/1m"\n');
    assert.deepEqual(config.requests.account, { count: 500, period: MINUTE });
    assert.deepEqual(config.requests.anonymous, { count: 50, period: MINUTE });
    assert.equal(notes.length, 2);
  });

  it('take a whitelist with spaces, as a PBX writes it', () => {
    const { config } = load('[server]\nallowed-ip = "93.188.40.10 93.188.40.10/32 2001:db8::1/32"\n');
    assert.deepEqual(
      config.allowed.map(({ network }) => network),
      ['93.188.40.10/32', '93.188.40.10/32', '2001:db8::/32'],
    );
  });
});

describe('our reference shape', () => {
  const { config, notes } = load(`
[server.fail2ban]                 # count/period; "off" switches one off
authentication = "100/1d"
invalid-rcpt   = "35/1d"
loitering      = "150/1d"
scan           = "30/1d"
ban-time       = "1h"             # or "permanent"
increment      = { factor = 2, max = "30d" }    # repeat offenders
# or, as a PBX admin writes it:  authentication = { attempts = 20, within = "10m", block-for = "10m" }
# or a preset:                   preset = "weak" | "normal" | "enhanced" | "paranoid"

[server]
allowed-ip = ["192.0.2.0/24", "2001:db8::/32"]  # a space-separated string works too; names may be given per network
ipv6-prefix = 64                                # addresses in one prefix count and are banned together

[authentication]
rate-limit = "10/1m"              # over it: refused until the window has room again

[jmap.rate-limit]                 # use-forwarded, authentication, anonymous, account, cache.size
[jmap.protocol.request]           # max-concurrent
[jmap.protocol.upload]            # max-concurrent

[source.mail]                     # any number, any names
files  = ["/var/log/mail.log"]    # globs; new files are picked up while running
filter = ["postfix", "dovecot"]
[source.journal]
units  = ["postfix@-.service", "dovecot.service"]
filter = ["postfix", "dovecot"]

[firewall]
backend = "auto"                  # nftables, iptables, command, none
ports   = [25, 80, 110, 143, 443, 465, 587, 993, 995, 4190]   # [] = all
action  = "drop"                  # or "reject"
`);

  it('loads, and differs from the defaults only in sources and allowed networks', () => {
    const defaults = load('').config;
    assert.deepEqual({ ...config, sources: [], allowed: [] }, defaults);
    assert.deepEqual(notes, []);
  });

  it('gives sources ready for use', () => {
    const common = { filters: ['postfix', 'dovecot'], zone: null };
    assert.deepEqual(config.sources, [
      { type: 'files', name: 'mail', files: ['/var/log/mail.log'], ...common },
      { type: 'journal', name: 'journal', units: ['postfix@-.service', 'dovecot.service'], ...common },
    ]);
    assert.deepEqual(config.allowed, [
      { network: '192.0.2.0/24', name: null },
      { network: '2001:db8::/32', name: null },
    ]);
  });
});
