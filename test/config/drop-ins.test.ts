/** A configuration of several files: what holds, and where problems are. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Config } from '../../src/config/config.ts';
import { type Loaded, loadConfig, noteText } from '../../src/config/load.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { ConfigErrors } from '../../src/errors.ts';
import { diskOf, systemError } from './disk.ts';

const MAIN = '/etc/tailban/tailban.toml';
const FOLDER = '/etc/tailban/tailban.d';

/** @param dropIns texts by file name. */
function load(main: string | null, dropIns: Readonly<Record<string, string | Error>>, path = MAIN): Promise<Loaded> {
  const files = Object.entries(dropIns).map(([name, text]) => [`${FOLDER}/${name}`, text]);
  return loadConfig(path, diskOf({ ...(main === null ? {} : { [path]: main }), ...Object.fromEntries(files) }), {
    filters: ['postfix', 'dovecot'],
  });
}

async function configOf(main: string, ...dropIns: string[]): Promise<Config> {
  return (await load(main, Object.fromEntries(dropIns.map((text, index) => [`${index}.toml`, text])))).config;
}

/** `name:line:column: message (hint)` of each problem. */
async function problems(main: string | null, dropIns: Readonly<Record<string, string | Error>>): Promise<string[]> {
  try {
    await load(main, dropIns);
  } catch (error) {
    assert.ok(error instanceof ConfigErrors);
    return error.errors.map(
      ({ file, line, column, message, hint }) =>
        `${file.replace(`${FOLDER}/`, '').replace(MAIN, 'main')}:${line}:${column}: ${message} (${hint.replaceAll(`${FOLDER}/`, '').replaceAll(MAIN, 'main')})`,
    );
  }
  return [];
}

describe('what holds', () => {
  it('tables are merged, however they are written', async () => {
    const { limits, banTime, firewall } = await configOf(
      '[server.fail2ban]\nscan = "5/1h"\nban-time = "2h"\n[firewall]\nports = [25, 143]',
      'server.fail2ban.scan = "7/1h"',
      '[server]\nfail2ban = { invalid-rcpt = "9/1h" }\n',
    );
    assert.equal(limits.scan?.count, 7);
    assert.equal(limits['invalid-rcpt']?.count, 9);
    assert.equal(banTime, 7_200_000);
    assert.deepEqual(firewall.ports, [25, 143]);
  });

  it('an array takes the place of the array before it', async () => {
    const { firewall } = await configOf('firewall.ports = [25, 143]', 'firewall.ports = [993]');
    assert.deepEqual(firewall.ports, [993]);
  });

  it('a value takes the place of a table, and a table that of a value', async () => {
    const full = 'server.fail2ban.scan = { attempts = 3, within = "1h", block-for = "5m" }';
    const short = 'server.fail2ban.scan = "8/1h"';
    assert.equal((await configOf(full, short)).limits.scan?.banTime, 3_600_000);
    assert.equal((await configOf(short, full)).limits.scan?.banTime, 300_000);
  });

  it('sources are added and changed by their names', async () => {
    const { sources } = await configOf(
      '[source.mail]\nfiles = ["/var/log/mail.log"]',
      '[source.web]\nfiles = ["/var/log/nginx/*.log"]',
      '[source.mail]\nfilter = ["postfix"]',
    );
    assert.deepEqual(
      sources.map(({ name, filters }) => [name, filters]),
      [
        ['mail', ['postfix']],
        ['web', null],
      ],
    );
  });

  it('the files come in the order of their names, and only those that end in .toml', async () => {
    const limit = (count: number): string => `server.fail2ban.scan = "${count}/1h"`;
    const { config, files } = await load(limit(1), {
      '9.toml': limit(9),
      '10.toml': limit(10),
      'Z.toml': limit(11),
      'a.toml': limit(12),
      'b.toml~': limit(13),
      'c.toml.dpkg-dist': 'broken',
      '.d.toml': 'broken',
      'e.conf': 'broken',
    });
    assert.equal(config.limits.scan?.count, 12);
    assert.deepEqual(files, [MAIN, ...['10', '9', 'Z', 'a'].map((name) => `${FOLDER}/${name}.toml`)]);
  });

  it('drop-ins hold without a main file', async () => {
    const { config, files } = await load(null, { 'a.toml': 'server.ipv6-prefix = 56' });
    assert.equal(config.ipv6Prefix, 56);
    assert.deepEqual(files, [`${FOLDER}/a.toml`]);
  });

  it('a file of another name has drop-ins of its own', async () => {
    const { config } = await load('', { 'a.toml': 'server.ipv6-prefix = 56' }, '/etc/tailban/draft.toml');
    assert.equal(config.ipv6Prefix, 64);
  });

  it('a drop-in changes what the main file writes under an older name, and the other way round', async () => {
    const [older, today] = ['server.auto-ban.scan.rate = "5/1h"', 'server.fail2ban.scan = "6/1h"'];
    assert.equal((await configOf(older, today)).limits.scan?.count, 6);
    assert.equal((await configOf(today, older)).limits.scan?.count, 5);
  });
});

