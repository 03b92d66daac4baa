/** Bad values: the exact message, line and column of each, and all of them in one go. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseConfig } from '../../src/config/load.ts';
import { type ConfigError, ConfigErrors } from '../../src/errors.ts';

/** The problems of a text as `line:column message [hint]`. */
function problems(text: string): string[] {
  return errorsOf(text).map(
    ({ line, column, message, hint }) => `${line}:${column} ${message}${hint === '' ? '' : ` [${hint}]`}`,
  );
}

function errorsOf(text: string): readonly ConfigError[] {
  try {
    parseConfig(text, 'tailban.toml', { filters: ['postfix', 'dovecot'] });
  } catch (error) {
    assert.ok(error instanceof ConfigErrors, String(error));
    return error.errors;
  }
  return [];
}

describe('bad rates', () => {
  const at = 'Cannot read server.fail2ban.scan:';
  const rates: readonly (readonly [string, string])[] = [
    ['"0/1d"', `2:9 ${at} A count of 0 would ban at once, write "off" to switch the limit off`],
    ['"10"', `2:11 ${at} The period is missing, write 10/1h or 10/1d`],
    ['"10/"', `2:12 ${at} The period is missing after the slash, write 10/1h or 10/1d`],
    ['"-1/1d"', `2:9 ${at} "-1" is no count, write a whole number of 1 or more before the slash, such as 10/1m`],
    ['"10/1x"', `2:13 ${at} "x" is no unit of time, the units are ms, s, m, h, d and w`],
    ['"10/1d junk"', `2:15 ${at} "junk" is not expected here`],
    ['"10/5"', `2:13 ${at} 5 has no unit, write 5s, 5m, 5h or 5d`],
    ['"10/0s"', `2:12 ${at} A duration of zero is not possible`],
    ['"/1d"', `2:9 ${at} The count is missing, write a rate such as 10/1m`],
    ['"0"', `2:9 ${at} A count of 0 would ban at once, write "off" to switch the limit off`],
    ['"9999999/1d"', `2:9 ${at} A count of 9999999 is more than the 1,000,000 that can be kept`],
    ['"\\u0031\\u0030/1x"', `2:23 ${at} "x" is no unit of time, the units are ms, s, m, h, d and w`],
    ['100', `2:8 ${at} the number 100 is no rate [Write "100/1d" in quotes, or "off"]`],
    ['true', `2:8 ${at} true is no rate [Write "10/1d" in quotes, or "off"]`],
    ['[]', `2:8 ${at} an array is no rate [Write "10/1d" in quotes, or "off"]`],
    [
      '{ attempts = 3 }',
      `2:8 ${at} within is missing [Write { attempts = 20, within = "10m", block-for = "10m" }, or a rate such as "20/10m"]`,
    ],
    [
      '{ attempts = 3, within = 0 }',
      '2:33 Cannot read server.fail2ban.scan.within: the number 0 is not a whole number of seconds, 1 or more',
    ],
    [
      '{ attempts = 0, within = 60 }',
      '2:21 Cannot read server.fail2ban.scan.attempts: the number 0 is not a whole number from 1 to 1,000,000',
    ],
    [
      '{ attempts = 3, within = "60", block-for = "permanant" }',
      '2:36 Cannot read server.fail2ban.scan.within: 60 has no unit, write 60s, 60m, 60h or 60d',
    ],
  ];
  for (const [value, problem] of rates) {
    it(`reports ${value}`, () => {
      assert.equal(problems(`[server.fail2ban]\nscan = ${value}\n`)[0], problem);
    });
  }
});

