import assert from 'node:assert/strict';
import { test } from 'node:test';
import { journalCheck } from '../../src/doctor/checks/journal.ts';
import { sourcesCheck } from '../../src/doctor/checks/sources.ts';
import { ended, type FakeFile, type FakeHost, finds, NOW, situation, troubles } from './fake-host.ts';
import { running } from './running.ts';

const DAY = 86_400_000;
const LOG = '/var/log/mail.log';
const TOML = `[source.mail]\nfiles = ["${LOG}"]`;
const JOURNAL = '[source.journal]\njournal = true';
/** The daemon as user 998, in the groups 998 and 4 (adm). */
const PROCESS = {
  '/proc/4711/status':
    'Name:\ttailban\nUid:\t998\t998\t998\t998\nGid:\t998\t998\t998\t998\nGroups:\t4 \nCapEff:\t0000000000001000\n',
};
const NAMES = {
  'getent passwd 998': 'tailban:x:998:998::/nonexistent:/usr/sbin/nologin\n',
  'getent group 4': 'adm:x:4:tailban\n',
  'getent group 5': 'mail:x:5:\n',
};
const host = (log: FakeFile | null, changes: Partial<FakeHost> = {}): FakeHost => ({
  files: { ...PROCESS, ...(log === null ? {} : { [LOG]: log }) },
  commands: NAMES,
  ...changes,
});
const find = (fake: FakeHost, toml = TOML) => finds(sourcesCheck, fake, toml, { daemon: running() });

test('a log that is there, fresh, and readable by the user of the daemon is in order', async () => {
  assert.deepEqual(await find(host({ mode: 0o640, gid: 4, modified: NOW - 60_000 })), [
    `ok: The source "mail" reads ${LOG} (1m ago)`,
  ]);
});

test('a log that the user of the daemon may not read is a problem, with the group to join', async () => {
  assert.match(
    troubles(await find(host({ mode: 0o640, gid: 5 }))),
    /^problem: The daemon runs as tailban, who may not read \/var\/log\/mail\.log \[as root\] usermod -aG mail tailban \| systemctl restart tailban$/,
  );
  assert.match(
    troubles(await find(host({ mode: 0o600 }))),
    /^problem: .* chgrp adm \/var\/log\/mail\.log \| chmod g\+r/,
  );
});

test('an access list that lets the user in is believed, since it was tried', async () => {
  const tried = { ...NAMES, [`setpriv --reuid=998 --regid=998 --groups=998,4 test -r ${LOG}`]: '' };
  assert.equal(troubles(await find(host({ mode: 0o600 }, { commands: tried }))), '');
});

test('a folder that the user may not pass is named', async () => {
  const files = { ...PROCESS, '/var/log': { type: 'folder', mode: 0o750 } as const, [LOG]: { mode: 0o644 } };
  assert.match(
    troubles(await find(host(null, { files }))),
    /^problem: .* may not enter \/var\/log, where .* setfacl -m u:tailban:x \/var\/log/,
  );
});

test('root, and who has CAP_DAC_READ_SEARCH, may read everything', async () => {
  const capable = { '/proc/4711/status': PROCESS['/proc/4711/status'].replace('0000000000001000', '0000000000001004') };
  assert.equal(troubles(await find(host(null, { files: { ...capable, [LOG]: { mode: 0o600 } } }))), '');
});

test('of a daemon that does not run, the unit tells the user and its groups', async () => {
  const unit = 'LoadState=loaded\nUser=tailban\nSupplementaryGroups=adm\nAmbientCapabilities=cap_net_admin\n';
  const commands = {
    ...NAMES,
    'systemctl show tailban.service --property=LoadState,User,SupplementaryGroups,AmbientCapabilities': unit,
    'id -u tailban': '998\n',
    'id -G tailban': '998\n',
    'getent group adm': 'adm:x:4:\n',
  };
  const log = { mode: 0o640, gid: 4 };
  assert.equal(troubles(await finds(sourcesCheck, { files: { [LOG]: log }, commands }, TOML)), '');
  const other = { files: { [LOG]: { ...log, gid: 5 } }, commands };
  assert.match(troubles(await finds(sourcesCheck, other, TOML)), /^problem: The daemon runs as tailban/);
});