describe('where problems are', () => {
  it('each is told in its own file, in the order of reading', async () => {
    assert.deepEqual(
      await problems('server.ipv6-prefix = 7\n', {
        'a.toml': '\n[firewall]\n  action = "dorp"\n',
        'b.toml': '# ours\nbantime = 3\n[source.mail]\nfiles = ["/x"]\nfilter = ["postfx"]',
      }),
      [
        'main:1:22: Cannot read server.ipv6-prefix: the number 7 is not a whole number from 32 to 128 ()',
        'a.toml:3:12: Cannot read firewall.action: "dorp" is none of "drop", "reject" ()',
        'b.toml:2:1: Unknown setting bantime (The ban time is server.fail2ban.ban-time, such as ban-time = "1h")',
        'b.toml:5:12: Cannot read source.mail.filter: there is no filter "postfx" (Did you mean "postfix"?)',
      ],
    );
  });

  it('what a later file overrides is a problem all the same, as is the name of a filter there', async () => {
    assert.deepEqual(
      await problems('', {
        'y.toml': '[server.fail2ban]\nauthentication = "0/1d"\nloitering = true\n[source.s]\nfilter = ["postfx"]',
        'z.toml':
          '[server.fail2ban]\nauthentication = "7/1h"\nloitering = "off"\n[source.s]\nfiles = ["/x"]\nfilter = ["postfix"]',
      }).then((found) => found.map((problem) => problem.split(': ').slice(0, 2).join(': '))),
      [
        'y.toml:2:19: Cannot read server.fail2ban.authentication',
        'y.toml:3:13: Cannot read server.fail2ban.loitering',
        'y.toml:5:12: Cannot read source.s.filter',
      ],
    );
  });

  it('a value never takes the place of a table, also where a later file writes that table again', async () => {
    const written = '[server.fail2ban]\nban-time = "10m"';
    const hint = 'Write the table as [name], its settings below';
    assert.deepEqual(
      await problems(written, { 'y.toml': '[server]\nfail2ban = 3', 'z.toml': written.replace('10m', '7m') }),
      [`y.toml:2:12: Cannot read server.fail2ban: this is a value where a table is expected (${hint})`],
    );
  });

  it('what a rule asks for may stand in several files', async () => {
    assert.deepEqual(
      await problems('server.fail2ban.scan = { attempts = 3 }\nsource.s.filter = ["postfix"]', {
        'a.toml': 'server.fail2ban.scan = { within = "1h" }\nsource.s.files = ["/x"]',
      }),
      [],
    );
  });

  it('all files with wrong syntax are told', async () => {
    const found = await problems('a = ', { 'a.toml': '[b', 'b.toml': 'server.ipv6-prefix = 7' });
    assert.deepEqual(
      found.map((problem) => problem.split(': ', 1)[0]),
      ['main:1:5', 'a.toml:1:2'],
    );
  });

  it('where two files contradict each other the later one is told, and the earlier one named', async () => {
    const [log, hook] = [
      '[source.s]\nfiles = ["/x"]',
      '# hook\n[source.s]\nwebhook = "127.0.0.1:81"\nkey = "abcdefgh12345678"',
    ];
    const rule = 'a source reads files, the journal or a webhook, only one of them';
    const hint = 'Make two sources of it, such as [source.mail] and [source.journal]';
    assert.deepEqual(await problems(log, { 'a.toml': hook }), [
      `a.toml:3:1: Cannot read source.s.webhook: ${rule} (${hint}; source.s.files stands in main:2)`,
    ]);
    assert.deepEqual(await problems(hook, { 'a.toml': '', 'b.toml': log }), [
      `b.toml:2:1: Cannot read source.s.files: ${rule} (${hint}; source.s.webhook stands in main:3)`,
    ]);
  });

  it('a problem is told under the name that its file uses', async () => {
    assert.deepEqual(
      await problems('server.fail2ban.scan = "1/1h"', { 'a.toml': 'server.auto-ban.scan.rate = "x"' }).then((found) =>
        found.map((problem) => problem.split(': ').slice(0, 2).join(': ')),
      ),
      ['a.toml:1:30: Cannot read server.auto-ban.scan.rate'],
    );
  });

  it('both names of a setting in one file are a problem there', async () => {
    assert.deepEqual(
      await problems('', { 'a.toml': 'server.auto-ban.scan.rate = "5/1h"\nserver.fail2ban.scan = "6/1h"' }),
      [
        'a.toml:1:22: Cannot read server.auto-ban.scan.rate: it is an older name of server.fail2ban.scan, which is written too (Remove server.auto-ban.scan.rate)',
      ],
    );
  });

  it('files that cannot be read are problems, all of them', async () => {
    assert.deepEqual(
      await problems('', {
        'a.toml': systemError('EACCES'),
        'b.toml': systemError('EISDIR'),
        'c.toml': systemError('ENOENT'),
      }),
      [
        'a.toml:0:0: Cannot read the configuration: this user may not read it (Run as root, or as a user who may)',
        'b.toml:0:0: Cannot read the configuration: it is a directory (Give it a name that does not end in .toml)',
        'c.toml:0:0: Cannot read the configuration: it is a link that leads to nothing (Remove it)',
      ],
    );
  });

  it('a folder that cannot be looked into is a problem', async () => {
    await assert.rejects(loadConfig(MAIN, diskOf({ [MAIN]: '', [FOLDER]: systemError('EACCES') })), (error) => {
      assert.ok(error instanceof ConfigErrors);
      assert.equal(
        error.errors.map((problem) => formatProblem(problem, '')).join('\n'),
        `${FOLDER}: Cannot read the configuration: this user may not read it\n  hint: Run as root, or as a user who may`,
      );
      return true;
    });
  });
});

it('notes carry their file', async () => {
  const { notes } = await load('server.fail2ban.authentication = "5/1h"', {
    'a.toml': '\nserver.fail2ban.preset = "weak"',
    'b.toml': 'server.auto-ban.scan.rate = "5/1h"',
  });
  assert.deepEqual(notes.map(noteText), [
    `${FOLDER}/a.toml:2:17: server.fail2ban.preset has no effect, because server.fail2ban.authentication is written in ${MAIN}:1`,
    `${FOLDER}/b.toml:1:22: server.auto-ban.scan.rate is an older name; write server.fail2ban.scan`,
  ]);
});