describe('bad values', () => {
  const cases: readonly (readonly [string, string])[] = [
    [
      'server.fail2ban.ban-time = -1',
      '1:28 Cannot read server.fail2ban.ban-time: the number -1 is no ban time [For a ban without end write "permanent"]',
    ],
    [
      'server.fail2ban.ban-time = 600',
      '1:28 Cannot read server.fail2ban.ban-time: the number 600 is no duration [Write it with a unit and in quotes, such as "600s"]',
    ],
    [
      'server.fail2ban.preset = "nromal"',
      '1:26 Cannot read server.fail2ban.preset: "nromal" is none of "weak", "normal", "enhanced", "paranoid" [Did you mean "normal"?]',
    ],
    [
      'server.fail2ban.increment = { factor = 1 }',
      '1:40 Cannot read server.fail2ban.increment.factor: the number 1 is not a number above 1 and up to 1000',
    ],
    [
      'server.fail2ban.increment = true',
      '1:29 Cannot read server.fail2ban.increment: true is neither "off" nor a table [Write { factor = 2, max = "30d" }, or "off"]',
    ],
    [
      'server.fail2ban = { ban-time = "2d", increment = { max = "1d" } }',
      '1:58 Cannot read server.fail2ban.increment.max: it is shorter than a ban time, so repeated bans would be shorter than first ones [Raise max, or leave it out]',
    ],
    [
      'server.allowed-ip = ["192.0.2.1", "192.0.2.0/33"]',
      '1:46 Cannot read server.allowed-ip[1]: "33" is no prefix length from 0 to 32',
    ],
    [
      "server.allowed-ip = '192.0.2.1  mail.example.org'",
      '1:33 Cannot read server.allowed-ip: "mail.example.org" is no address or network [Host names are not looked up, write the addresses]',
    ],
    [
      'server.allowed-ip = "fe80::1%eth0"',
      '1:22 Cannot read server.allowed-ip: "fe80::1%eth0" is no address or network [Write one such as 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32]',
    ],
    [
      'server.allowed-ip = [\n  "192.0.2.1", # one\n  "192.0.2.1 192.0.2.2",\n]',
      '3:4 Cannot read server.allowed-ip[1]: "192.0.2.1 192.0.2.2" is more than one address [Write each address as an item of its own]',
    ],
    [
      'server.ipv6-prefix = 16',
      '1:22 Cannot read server.ipv6-prefix: the number 16 is not a whole number from 32 to 128',
    ],
    [
      'server.ipv6-prefix = "64"',
      '1:22 Cannot read server.ipv6-prefix: "64" is not a whole number from 32 to 128 [Write 64 without quotes]',
    ],
    [
      '[server.network]\noffice = "192.0.2.0/24"',
      '2:10 Cannot read server.network.office: this is a value where a table is expected [Write the table as [name], its settings below]',
    ],
    [
      '[server.network.office]\nnever-block = true',
      '1:17 Cannot read server.network.office: address is missing [Write address = "192.0.2.0/24"]',
    ],
    [
      '[source.mail]\nfiles = ["/var/log/mail.log", "log/mail.log"]',
      '2:32 Cannot read source.mail.files[1]: "log/mail.log" is no absolute path [Write a path that starts with /, such as "/var/log/mail.log"]',
    ],
    [
      '[source.mail]\nfiles = []',
      '2:9 Cannot read source.mail.files: the list names no file [Name at least one file, or leave the setting out]',
    ],
    [
      '[source.mail]\nfilter = "postfix"',
      '1:9 Cannot read source.mail: this source reads nothing [Write files = ["/var/log/mail.log"], units = ["dovecot.service"] or journal = true]',
    ],
    [
      '[source.mail]\nfiles = ["/var/log/mail.log"]\nunits = ["dovecot.service"]',
      '3:1 Cannot read source.mail.units: a source reads files, the journal or a webhook, only one of them [Make two sources of it, such as [source.mail] and [source.journal]]',
    ],
    [
      '[source.mail]\nwebhook = "127.0.0.1:8081"\nkey = "long enough"\njournal = true',
      '2:1 Cannot read source.mail.webhook: a source reads files, the journal or a webhook, only one of them [Make two sources of it, such as [source.mail] and [source.journal]]',
    ],
    [
      '[source.mail]\nwebhook = "127.0.0.1:8081"',
      '2:1 Cannot read source.mail.webhook: a webhook needs a key, or anybody could send events [Write key = "…", the signature key that Stalwart has]',
    ],
    [
      '[source.mail]\nfiles = ["/a"]\nkey = "long enough"',
      '3:1 Cannot read source.mail.key: a key is of a webhook, and there is none here [Leave key out]',
    ],
    [
      '[source.mail]\nwebhook = "localhost:8081"\nkey = "long enough"',
      '2:11 Cannot read source.mail.webhook: "localhost" is no address [Write one such as "127.0.0.1:8081" or "[::1]:8081"]',
    ],
    [
      '[source.mail]\nwebhook = "127.0.0.1:80810"\nkey = "long enough"',
      '2:22 Cannot read source.mail.webhook: 80810 is no port, a whole number from 1 to 65535',
    ],
    [
      '[source.mail]\nwebhook = "[::1]:8081"\nkey = "short"',
      '3:7 Cannot read source.mail.key: a key of 5 characters is too easy to guess, it needs 8 or more [Make one with: openssl rand -base64 24]',
    ],
    [
      '[source.mail]\nfiles = ["/a"]\nfilter = ["postfix", "dovceot"]',
      '3:23 Cannot read source.mail.filter: there is no filter "dovceot" [Did you mean "dovecot"?]',
    ],
    [
      '[source.mail]\nfiles = ["/a"]\nfilter = "postfix exim"',
      '3:19 Cannot read source.mail.filter: there is no filter "exim" [There are dovecot, postfix]',
    ],
    [
      '[source.mail]\nfiles = ["/a"]\ntimezone = "Europe/Brelin"',
      '3:12 Cannot read source.mail.timezone: "Europe/Brelin" is no time zone [Did you mean "Europe/Berlin"?]',
    ],
    [
      '[source.mail]\nunits = ["-x"]',
      '2:11 Cannot read source.mail.units[0]: "-x" is no name of a systemd unit [Write one such as "dovecot.service" or "postfix@-.service"]',
    ],
    [
      '[source.mail]\nunits = "dovecot.service postfix*"',
      '2:26 Cannot read source.mail.units: "postfix*" is a pattern, but units are known by their whole names [Write each unit by its name, such as "dovecot.service" or "postfix@-.service"; systemctl list-units shows them]',
    ],
    [
      '[source.mail]\nunits = ["postfix@.service"]',
      '2:11 Cannot read source.mail.units[0]: "postfix@.service" is a template, and only its instances log [Write the instance behind the @, such as "postfix@-.service"]',
    ],
    [
      '[source.mail]\nunits = ["mail.target"]',
      '2:11 Cannot read source.mail.units[0]: "mail.target" is a target, which logs nothing [Write the service, such as "dovecot.service"]',
    ],
    [
      '[source."a:b"]\njournal = true',
      '1:9 Cannot read source."a:b": "a:b" is no usable name [A name is made of letters, digits, dots, dashes and underscores]',
    ],
    [
      '[[source]]\nfiles = "/a"',
      '1:3 Cannot read source: this is an array where a table is expected [Write the table in single brackets, [name]]',
    ],
    [
      'firewall.backend = "iptable"',
      '1:20 Cannot read firewall.backend: "iptable" is none of "auto", "nftables", "iptables", "firewalld", "ufw", "none" [Did you mean "iptables"?]',
    ],
    [
      'firewall.chains = ["INPUT", "-j ACCEPT"]',
      '1:30 Cannot read firewall.chains[1]: "-j ACCEPT" is no name of a chain [Write one such as "INPUT" or "DOCKER-USER"]',
    ],
    [
      'firewall.chains = []',
      '1:19 Cannot read firewall.chains: the list names no chain [Name at least one chain, or leave the setting out]',
    ],
    [
      'firewall.ports = [25, 65536]',
      '1:23 Cannot read firewall.ports[1]: the number 65536 is no port, a whole number from 1 to 65535',
    ],
    [
      'firewall.ports = "all"',
      '1:18 Cannot read firewall.ports: "all" is no array of ports [Write [25, 587], or [] for all ports]',
    ],
    [
      'store.path = "tailban.db"',
      '1:14 Cannot read store.path: "tailban.db" is no absolute path [Write a path that starts with /]',
    ],
    [
      `api.socket = "/${'x'.repeat(107)}"`,
      '1:14 Cannot read api.socket: a path of 108 bytes is longer than the 107 possible here',
    ],
    [
      'server.fail2ban.enabled = 1',
      '1:27 Cannot read server.fail2ban.enabled: the number 1 is neither true nor false [Write true or false without quotes]',
    ],
    [
      'log.level = 1979-05-27',
      '1:13 Cannot read log.level: a date or time is none of "debug", "info", "warn", "error"',
    ],
    [
      'authentication.rate-limit = "10/1"',
      '1:34 Cannot read authentication.rate-limit: 1 has no unit, write 1s, 1m, 1h or 1d',
    ],
    [
      'server.auto-ban.auth.rate = "10/1x"',
      '1:34 Cannot read server.auto-ban.auth.rate: "x" is no unit of time, the units are ms, s, m, h, d and w',
    ],
  ];
  for (const [text, problem] of cases) {
    it(`reports ${text.replaceAll('\n', ' ↵ ').slice(0, 90)}`, () => assert.deepEqual(problems(text), [problem]));
  }

  it('reports everything in one go, in the order of the lines', () => {
    const text = 'x = 1\n[log]\nlevel = "inf"\n[server]\nallowed-ip = ["a", "192.0.2.1", 3]\nipv6-prefix = 1\n';
    assert.deepEqual(
      errorsOf(text).map(({ line, column }) => `${line}:${column}`),
      ['1:1', '3:9', '5:16', '5:33', '6:15'],
    );
  });

  it('says in its own message how many problems there are', () => {
    assert.throws(() => parseConfig('x = 1\ny = 2\n[z]', 'f'), { message: 'Unknown setting x (and 2 more)' });
  });

  it('lets no control character of the file through to the terminal', () => {
    const [problem = ''] = problems('server.fail2ban.scan = "10/1\\u001b[31m"');
    assert.doesNotMatch(problem, /\p{Cc}/u);
  });
});

describe('what is no TOML', () => {
  const cases: readonly (readonly [string, string])[] = [
    [
      '[server.fail2ban]\nscan = 30/1d',
      '2:10 Cannot read this as TOML: illegal character in numeric literal [Text, rates and durations stand in quotes, such as "10/1m"]',
    ],
    [
      '[server]\nipv6-prefix = 64\nipv6-prefix = 64',
      '3:1 Cannot read this as TOML: this is defined twice [Write each table and each key once]',
    ],
    ['[server\nx = 1', '1:8 Cannot read this as TOML: illegal character in key'],
    ['a = "b', '1:5 Cannot read this as TOML: unfinished string [Is a closing quote missing?]'],
    ['__proto__.a = 1', '1:1 Cannot read this as TOML: no key may be called __proto__ or constructor'],
  ];
  for (const [text, problem] of cases) {
    it(`reports ${text.replaceAll('\n', ' ↵ ')}`, () => assert.deepEqual(problems(text), [problem]));
  }
});
