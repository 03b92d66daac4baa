/** The files for Dovecot and Exim: what stands in them, that it can be read again, and that no change goes unnoticed. */
import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { type Network, parseNetwork } from '../../src/core/ip.ts';
import { subjectKey } from '../../src/core/subject.ts';
import type { Ban, Subject } from '../../src/core/types.ts';
import type { Outcome, Run } from '../../src/enforce/command.ts';
import { type DovecotFileOptions, dovecotFile } from '../../src/enforce/login/dovecot-file.ts';
import { eximAddresses, eximLogins } from '../../src/enforce/login/exim-file.ts';
import { EnforceError } from '../../src/errors.ts';
import { ban, banOf, unban } from './bans.ts';

const NOW = 1_700_000_000_000;
const HOUR = 3_600_000;
const END = '1700003600';
const NAMES = {
  defaultDomain: 'example.org',
  tagDelimiter: '+',
  aliases: new Map([
    ['al@example.org', 'alice@example.org'],
    ['chef@example.net', 'al@example.org'],
  ]),
} as const;
const PLAIN = { defaultDomain: null, tagDelimiter: '+', aliases: new Map<string, string>() } as const;

let folder: string;
let now = NOW;
let path: string;
let kicked: string[];
let warnings: string[];
let outcome: Outcome;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tailban-login-files-'));
  path = join(folder, 'deny');
  now = NOW;
  kicked = [];
  warnings = [];
  outcome = { exitCode: 0, stdout: '', stderr: '' };
});
afterEach(() => rm(folder, { recursive: true }));

const run: Run = async (argv) => {
  kicked.push(argv.join(' '));
  return outcome;
};

function owners(known: Readonly<Record<string, readonly string[]>>) {
  const networks = (texts: readonly string[]): Network[] => texts.map((text) => parseNetwork(text) as Network);
  return (logins: ReadonlySet<string>) =>
    new Map(
      [...logins].flatMap((login): [string, Network[]][] => {
        // A login may be called "__proto__", which every object has.
        const texts = Object.hasOwn(known, login) ? known[login] : undefined;
        return texts ? [[login, networks(texts)]] : [];
      }),
    );
}

function dovecot(options: Partial<DovecotFileOptions> = {}) {
  return dovecotFile({
    path,
    addresses: false,
    owners: null,
    names: PLAIN,
    kick: null,
    run,
    now: () => now,
    warn: (message) => warnings.push(message),
    sleep: async (duration) => kicked.push(`after ${duration}`),
    ...options,
  });
}

