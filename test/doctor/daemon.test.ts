import assert from 'node:assert/strict';
import { test } from 'node:test';
import { daemonCheck } from '../../src/doctor/checks/daemon.ts';
import { finds, NOW, troubles } from './fake-host.ts';
import { running, SOURCE } from './running.ts';

const HOUR = 3_600_000;
const find = (changes: Parameters<typeof running>[0]) => finds(daemonCheck, {}, '', { daemon: running(changes) });

test('a daemon that works is told of in one line', async () => {
  assert.deepEqual(await find({ sources: [SOURCE] }), ['ok: tailban 1.2.3 has been running for 3d3h']);
});

test('a daemon that does not run is a problem, one that this user may not ask is none', async () => {
  const stopped = { runs: false, state: 'stopped', reason: 'tailban is not running' } as const;
  assert.match(
    troubles(await finds(daemonCheck, {}, '', { daemon: stopped })),
    /^problem: tailban is not running \[as root\] systemctl enable --now tailban/,
  );
  const hidden = { ...stopped, state: 'hidden', reason: 'This user may not use the socket' } as const;
  assert.deepEqual(await finds(daemonCheck, {}, '', { daemon: hidden }), [
    'note: Whether tailban runs is not known: This user may not use the socket',
  ]);
  const silent = { ...stopped, state: 'silent', reason: 'The daemon has not answered for 5 seconds' } as const;
  assert.match(
    troubles(await finds(daemonCheck, {}, '', { daemon: silent })),
    /^problem: The daemon has not answered .* systemctl restart tailban$/,
  );
});

test('a configuration that the daemon has not read yet is told', async () => {
  const daemon = running({}, { unread: ['limits', 'firewall'] });
  assert.match(
    troubles(await finds(daemonCheck, {}, '', { daemon })),
    /^warning: The configuration was changed after tailban had read it: limits, firewall \[as root\] tailban check && tailban reload$/,
  );
});

test('a daemon older than the program, or one that only pretends to ban, is found', async () => {
  assert.match(
    troubles(await find({ version: '1.2.2' })),
    /^warning: tailban 1\.2\.2 still runs, 1\.2\.3 is installed \[as root\] systemctl restart tailban$/,
  );
  assert.match(troubles(await find({ dryRun: true })), /^problem: It was started with --dry-run/);
});

test('counters that are not saved are a problem', async () => {
  assert.match(
    troubles(await find({ lastCheckpoint: NOW - HOUR })),
    /^problem: Counters and log positions have not been saved for 1h;/,
  );
  assert.match(troubles(await find({ lastCheckpoint: null })), /^problem: .* have not been saved at all;/);
  assert.equal(troubles(await find({ lastCheckpoint: null, startedAt: NOW - 1_000 })), '');
});

test('a source says what is wrong with it, how far it is behind, and how long it has been quiet', async () => {
  assert.match(
    troubles(await find({ sources: [{ ...SOURCE, problem: 'permission denied' }] })),
    /^problem: The source "mail" is not read in full: permission denied/,
  );
  const far = { ...SOURCE, origins: [{ origin: '/var/log/mail.log', offset: 0, size: 64 * 1024 * 1024 }] };
  assert.match(troubles(await find({ sources: [far] })), /^warning: The source "mail" is 64 MiB behind its logs/);
  assert.match(
    troubles(await find({ sources: [{ ...SOURCE, lines: 0, lastEvent: null }] })),
    /^warning: The source "mail" has not brought a single line/,
  );
  const quiet = await find({ sources: [{ ...SOURCE, lastEvent: NOW - 48 * HOUR }] });
  assert.equal(quiet.at(-1), 'note: No line of the source "mail" has told of a login or a failure for 2d');
});

test('an enforcer that fails and a gate that cannot listen are problems, each told once', async () => {
  const failing = { name: 'nftables', pending: 3, failingSince: NOW - HOUR, problem: 'Cannot run nft', logins: null };
  const problems = ['nftables: Cannot run nft', 'The store cannot be written'];
  const found = troubles(await find({ enforcers: [failing], problems })).split('\n');
  assert.equal(found.length, 2);
  assert.match(
    found[0] ?? '',
    /^problem: The enforcer nftables has been failing for 1h, 3 changes wait: Cannot run nft/,
  );
  assert.match(found[1] ?? '', /^problem: The store cannot be written$/);
  const gate = { name: 'Dovecot auth policy', address: '127.0.0.1:4001', listening: false, refusesLogins: true };
  assert.match(
    troubles(await find({ gates: [gate], problems: ['Dovecot auth policy cannot listen on 127.0.0.1:4001'] })),
    /^problem: Dovecot auth policy cannot listen on 127\.0\.0\.1:4001, so nobody .*$/,
  );
});

test('notifications that cannot be sent are a warning, told once: bans hold all the same', async () => {
  const notifier = { name: 'chat', waiting: 2, failingSince: NOW - HOUR, problem: 'Cannot post to x: it answered 503' };
  assert.equal(
    troubles(
      await find({
        notifiers: [notifier],
        problems: ['chat cannot be notified: Cannot post to x: it answered 503'],
      }),
    ),
    'warning: Notifications to chat have been failing for 1h: Cannot post to x: it answered 503',
  );
});

test('limits that are all off are a problem', async () => {
  assert.match(
    troubles(await find({ limits: [{ kind: 'scan', limit: null, banTime: null }] })),
    /^problem: All its limits are off$/,
  );
});