test('a log that nobody writes to any more, or that is not there, leads to the journal where there is one', async () => {
  const journal = { '/var/log/journal/id/system.journal': '' };
  const old = { ...PROCESS, ...journal, [LOG]: { modified: NOW - 3 * DAY } };
  assert.match(
    troubles(await find(host(null, { files: old }))),
    /^warning: Nobody has written to \/var\/log\/mail\.log for 3d: .* \[source\.journal\] \| journal = true/,
  );
  assert.match(
    troubles(await find(host(null, { files: { ...PROCESS, ...journal } }))),
    /^warning: The source "mail" has no file: nothing is at \/var\/log\/mail\.log.* journal = true/,
  );
  assert.doesNotMatch(troubles(await find(host(null))), /journal/);
});

test('names of files cannot bring commands of their own into what is pasted', async () => {
  const name = "/var/log/x; rm -rf ~ '.log";
  const files = { ...PROCESS, [name]: { mode: 0o600 } };
  const found = troubles(await find(host(null, { files }), '[source.mail]\nfiles = ["/var/log/*.log"]'));
  assert.ok(found.includes(`chgrp adm '/var/log/x; rm -rf ~ '\\''.log'`), found);
});

test('files and the journal with the same filters are told, with others not', async () => {
  const both = (filter: string) => `${TOML}\nfilter = "postfix"\n${JOURNAL}\nfilter = "${filter}"`;
  assert.match((await find(host({}), both('postfix'))).join('\n'), /note: Both files and the journal/);
  assert.doesNotMatch((await find(host({}), both('dovecot'))).join('\n'), /Both files and the journal/);
});

test('what was found without a configuration is told', async () => {
  const { sources } = await situation(TOML);
  const found = await finds(sourcesCheck, host({}), '', { sources, discoveries: [`found ${LOG}`], daemon: running() });
  assert.equal(found[0], `note: Without a configured source tailban looks for logs by itself: found ${LOG}`);
});

const ASKED = 'journalctl --lines=1 --output=cat --no-pager SYSLOG_FACILITY=2';
const SUPPRESSED = 'journalctl --since=-1d --output=cat --no-pager --lines=1000 _SYSTEMD_UNIT=systemd-journald.service';
const PERSISTENT = { ...PROCESS, '/var/log/journal/id/system.journal': '' };
const inJournal = (changes: Partial<FakeHost>) =>
  finds(journalCheck, { files: PERSISTENT, commands: { ...NAMES, [ASKED]: '' }, ...changes }, JOURNAL, {
    daemon: running(),
  });

test('a journal that the user of the daemon may read is in order; without a source that reads it nothing is said', async () => {
  assert.match(
    (await inJournal({ commands: { ...NAMES, [ASKED]: '', 'getent group adm': 'adm:x:4:\n' } })).join('\n'),
    /^ok: The daemon runs as tailban, who may read the journal$/,
  );
  assert.deepEqual(await finds(journalCheck, {}, TOML), []);
});

test('a journal that is not to be read is a problem', async () => {
  assert.match(
    troubles(await inJournal({})),
    /^problem: The daemon runs as tailban, who may not read the journal \[as root\] usermod -aG systemd-journal tailban/,
  );
  assert.match(
    troubles(await inJournal({ commands: {} })),
    /^problem: A source reads the journal, but journalctl cannot be run/,
  );
  assert.match(
    troubles(await inJournal({ files: {} })),
    /^problem: A source reads the journal, but this host has none/,
  );
  assert.match(
    troubles(await inJournal({ commands: { [ASKED]: ended(1, 'No journal files were found.\n') } })),
    /^problem: .* it has no files/,
  );
  const other = await finds(
    journalCheck,
    {
      files: PERSISTENT,
      uid: 1000,
      commands: { [ASKED]: ended(0, 'Hint: You are currently not seeing messages from other users') },
    },
    JOURNAL,
  );
  assert.deepEqual(other, ['note: This user may not read all of the journal']);
});

test('a journal in memory and lines that journald dropped are told', async () => {
  const adm = { ...NAMES, [ASKED]: '', 'getent group adm': 'adm:x:4:\n' };
  const inMemory = await inJournal({ files: { ...PROCESS, '/run/log/journal/id/system.journal': '' }, commands: adm });
  assert.match(inMemory.join('\n'), /note: The journal is kept in memory: .* mkdir -p \/var\/log\/journal/);
  const text =
    'Suppressed 100 messages from dovecot.service\nJournal started\nSuppressed 23 messages from dovecot.service\n';
  assert.match(
    troubles(await inJournal({ commands: { ...adm, [SUPPRESSED]: text } })),
    /^warning: journald dropped lines since yesterday, .*: 123 of dovecot\.service\..*RateLimitIntervalSec=0$/,
  );
});
