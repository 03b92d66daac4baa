/**
 * What an admin does by hand, and what happens to bans when the daemon stops, is killed, loses its database, or when
 * somebody else flushes the firewall: always with real packets. Needs root.
 */
import assert from 'node:assert/strict';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { type DaemonProcess, until } from '../support/daemon.ts';
import { type GuardedHost, guardedHost, PORT, untilKernel } from '../support/guarded-host.ts';
import { wrongSubmission } from '../support/mail-lines.ts';
import { CLIENT4, CLIENT6, type ProbeResult, SERVER4, SERVER6 } from '../support/netns.ts';

const [ATTACKER, ADMIN, ALLOWED] = CLIENT4;
const SETTINGS = `
authentication = "3/10m"
login = "off"
increment = "off"
ban-time = "1h"
[server]
allowed-ip = "${ALLOWED}"
`;

let host: GuardedHost;
let daemon: DaemonProcess;

before(async () => {
  host = await guardedHost(SETTINGS);
  await host.net.serve(PORT);
  daemon = await host.start();
});
after(() => host.remove());
afterEach(() => host.admin('unban', '--all'));

test('an admin bans an address and a network by hand, and lifts both', async () => {
  assert.match(await host.admin('ban', ATTACKER, '--for', '10m', '--reason', 'enough'), /^Banned 192\.0\.2\.10 until /);
  assert.equal(await dial(ATTACKER), 'timeout');
  assert.equal(await dial(ADMIN), 'connected');
  await host.admin('ban', '192.0.2.8/29', '--permanent');
  assert.equal(await dial(ADMIN), 'timeout');
  assert.deepEqual(await host.inKernel(), [ATTACKER, '192.0.2.8/29']);
  const bans = JSON.parse(await host.admin('list', '--json')) as { subject: string; reason: string; until: unknown }[];
  assert.deepEqual(bans.map(({ subject, reason }) => [subject, reason]).sort(), [
    [ATTACKER, 'enough'],
    ['192.0.2.8/29', 'by hand'],
  ]);
  const { code, stderr } = await host.command(['unban', ADMIN]);
  assert.equal(code, 1, 'an address cannot be let out of a banned network');
  assert.match(stderr, /192\.0\.2\.11 is banned as part of 192\.0\.2\.8\/29/);
  await host.admin('unban', '192.0.2.8/29');
  assert.deepEqual(await host.inKernel(), [], 'a network is unbanned with everything in it');
  assert.equal(await dial(ADMIN), 'connected');
});

test('who is allowed, the host itself, and the address of the admin are not banned without --force', async () => {
  for (const [subject, why] of [
    [ALLOWED, /192\.0\.2\.200 is allowed: configuration/],
    [SERVER4, /is allowed: own address on wire/],
    [SERVER6, /is allowed: own address on wire/],
    ['127.0.0.5', /is allowed: loopback/],
    ['192.0.2.0/24', /is allowed/],
  ] as const) {
    const { code, stderr } = await host.command(['ban', subject]);
    assert.equal(code, 1, `${subject}: ${stderr}`);
    assert.match(stderr, why);
    assert.match(stderr, /--force/);
  }
  for (const subject of [ADMIN, '192.0.2.8/30']) {
    const { code, stderr } = await host.command(['ban', subject], ADMIN);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /You are logged in from 192\.0\.2\.11/);
  }
  assert.equal((await host.command(['ban', CLIENT6[0]], CLIENT6[0])).code, 1);
  assert.deepEqual(await host.inKernel(), []);
  assert.equal((await host.command(['ban', '--force', ADMIN], ADMIN)).code, 0);
  assert.equal(await dial(ADMIN), 'timeout');
});

test('an allowed address may fail as often as it likes', async () => {
  const { authentication: before } = (await daemon.api.status()).events;
  await host.write(...fails(ALLOWED, 20), ...fails(ATTACKER, 2));
  await until('22 failures', async () => (await daemon.api.status()).events.authentication >= before + 22);
  assert.deepEqual((await daemon.api.bans(false)).bans, []);
  assert.equal(await dial(ALLOWED), 'connected');
});

test('allow lifts a ban at once and keeps further ones away, until disallow', async () => {
  await host.write(...fails(ATTACKER, 3));
  await untilKernel(host, ATTACKER);
  assert.match(await host.admin('allow', '192.0.2.10/31', '--note', 'our office'), /unbanned 192\.0\.2\.10/);
  assert.equal(await dial(ATTACKER), 'connected');
  await host.write(...fails(ATTACKER, 5), ...fails(CLIENT6[0], 3));
  await untilKernel(host, '2001:db8:1::/64');
  assert.equal(await dial(ATTACKER), 'connected');
  assert.match(await host.admin('allow', '--list'), /192\.0\.2\.10\/31 +our office/);
  await host.admin('disallow', '192.0.2.10/31');
  await host.write(...fails(ATTACKER, 3));
  await untilKernel(host, ATTACKER);
});

test('a foreign flush of the ruleset is repaired within 30 s', async () => {
  await host.admin('ban', ATTACKER);
  await host.net.serverRun(['nft', 'flush', 'ruleset']);
  assert.equal(await dial(ATTACKER), 'connected', 'the flush has let everybody in');
  const from = daemon.output().length;
  await until('the ban in the kernel again', async () => (await host.inKernel()).includes(ATTACKER), 30_000);
  assert.equal(await dial(ATTACKER), 'timeout');
  await daemon.says(/somebody changed our rules in nftables; they are restored with 1 ban/, from);
});

