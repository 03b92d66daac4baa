/** Moving to another host: what one has learned, the other one knows, whatever it knew before. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import { userWithTypo, wrongSubmission } from '../support/mail-lines.ts';
import { type SmallHost, smallHost, untilStatus } from '../support/small-host.ts';

const CONFIG =
  '[server.fail2ban]\nauthentication = "3/1h"\nlogin = "off"\n[source.mail]\nfiles = ["FOLDER/mail.log"]\n';

interface Backup {
  readonly [list: string]: readonly { readonly subject?: string; readonly [field: string]: unknown }[];
}

async function hostOf(t: TestContext): Promise<SmallHost> {
  const host = await smallHost(CONFIG);
  t.after(() => host.remove());
  await host.write('mail.log');
  return host;
}

async function backupOf(host: SmallHost): Promise<Backup> {
  const { code, stdout, stderr } = await host.command('export', '--all', '--config', host.path('tailban.toml'));
  assert.deepEqual([code, stderr], [0, '']);
  const { written, version, ...lists } = JSON.parse(stdout);
  await writeFile(host.path('backup.json'), stdout);
  return lists;
}

test('a backup brings bans, history, allow-list and known networks, and once only', async (t) => {
  const [from, to] = [await hostOf(t), await hostOf(t)];
  const old = await from.start();
  const fails = (ip: string, count: number) =>
    Array.from({ length: count }, (_, n) => wrongSubmission(from.numbers, ip, `u${n}@example.org`)).flat();
  await from.write('mail.log', ...fails('198.51.100.30', 3), ...userWithTypo(from.numbers, '203.0.113.77', 'alice'));
  await untilStatus(old, 'a ban by the limit', ({ bans, knownGood }) => bans.active === 1 && knownGood === 1);
  for (const args of [
    ['ban', '198.51.100.31', '--for', '1h', '--reason', 'first'],
    ['unban', '198.51.100.31'],
    ['ban', '198.51.100.31', '--for', '1s', '--reason', 'second'],
    ['ban', '2001:db8:bad::/64', '--permanent'],
    ['ban', '--login', 'bob', '--for', '1d'],
    ['ban', '198.51.100.32'],
    ['allow', '198.51.100.200', '--note', 'office'],
  ])
    assert.equal((await from.command(...args)).code, 0, args.join(' '));
  await untilStatus(
    old,
    'the end of a ban',
    ({ bans, now, startedAt }) => bans.active === 4 && now > startedAt + 1_000,
  );
  const backup = await backupOf(from);
  await old.stop();
  assert.deepEqual(await backupOf(from), backup, 'with and without the daemon it is the same');

  let fresh = await to.start();
  await to.command('allow', '198.51.100.32');
  await to.command('ban', '2001:db8:bad::/64', '--for', '1d', '--reason', 'known here');
  const file = from.path('backup.json');
  const first = await to.command('import', file);
  assert.equal(
    first.stdout,
    'Imported 2 bans, 2 past bans, 1 allowed network and 1 known network of logins, left out 2\n',
  );
  assert.deepEqual(first.stderr.trimEnd().split('\n').sort(), [
    '  198.51.100.32 is allowed: allowed by hand (198.51.100.32/32)',
    '  2001:db8:bad::/64 is banned already',
  ]);
  const { bans } = await fresh.api.bans(true);
  const [banned] = bans.filter(({ subject }) => subject === '198.51.100.30');
  const { subject, since, until, cause, reason, evidence } = banned ?? assert.fail('it is not banned');
  assert.deepEqual(
    backup['bans']?.find((one) => one.subject === subject),
    { subject, since, until, cause, reason, offence: 1, evidence },
  );
  assert.equal(evidence.length, 3);

  const moved = await backupOf(to);
  const again = await to.command('import', file);
  assert.match(again.stdout, /^Imported 0 bans, 0 past bans, 0 allowed networks and 0 known networks of logins/);
  assert.deepEqual(await backupOf(to), moved, 'a second time nothing changes');
  assert.deepEqual(moved['knownGood'], backup['knownGood']);
  const subjectsAndEnds = (list: Backup[string] | undefined) =>
    list?.map((one) => [one.subject, one['ended'], one['reason']]);
  assert.deepEqual(subjectsAndEnds(moved['history']), subjectsAndEnds(backup['history']));

  await fresh.kill();
  fresh = await to.start();
  assert.deepEqual(await backupOf(to), moved, 'nothing is lost by a crash');
  assert.equal(
    (await fresh.api.ban({ subject: '198.51.100.31', force: false })).offence,
    2,
    'it is an old acquaintance',
  );
});

test('a backup with one thing that is wrong changes nothing', async (t) => {
  const host = await hostOf(t);
  const daemon = await host.start();
  const ban = {
    subject: '198.51.100.30',
    since: 1,
    until: null,
    cause: 'manual',
    reason: '',
    offence: 1,
    evidence: [],
  };
  const good = { 'tailban-backup': 1, version: '1', written: 1, allowed: [], history: [], bans: [ban], knownGood: [] };
  const cases: readonly (readonly [object, RegExp])[] = [
    [
      { ...good, bans: [ban, { ...ban, subject: '192.0.2.256' }] },
      /"bans\.1\.subject" is no address, network or login/,
    ],
    [{ ...good, bans: [ban, { ...ban, until: 'x' }] }, /"bans\.1\.until": it is "x", expected/],
    [
      { ...good, bans: [ban, { ...ban, until: 1e300 }] },
      /"bans\.1\.until": it is 1e\+300, expected at most 8640000000000000/,
    ],
    [{ ...good, bans: [ban, { ...ban, cause: 'x' }] }, /"bans\.1\.cause": it is "x"/],
    [{ ...good, history: [ban] }, /"history\.0\.endedAt": it is missing/],
    [
      { ...good, allowed: [{ network: 'x', note: '', since: 1 }] },
      /"allowed\.0\.network" is no address and no network/,
    ],
    [{ ...good, knownGood: undefined }, /"knownGood": it is missing/],
    [{ ...good, more: 1 }, /there is no field "more"/],
    [{ ...good, 'tailban-backup': 2 }, /was written by a newer tailban/],
  ];
  for (const [backup, message] of cases) {
    await writeFile(host.path('backup.json'), JSON.stringify(backup));
    const { code, stderr } = await host.command('import', host.path('backup.json'));
    assert.match(stderr, message);
    assert.equal(code, 65, stderr);
  }
  const { 'tailban-backup': mark, ...sorted } = { ...good, bans: [] };
  await writeFile(host.path('backup.json'), JSON.stringify({ ...sorted, 'tailban-backup': mark }));
  const { stdout } = await host.command('import', '--format', 'json', host.path('backup.json'));
  assert.match(stdout, /^Imported 0 bans, 0 past bans/, 'it is known by its mark, wherever that stands');
  assert.equal((await host.command('import', '--for', '1h', host.path('backup.json'))).code, 64);
  await writeFile(host.path('backup.json'), JSON.stringify(good).slice(0, -9));
  assert.equal((await host.command('import', host.path('backup.json'))).code, 65);
  assert.deepEqual((await daemon.api.bans(false)).bans, []);
});

test('without a database there is nothing to export, and it is said', async (t) => {
  const host = await hostOf(t);
  const { code, stderr } = await host.command('export', '--all', '--config', host.path('tailban.toml'));
  assert.match(stderr, /^tailban: There is no database at .*\nhint: tailban has not run here yet\n$/);
  assert.equal(code, 66);
});
