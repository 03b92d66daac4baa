import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configCheck } from '../../src/doctor/checks/config.ts';
import { storageCheck } from '../../src/doctor/checks/storage.ts';
import { type FakeHost, FORBIDDEN, finds, troubles } from './fake-host.ts';

const GIB = 1024 ** 3;
const DB = '/var/lib/tailban/tailban.db';
const ROOM = { bytes: 20 * GIB, freeBytes: 10 * GIB, inodes: 1_000_000, freeInodes: 900_000 };
const host = (changes: Partial<FakeHost> = {}): FakeHost => ({
  files: { [DB]: 'SQLite format 3' },
  space: { '/var/lib/tailban': ROOM },
  ...changes,
});

test('room on the disk and a sound database are in order', async () => {
  assert.deepEqual(await finds(storageCheck, host()), [
    'ok: There is room on the disk for logs and bans',
    `ok: The database ${DB} is sound`,
  ]);
});

test('little room is a warning, next to none a problem; inodes count as well', async () => {
  const left = (changes: Partial<typeof ROOM>) => host({ space: { '/var/lib/tailban': { ...ROOM, ...changes } } });
  assert.match(
    troubles(await finds(storageCheck, left({ freeBytes: 0.3 * GIB }))),
    /^warning: \/var\/lib\/tailban has 307 MiB left \[as root\] df -h \/var\/lib\/tailban/,
  );
  assert.match(
    troubles(await finds(storageCheck, left({ freeBytes: 1024 }))),
    /^problem: \/var\/lib\/tailban has 0 MiB left: neither/,
  );
  assert.match(
    troubles(await finds(storageCheck, left({ freeInodes: 4_000 }))),
    /^warning: \/var\/lib\/tailban has 4000 inodes left/,
  );
  assert.match(troubles(await finds(storageCheck, left({ freeInodes: 0 }))), /^problem: .* no file can be made/);
  assert.equal(troubles(await finds(storageCheck, left({ inodes: 0, freeInodes: 0 }))), '');
});

test('the folders of the logs are looked at too, each file system once', async () => {
  const full = { ...ROOM, freeBytes: 0 };
  const space = { '/var/lib/tailban': ROOM, '/var/log': full, '/srv/logs': full };
  const toml = '[source.a]\nfiles = ["/var/log/mail.log", "/srv/logs/*.log"]';
  assert.match(
    troubles(await finds(storageCheck, host({ space }), toml)),
    /^problem: \/var\/log has 0 MiB left[^\n]*$/,
  );
});

test('a database that is missing, hidden, unreadable or damaged is told', async () => {
  assert.match((await finds(storageCheck, host({ files: {} }))).join('\n'), /note: There is no database/);
  assert.match(
    (await finds(storageCheck, host({ files: { [DB]: { forbidden: true } } }))).join('\n'),
    /note: .* cannot be looked at by this user/,
  );
  assert.match(
    (await finds(storageCheck, host({ uid: 1000, damage: FORBIDDEN }))).join('\n'),
    /note: .* cannot be read by this user/,
  );
  const failed = { had: false, lack: 'failed', reason: 'file is not a database' } as const;
  assert.match(
    troubles(await finds(storageCheck, host({ damage: failed }))),
    /^problem: .* cannot be read: file is not a database/,
  );
  assert.match(
    troubles(await finds(storageCheck, host({ damage: { had: true, value: 'row 3 missing from index' } }))),
    /^problem: .* is damaged: row 3 missing from index/,
  );
});

test('a damaged database that was set aside is told, its companions are not', async () => {
  const files = { [DB]: '', [`${DB}.damaged-20261101T000000Z`]: '', [`${DB}.damaged-20261101T000000Z-wal`]: '' };
  const found = await finds(storageCheck, host({ files }));
  assert.match(
    found.at(-1) ?? '',
    /^note: A damaged database was set aside as \/var\/lib\/tailban\/tailban\.db\.damaged-20261101T000000Z:/,
  );
});

test('a configuration is in order, absent, wrong, or switches everything off', async () => {
  assert.deepEqual(await finds(configCheck, {}), ['ok: /etc/tailban/tailban.toml is in order']);
  assert.deepEqual(await finds(configCheck, {}, '', { configPath: null }), [
    'ok: There is no configuration file, the defaults are in force',
  ]);
  const wrong = troubles(await finds(configCheck, {}, '', { configProblems: ['t.toml:3:1: Unknown setting limt'] }));
  assert.match(wrong, /^problem: t\.toml:3:1: Unknown setting limt\nproblem: The configuration cannot be used/);
  assert.match(
    troubles(await finds(configCheck, {}, '[server.fail2ban]\nenabled = false')),
    /^problem: tailban is switched off .*\[\/etc\/tailban\/tailban\.d\/doctor\.toml, then tailban reload\] \[server\.fail2ban\] \| enabled = true$/,
  );
  const off = ['authentication', 'invalid-rcpt', 'loitering', 'scan'];
  assert.match(
    troubles(await finds(configCheck, {}, `[server.fail2ban]\n${off.map((kind) => `${kind} = "off"`).join('\n')}`)),
    /^problem: All limits are off/,
  );
  assert.match(
    (await finds(configCheck, {}, '[server.fail2ban]\nauthentication = "off"')).join('\n'),
    /note: The limit for failed logins is off/,
  );
});