async function lines(file = path): Promise<string[]> {
  const text = await readFile(file, 'utf8');
  assert.ok(text.endsWith('\n'));
  return text.split('\n').filter((line) => line !== '' && !/^#( |$)/.test(line));
}

test('Dovecot finds locked logins under all their names', async () => {
  const file = dovecot({ names: NAMES });
  await file.reset([banOf('login:alice@example.org', NOW + HOUR), banOf('login:bob@example.net')]);
  assert.deepEqual(await lines(), [
    `alice@example.org::::${END}`,
    'al@example.org::::',
    'chef@example.net::::',
    'alice::::',
    'al::::',
    'bob@example.net::::permanent',
  ]);
  assert.equal(file.logins, 'spares nobody');
});

test('a line that spares the owner takes any password, but only from elsewhere', async () => {
  const file = dovecot({ owners: owners({ 'alice@example.org': ['128.0.0.0/2', '::/0'] }) });
  await file.reset([banOf('login:alice@example.org'), banOf('login:bob@example.org')]);
  assert.deepEqual(await lines(), [
    'alice@example.org::::permanent:::nopassword allow_nets=0.0.0.0/1,192.0.0.0/2',
    'bob@example.org::::permanent:::nopassword',
  ]);
  assert.equal(file.logins, 'spares owners');
});

test('banned addresses stand in one line for everybody, and only where that is wanted', async () => {
  assert.ok(!dovecot().handles({ type: 'address', address: '192.0.2.1' } as Subject));
  const file = dovecot({ addresses: true });
  await file.reset([banOf('192.0.2.1', NOW + HOUR), banOf('2001:db8::/64')]);
  assert.deepEqual(await lines(), [
    '*banned*:::::::nopassword allow_nets=192.0.2.1/32,2001:db8::/64',
    `#192.0.2.1 ${END}`,
    '#2001:db8::/64 permanent',
  ]);
  await file.apply([unban('192.0.2.1'), unban('2001:db8::/64')]);
  assert.deepEqual(await lines(), []);
});

test('bans come and go, and what was read out of the files is what was written', async () => {
  const logins = join(folder, 'logins');
  const addresses = join(folder, 'addresses');
  const known = owners({ 'alice@example.org': ['198.51.100.0/24'] });
  const files = [
    dovecot({ addresses: true, owners: known, names: NAMES }),
    eximLogins({ path: logins, owners: known, names: NAMES, now: () => now }),
    eximAddresses({ path: addresses, now: () => now }),
  ];
  for (const file of files) {
    const changes = [
      ban('login:alice@example.org', NOW + HOUR),
      ban('login:x'),
      ban('192.0.2.1'),
      ban('10.0.0.0/8', NOW + 1),
    ];
    const mine = changes.filter((change) => change.type === 'ban' && file.handles(change.ban.subject));
    await file.reset([]);
    await file.apply(mine);
    await file.apply(
      [...mine, unban('login:x'), unban('login:y')].filter(
        (change) => change.type === 'ban' || file.handles(change.subject),
      ),
    );
    const remaining = (await file.remaining()).map(({ subject, until }) => `${subjectKey(subject)} ${until}`);
    const all = [`login:alice@example.org ${NOW + HOUR}`, '192.0.2.1 null', `10.0.0.0/8 ${NOW + 1000}`];
    const isMine = (text: string) =>
      file.name.startsWith('Dovecot') || text.startsWith('login:') === file.name.includes('logins');
    assert.deepEqual(remaining, all.filter(isMine), file.name);
  }
  now += 2 * HOUR;
  assert.deepEqual(
    (await dovecot({ addresses: true }).remaining()).map(({ subject }) => subjectKey(subject)),
    ['192.0.2.1'],
  );
  for (const file of files) {
    await file.remove();
    assert.deepEqual(await file.remaining(), []);
  }
  assert.deepEqual(await readdir(folder), ['addresses', 'deny', 'logins']);
});

test('Exim finds a login, and the networks of its owner as its mask operator writes them', async () => {
  const known = owners({ 'alice@example.org': ['198.51.100.0/24', '2001:db8:1::/56'] });
  const file = eximLogins({ path, owners: known, names: NAMES, now: () => now });
  await file.reset([banOf('login:alice@example.org', NOW + HOUR), banOf('login:a "b": \\')]);
  const of = (name: string, value: string) => [
    `"${name}": ${value}`,
    `"${name} 198.51.100.0/24": good`,
    `"${name} 2001.0db8.0001.0000.0000.0000.0000.0000/56": good`,
  ];
  assert.deepEqual(await lines(), [
    ...of('alice@example.org', END),
    ...['al@example.org', 'chef@example.net', 'alice', 'al'].flatMap((name) => of(name, 'alias')),
    '"a \\"b\\": \\\\": permanent',
  ]);
  assert.deepEqual(
    (await file.remaining()).map(({ subject }) => subjectKey(subject)),
    ['login:alice@example.org', 'login:a "b": \\'],
  );
});

test('no login adds a line or another user', async () => {
  const files = [
    dovecot({ addresses: true }),
    eximLogins({ path: join(folder, 'logins'), owners: owners({}), names: PLAIN, now: () => now }),
  ];
  for (const login of ['a\nb', 'a\rb', 'a\0b', 'x'.repeat(600)])
    for (const file of files) assert.ok(!file.handles({ type: 'login', login }), JSON.stringify(login));
  for (const login of ['a:b', '#a', '*banned*']) assert.ok(!files[0]?.handles({ type: 'login', login }), login);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), { maxLength: 3 }),
      async (names) => {
        for (const file of files) {
          const subjects = new Map(
            names
              .map((name): Subject => ({ type: 'login', login: name.trim().toLowerCase().toWellFormed() }))
              .filter((subject) => subjectKey(subject) !== 'login:' && file.handles(subject))
              .map((subject) => [subjectKey(subject), subject]),
          );
          await file.reset([...subjects.values()].map((subject): Ban => ({ ...banOf('192.0.2.1'), subject })));
          const remaining = (await file.remaining()).map(({ subject }) => subjectKey(subject));
          assert.deepEqual(remaining, [...subjects.keys()]);
        }
      },
    ),
    { numRuns: 60, examples: [[['__proto__', 'constructor']]] },
  );
});

