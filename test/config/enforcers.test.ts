/** The tables of deny files and commands: what they mean, and what is wrong in them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compareConfigs } from '../../src/config/compare.ts';
import { parseConfig } from '../../src/config/load.ts';
import { renderConfig } from '../../src/config/render.ts';
import { ConfigErrors } from '../../src/errors.ts';

function problems(text: string): string[] {
  try {
    parseConfig(text, 'tailban.toml');
  } catch (error) {
    assert.ok(error instanceof ConfigErrors, String(error));
    return error.errors.map(
      ({ line, column, message, hint }) =>
        `${line}:${column} ${message.replace(/^Cannot read \S+: /, '')}${hint && `: ${hint}`}`,
    );
  }
  return [];
}

const DOCUMENT = `
[dovecot.deny-file]
path = "/etc/dovecot/tailban/deny"
spare-owners = true
kick = true
[exim.deny-file]
logins = "/etc/exim4/tailban/logins"
[command.mine]
ban = ["/bin/block", "--", "{subject}"]
unban = ["/bin/unblock", "{}", "{seconds}"]
kinds = ["login", "address"]
timeout = "5s"
[command.all]
ban = ["/bin/lines"]
batch = true
`;

describe('deny files and commands', () => {
  it('are what is written, and the same after rendering', () => {
    const { config } = parseConfig(DOCUMENT, 'tailban.toml');
    const denyFile = { path: '/etc/dovecot/tailban/deny', spareOwners: true, addresses: false, kick: true };
    assert.deepEqual(config.dovecot.denyFile, denyFile);
    assert.deepEqual(config.exim.denyFile, { logins: '/etc/exim4/tailban/logins', addresses: null });
    const common = {
      unban: null,
      reset: null,
      batch: false,
      types: ['address', 'network'],
      refusesLogins: false,
      timeout: 30_000,
    };
    assert.deepEqual(config.commands, [
      {
        ...common,
        name: 'mine',
        ban: ['/bin/block', '--', '{subject}'],
        unban: ['/bin/unblock', '{}', '{seconds}'],
        types: ['address', 'login'],
        timeout: 5_000,
      },
      { ...common, name: 'all', ban: ['/bin/lines'], batch: true },
    ]);
    assert.deepEqual(parseConfig(renderConfig(config), 'tailban.toml').config, config);
  });

  it('are built anew when they change, and when the names of logins do', () => {
    const before = parseConfig(DOCUMENT, '').config;
    const differs = (text: string, base = before): boolean =>
      compareConfigs(base, parseConfig(text, '').config).enforcers;
    assert.ok(!differs(DOCUMENT));
    assert.ok(differs(DOCUMENT.replace('5s', '6s')));
    assert.ok(differs(DOCUMENT.replace('kick = true', '')));
    assert.ok(differs(`${DOCUMENT}[login]\ndefault-domain = "example.org"`));
    assert.ok(!differs('[login]\ndefault-domain = "example.org"', parseConfig('', '').config));
  });

  const cases: readonly (readonly [string, RegExp])[] = [
    ['[command.x]\nunban = ["a"]', /^1:\d+ ban is missing: Write ban = /],
    ['[command.x]\nban = "rm -rf {subject}"', /^2:7 one string is no command: Write \["\/path/],
    ['[command.x]\nban = []', /^2:7 .*no command/],
    ['[command.x]\nban = ["a", 7]', /^2:13 the number 7 is no argument: Write it in quotes$/],
    ['[command.x]\nban = ["{login}"]', /^2:\d+ the program is always the same one/],
    [
      '[command.x]\nban = ["a", "--ip={adress}"]',
      /^2:\d+ nothing is known to fill in for \{adress\}: Known are action, /,
    ],
    ['[command.x]\nban = ["a"]\nreset = ["b", "{subject}"]', /^3:9 reset reads its bans from standard input/],
    ['[command.x]\nban = ["a", "{subject}"]\nbatch = true', /^2:7 with batch, ban reads from standard input/],
    ['[command.x]\nban = ["a"]\nunban = ["b"]\nbatch = true', /^3:1 with batch, ban is told of the ends of bans too/],
    ['[command.x]\nban = ["a"]\nkinds = []', /^3:9 .*names no kinds/],
    ['[command.x]\nban = ["a"]\nkinds = ["logins"]', /^3:10 "logins" is none of "address", "network", "login"$/],
    ['[exim.deny-file]\nlogins = "/a"\naddresses = "/a"', /^3:13 this is the file of the logins/],
    ['[dovecot.deny-file]\npath = "deny"', /^2:8 "deny" is no absolute path/],
  ];
  for (const [text, problem] of cases) {
    it(`reports ${text.replaceAll('\n', ' ↵ ')}`, () => {
      const [first = 'none', ...more] = problems(text);
      assert.match(first, problem);
      assert.deepEqual(more, []);
    });
  }
});
