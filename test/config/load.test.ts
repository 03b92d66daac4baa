/** Loading a file, and showing what is wrong with it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Disk } from '../../src/config/files.ts';
import { loadConfig, parseConfig } from '../../src/config/load.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { ConfigError, ConfigErrors } from '../../src/errors.ts';
import { diskOf } from './disk.ts';

function shown(text: string): string[] {
  try {
    parseConfig(text, '/etc/tailban/tailban.toml');
  } catch (error) {
    assert.ok(error instanceof ConfigErrors);
    return error.errors.flatMap((problem) => formatProblem(problem, text).split('\n'));
  }
  return [];
}

function failing(error: Error): Disk {
  return { read: () => Promise.reject(error), list: () => Promise.reject(error) };
}

describe('loadConfig', () => {
  it('gives the defaults without a path, and reads nothing', async () => {
    const loaded = await loadConfig(null, failing(new Error('must not be read')));
    assert.deepEqual(loaded, { ...parseConfig('', ''), files: [] });
    assert.deepEqual(loaded.config.sources, []);
    assert.equal(loaded.config.enabled, true);
  });

  it('reads the file that it is told, a byte order mark and CRLF included', async () => {
    const text = '\uFEFF[server]\r\nipv6-prefix = 56\r\n';
    const loaded = await loadConfig('/x.toml', diskOf({ '/x.toml': text }));
    assert.equal(loaded.config.ipv6Prefix, 56);
    assert.deepEqual(loaded.files, ['/x.toml']);
  });

  const failures: readonly (readonly [string, string])[] = [
    [
      'ENOENT',
      '/x.toml: Cannot read the configuration: there is no such file\n  hint: Without a configuration file the defaults hold',
    ],
    [
      'EACCES',
      '/x.toml: Cannot read the configuration: this user may not read it\n  hint: Run as root, or as a user who may',
    ],
    ['EISDIR', '/x.toml: Cannot read the configuration: it is a directory\n  hint: Name the file'],
    ['EIO', '/x.toml: Cannot read the configuration: it went wrong'],
  ];
  for (const [code, message] of failures) {
    it(`says so when the file cannot be read (${code})`, async () => {
      const cause = Object.assign(new Error('it went wrong'), { code });
      await assert.rejects(loadConfig('/x.toml', { ...diskOf({}), read: () => Promise.reject(cause) }), (error) => {
        assert.ok(error instanceof ConfigErrors);
        const [problem] = error.errors;
        assert.ok(problem instanceof ConfigError);
        assert.equal(problem.cause, cause);
        assert.equal(formatProblem(problem, ''), message);
        return true;
      });
    });
  }
});

describe('the aliases of logins', () => {
  const toml = '[login]\ndefault-domain = "example.org"\naliases = "/aliases"\n';
  const problemWith = async (aliases: Readonly<Record<string, string | Error>>): Promise<string> => {
    const files = { '/x.toml': toml, ...aliases };
    try {
      await loadConfig('/x.toml', diskOf(files));
    } catch (error) {
      assert.ok(error instanceof ConfigError, String(error));
      return formatProblem(error, String(files['/aliases' as keyof typeof files] ?? ''));
    }
    return 'none';
  };

  it('are part of the configuration', async () => {
    const { config } = await loadConfig('/x.toml', diskOf({ '/x.toml': toml, '/aliases': 'sales: alice\n' }));
    assert.deepEqual([...config.logins.names.aliases], [['sales@example.org', 'alice@example.org']]);
  });

  it('have their own errors, with file, line and what to write', async () => {
    assert.equal(
      await problemWith({ '/aliases': 'sales alice\nchef\n' }),
      '/aliases:2:1: Cannot read this alias: "chef" is not one alias and one login\n  2 | chef\n    | ^\n' +
        '  hint: Write "alias@example.org login@example.org", one pair on a line',
    );
    assert.equal(
      await problemWith({}),
      '/aliases: Cannot read the aliases of logins: it went wrong\n  hint: See login.aliases',
    );
  });
});

describe('formatProblem', () => {
  it('shows the place, the line, a caret under it, and what to write', () => {
    assert.deepEqual(shown('# ours\n[server.fail2ban]\n\tbantime = "1h"\r\n'), [
      '/etc/tailban/tailban.toml:3:2: Unknown setting server.fail2ban.bantime',
      '  3 |  bantime = "1h"',
      '    |  ^',
      '  hint: The ban time is server.fail2ban.ban-time, such as ban-time = "1h"',
    ]);
  });

  it('points at the character that is wrong', () => {
    assert.deepEqual(shown('server.fail2ban.scan = "10/1x" # ten'), [
      '/etc/tailban/tailban.toml:1:29: Cannot read server.fail2ban.scan: "x" is no unit of time, the units are ms, s, m, h, d and w',
      '  1 | server.fail2ban.scan = "10/1x" # ten',
      '    |                             ^',
    ]);
  });

  it('cuts a long line around the place and keeps the caret under it', () => {
    const text = `server.allowed-ip = [${'"192.0.2.1", '.repeat(40)}"bad", ${'"192.0.2.1", '.repeat(40)}]`;
    const [, line = '', caret = ''] = shown(text);
    assert.ok(line.length < 140, String(line.length));
    assert.equal(line.slice(caret.indexOf('^')).slice(0, 4), 'bad"');
  });

  it('shows no control characters of the line', () => {
    const error = new ConfigError('No', { file: 'f', line: 1, column: 5 });
    assert.equal(formatProblem(error, 'a\u001b[2Jb'), 'f:1:5: No\n  1 | a·[2Jb\n    |     ^');
  });

  it('keeps the caret under the place behind characters outside the basic plane', () => {
    const error = new ConfigError('No', { file: 'f', line: 1, column: 3 });
    assert.equal(formatProblem(error, '😀x'), 'f:1:3: No\n  1 | 😀x\n    |  ^');
  });

  it('leaves the line out where there is none', () => {
    assert.equal(
      formatProblem(new ConfigError('No', { file: 'f', line: 9, column: 1 }, 'Yes'), 'x'),
      'f: No\n  hint: Yes',
    );
  });
});
