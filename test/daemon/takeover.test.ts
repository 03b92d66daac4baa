/** What a backup brings, put together with what a host knows itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BackupBan, BackupPastBan } from '../../src/api/backup.ts';
import { parseNetwork } from '../../src/core/ip.ts';
import { Judge } from '../../src/core/judge.ts';
import { takeOver } from '../../src/daemon/takeover.ts';
import { settings } from '../core/judging.ts';
import { ban, banned, HOUR, NOW, openStore, subject } from '../store/fixture.ts';

function record(who: string, more: Partial<BackupBan> = {}): BackupBan {
  return { ...ban('192.0.2.9'), subject: who, evidence: ['a line'], ...more };
}

function past(who: string, hoursAgo: number, more: Partial<BackupPastBan> = {}): BackupPastBan {
  const endedAt = NOW - hoursAgo * HOUR;
  return { ...record(who), since: endedAt - HOUR, until: endedAt, endedAt, ended: 'expired', ...more };
}

function offence(judge: Judge, who: string): number {
  return judge.ban({ subject: subject(who), duration: HOUR, reason: '', cause: 'manual' }, NOW).offence;
}

test('repeat offenders stay known, unless they were let out or this host knows better', (t) => {
  const { store } = openStore(t);
  const judge = new Judge(settings({ increment: { factor: 2, max: 30 * 24 * HOUR, forgetAfter: 24 * HOUR } }));
  const own = ban('192.0.2.4', { since: NOW - 9 * HOUR, until: NOW - 8 * HOUR, offence: 7 });
  store.saveChanges(banned(own), NOW);
  judge.restore(own, NOW);
  const history = [
    past('192.0.2.1', 5, { offence: 1 }),
    past('192.0.2.1', 2, { offence: 2 }),
    past('192.0.2.2', 2, { ended: 'unbanned', until: NOW + HOUR }),
    past('192.0.2.4', 2),
  ];
  assert.equal(takeOver({ history }, { judge, store, now: () => NOW }).history, 4);
  assert.equal(offence(judge, '192.0.2.1'), 3);
  assert.equal(offence(judge, '192.0.2.2'), 1);
  assert.equal(offence(judge, '192.0.2.4'), 8);
});

test('past bans of somebody who is banned here do not let him out', (t) => {
  const { store } = openStore(t);
  const judge = new Judge(settings());
  const host = { judge, store, now: () => NOW };
  const { changes } = takeOver({ bans: [record('192.0.2.1')] }, host);
  store.saveChanges(changes, NOW);
  takeOver({ history: [past('192.0.2.1', 2)] }, host);
  assert.equal(judge.activeBan(subject('192.0.2.1'))?.until, NOW + HOUR);
  assert.equal(store.activeBans(NOW).length, 1);
});

test('nobody is banned who is allowed, was let go meanwhile, or is no subject', (t) => {
  const { store } = openStore(t);
  const judge = new Judge(settings());
  judge.allow([[parseNetwork('198.51.100.0/24') ?? assert.fail(), 'office']], NOW);
  const bans = [
    record('198.51.100.7'),
    record('198.51.0.0/16'),
    record('192.0.2.1', { until: NOW }),
    record('nobody'),
    record('192.0.2.2', { since: NOW + HOUR, until: null }),
  ];
  const { changes, skipped } = takeOver({ bans }, { judge, store, now: () => NOW });
  assert.deepEqual(skipped, [
    '198.51.100.7 is allowed: office (198.51.100.0/24)',
    '198.51.0.0/16 is allowed: office (198.51.100.0/24)',
    '192.0.2.1 was banned until before now',
    'nobody is no address, network or login',
  ]);
  const [change] = changes;
  assert.equal(changes.length, 1);
  assert.equal(change?.type === 'ban' && change.ban.since, NOW, 'a clock that was ahead is none of ours');
});