test('within a second no size comes twice, so that Dovecot notices every change', async () => {
  await writeFile(path, 'x'.repeat(110));
  const file = dovecot();
  const seen = new Set<string>();
  const prints = async () => {
    const { size, mtimeMs } = await stat(path);
    return `${size} ${Math.floor(mtimeMs / 1000)}`;
  };
  for (const login of ['a', 'b', 'a', 'bb', 'a', 'b']) {
    await file.reset([banOf(`login:${login}@example.org`)]);
    assert.ok(!seen.has(await prints()), `${login}: ${await prints()}`);
    seen.add(await prints());
  }
  now += 1_000;
  await file.reset([banOf('login:a@example.org')]);
  assert.ok(!seen.has(await prints()));
  const { mode, gid } = await stat(path);
  assert.equal(mode & 0o777, 0o640);
  assert.equal(gid, (await stat(folder)).gid);
  assert.deepEqual(await readdir(folder), ['deny']);
});

test('a file that somebody changed, replaced or removed is not intact', async () => {
  const file = dovecot();
  await file.reset([banOf('login:a')]);
  assert.ok(await file.intact());
  const text = await readFile(path, 'utf8');
  for (const meddle of [() => writeFile(path, text), () => chmod(path, 0o644), () => rm(path)]) {
    await meddle();
    assert.ok(!(await file.intact()));
    await file.reset([banOf('login:a')]);
    assert.ok(await file.intact());
  }
});

test('a folder that does not exist is a clear error, and what was not written is not held', async () => {
  const file = dovecot({ path: join(folder, 'none', 'deny') });
  await assert.rejects(file.reset([banOf('login:a')]), (error) => {
    assert.ok(error instanceof EnforceError);
    assert.match(error.message, /^Cannot write .*none\/deny: its folder does not exist; make it .*install -d/);
    return true;
  });
  assert.deepEqual(await file.remaining(), []);
});

test('sessions end for one user at a time, never for a pattern or a network', async () => {
  const file = dovecot({ kick: ['doveadm', 'kick'] });
  await file.reset([banOf('login:old@example.org')]);
  const names = ['alice@example.org', '*@example.org', '?', '10.0.0.1', '0.0.0.0/0', '1', '-f', 'a b', 'bob'];
  await file.apply([...names.map((name) => ban(`login:${name}`)), unban('login:old@example.org')]);
  assert.deepEqual(kicked, ['after 1100', 'doveadm kick alice@example.org', 'doveadm kick bob']);
  assert.deepEqual(warnings, []);
});

test('sessions that cannot be ended are no reason to try the file again', async () => {
  const file = dovecot({ kick: ['doveadm', 'kick'] });
  outcome = { exitCode: 68, stdout: '', stderr: 'no users kicked' };
  await file.apply([ban('login:alice')]);
  assert.deepEqual(warnings, []);
  outcome = { exitCode: 75, stdout: '', stderr: 'Fatal: no such socket\nmore' };
  await file.apply([ban('login:bob')]);
  assert.deepEqual(warnings, ['the sessions of bob cannot be ended: Fatal: no such socket']);
});