test('a stop leaves bans in force, and the next start brings the kernel to exactly the stored ones', async () => {
  await host.write(...fails(ATTACKER, 3));
  await untilKernel(host, ATTACKER);
  await host.admin('ban', CLIENT6[2], '--permanent');
  const before = (await daemon.api.bans(true)).bans;
  assert.equal(await daemon.stop(), 0);
  assert.equal(await dial(ATTACKER), 'timeout', 'nobody is let in by a stop');
  await host.net.serverRun(['nft', 'flush', 'ruleset']);
  await host.write(...fails(ADMIN, 3));
  daemon = await host.start();
  await untilKernel(host, ADMIN);
  assert.deepEqual(await host.inKernel(), [ATTACKER, ADMIN, CLIENT6[2]], 'and who failed meanwhile');
  const now = (await daemon.api.bans(true)).bans;
  assert.deepEqual(
    now.filter(({ subject }) => subject !== ADMIN),
    before,
    'with the same beginning, end, reason and evidence',
  );
  assert.equal(await dial(ATTACKER), 'timeout');
  assert.equal(await dial(ALLOWED), 'connected');
});

test('after kill -9 bans hold, and counting goes on where it was', async () => {
  await host.admin('ban', CLIENT6[0]);
  const saved = (await daemon.api.status()).lastCheckpoint ?? 0;
  await host.write(...fails(ATTACKER, 2));
  await until('a checkpoint', async () => ((await daemon.api.status()).lastCheckpoint ?? 0) > saved);
  await host.write(...fails(ADMIN, 3));
  await untilKernel(host, ADMIN);
  await daemon.kill();
  assert.equal(await dial(ADMIN), 'timeout');
  daemon = await host.start();
  assert.deepEqual(await host.inKernel(), [ADMIN, CLIENT6[0]]);
  assert.equal(await dial(ATTACKER), 'connected');
  await host.write(...fails(ATTACKER, 1));
  await untilKernel(host, ATTACKER);
  assert.equal(await dial(ATTACKER), 'timeout', 'the two failures from before the kill count');
});

test('a reload that switches the firewall off takes our rules away, one that switches it on brings the bans back', async () => {
  await host.admin('ban', ATTACKER);
  const config = join(host.folder, 'tailban.toml');
  const text = await readFile(config, 'utf8');
  await writeFile(config, text.replace('backend = "nftables"', 'backend = "none"'));
  await host.admin('reload');
  assert.equal(await dial(ATTACKER), 'connected');
  assert.equal((await host.net.serverRun(['nft', 'list', 'tables'])).stdout, '');
  assert.match(await host.admin('status'), /nothing is blocked/);
  await writeFile(config, text);
  await host.admin('reload');
  assert.equal(await dial(ATTACKER), 'timeout');
});

test('a firewall that does not work is shown, and keeps the daemon from nothing else', async () => {
  await daemon.stop();
  const broken = join(host.folder, 'broken');
  await mkdir(broken);
  await writeFile(join(broken, 'nft'), '#!/bin/sh\necho no firewall today >&2\nexit 1\n', { mode: 0o755 });
  daemon = await host.start({ PATH: `${broken}:${process.env['PATH']}` });
  await host.write(...fails(ATTACKER, 3));
  await until('the ban to be recorded', async () => (await daemon.api.status()).bans.active === 1);
  assert.match((await daemon.api.status()).problems.join(), /no firewall today/);
  assert.match(await host.admin('ban', ADMIN), /Banned 192\.0\.2\.11/);
  assert.deepEqual(await host.inKernel(), []);
  await rm(join(broken, 'nft'));
  await untilKernel(host, ATTACKER);
  await daemon.says(/nftables works again, all bans are in force/);
  assert.deepEqual(await host.inKernel(), [ATTACKER, ADMIN]);
});

test("a database of garbage is moved aside, one that is gone is made again, and the kernel's bans are adopted", async () => {
  for (const lose of [() => writeFile(host.store, 'no database '.repeat(999)), () => rm(host.store)]) {
    // What the log still tells of is read again, since nobody knows any more how far it was read.
    await writeFile(host.log, '');
    await host.write(...fails(ATTACKER, 3));
    await untilKernel(host, ATTACKER);
    await host.admin('ban', '2001:db8:2::/48', '--permanent');
    const before = untilOf((await daemon.api.bans(false)).bans);
    await daemon.kill();
    for (const suffix of ['-wal', '-shm']) await rm(host.store + suffix, { force: true });
    await lose();
    daemon = await host.start();
    await daemon.says(/2 bans were taken over from the firewall/);
    assert.deepEqual(await host.inKernel(), [ATTACKER, '2001:db8:2::/48']);
    assert.equal(await dial(ATTACKER), 'timeout');
    const { bans } = await daemon.api.bans(false);
    assert.deepEqual([...new Set(bans.map(({ cause }) => cause))], ['adopted']);
    const now = untilOf(bans);
    assert.equal(now['2001:db8:2::/48'], null);
    assert.ok(Math.abs(Number(now[ATTACKER]) - Number(before[ATTACKER])) < 3_000, 'the end is that of the kernel');
    await host.admin('unban', '--all');
    assert.equal(await dial(ATTACKER), 'connected');
  }
});

function fails(ip: string, times: number): string[] {
  const login = (): string => `alice${host.numbers.next()}@example.org`;
  return Array.from({ length: times }, () => wrongSubmission(host.numbers, ip, login())).flat();
}

function dial(from: string): Promise<ProbeResult> {
  return host.net.probe({ from, to: from.includes(':') ? SERVER6 : SERVER4, port: PORT, timeout: 500 });
}

function untilOf(bans: readonly { readonly subject: string; readonly until: number | null }[]) {
  return Object.fromEntries(bans.map(({ subject, until: end }) => [subject, end]));
}
