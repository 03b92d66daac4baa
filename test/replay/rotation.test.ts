import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LogFile, logName, sortLogs } from '../../src/replay/rotation.ts';

function file(name: string, start: number | null, beginning = `${name} ${start}`): LogFile {
  return { name, start, beginning };
}

function sorted(...files: LogFile[]): string[][] {
  return sortLogs(files).logs.map((log) => [log.name, ...log.files.map(({ name }) => name)]);
}

test('what logrotate puts to a name is no part of the name of the log', () => {
  const names: Readonly<Record<string, readonly string[]>> = {
    '/var/log/mail.log': ['mail.log', 'mail.log.1', 'mail.log.2.gz', 'mail.log.10.xz', 'mail.log-20261122.zst'],
    '/var/log/maillog': ['maillog', 'maillog-20261122', 'maillog-20261122.gz', 'maillog-2026112208', 'maillog.old'],
    '/var/log/dovecot.log': ['dovecot.1.log', 'dovecot-20261122.log.bz2', 'dovecot.2026-11-22.log', 'dovecot.log.1.gz'],
    '/var/log/exim4/mainlog': ['exim4/mainlog', 'exim4/mainlog.1', 'exim4/mainlog-1795337245.gz'],
    '/var/log/mail.info': ['mail.info', 'mail.info.1'],
  };
  for (const [expected, rotated] of Object.entries(names)) {
    for (const name of rotated) {
      assert.equal(logName(`/var/log/${name}`), expected, name);
    }
  }
});

test('parts of one log come in the order of their first lines, however they are given', () => {
  assert.deepEqual(
    sorted(file('mail.log', 40), file('mail.log.2.gz', 20), file('mail.log.10.gz', 10), file('mail.log.1', 30)),
    [['mail.log', 'mail.log.10.gz', 'mail.log.2.gz', 'mail.log.1', 'mail.log']],
  );
});

test('parts that begin in the same second, or without a time, come in the order of rotation', () => {
  for (const start of [7, null]) {
    assert.deepEqual(sorted(file('m', start), file('m.1', start), file('m.3', start), file('m.2.gz', start)), [
      ['m', 'm.3', 'm.2.gz', 'm.1', 'm'],
    ]);
  }
});

test('logs of other names and other folders are logs of their own, the one that begins first comes first', () => {
  assert.deepEqual(
    sorted(file('a/mail.log', 3), file('b/mail.log', 0), file('a/mail.err', 2), file('a/mail.log.1', 1)),
    [
      ['b/mail.log', 'b/mail.log'],
      ['a/mail.log', 'a/mail.log.1', 'a/mail.log'],
      ['a/mail.err', 'a/mail.err'],
    ],
  );
});

test('a part that is there twice, packed and not yet removed, is read once', () => {
  const { logs, copies } = sortLogs([
    file('mail.log', 9),
    file('mail.log.1', 5, 'same'),
    file('mail.log.1.gz', 5, 'same'),
    file('other.log', 5, 'same'),
    file('empty.log.1', null, ''),
    file('empty.log', null, ''),
  ]);
  assert.deepEqual(
    copies.map(([copy, read]) => [copy.name, read.name]),
    [['mail.log.1.gz', 'mail.log.1']],
  );
  assert.equal(logs.flatMap((log) => log.files).length, 5);
});
