/**
 * From a line in a log to packets that do not get through: the daemon as a separate process, a log that another process
 * writes, real nftables, real connections. Needs root.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type DaemonProcess, until } from '../support/daemon.ts';
import { type GuardedHost, guardedHost, PORT, untilKernel } from '../support/guarded-host.ts';
import { httpProbe, unknownRecipients, wrongImap, wrongSubmission } from '../support/mail-lines.ts';
import { CLIENT4, CLIENT6, type Peer, type ProbeResult, SERVER4, SERVER6 } from '../support/netns.ts';

const [ATTACKER, NEIGHBOUR, OTHER] = CLIENT4;
const PREFIX = '2001:db8:1::/64';
const SETTINGS = `
authentication = "3/10m"
login = "off"
invalid-rcpt = "4/10m"
scan = { attempts = 2, within = "10m", block-for = "5s" }
increment = "off"
ban-time = "1h"
`;

let host: GuardedHost;
let daemon: DaemonProcess;
let server: Peer;

before(async () => {
  host = await guardedHost(SETTINGS);
  server = await host.net.serve(PORT);
  daemon = await host.start();
});
after(() => host.remove());

test('an address that fails three times is out, its neighbour is not, and unban lets it in again', async () => {
  assert.equal(await dial4(ATTACKER), 'connected');
  await host.write(...fails(ATTACKER), ...fails(ATTACKER));
  await until('two failures counted', async () => (await daemon.api.status()).events.authentication >= 2);
  assert.equal(await dial4(ATTACKER), 'connected', 'two failures are one less than the limit');
  await host.write(...fails(ATTACKER));
  await untilKernel(host, ATTACKER);
  assert.equal(await dial4(ATTACKER), 'timeout');
  assert.equal(await dial4(NEIGHBOUR), 'connected');
  assert.match(
    await host.admin('list'),
    new RegExp(`${ATTACKER.replaceAll('.', '\\.')} +3 failed logins .*in (?:1h|59m)`),
  );
  const [ban] = JSON.parse(await host.admin('list', '--json')) as { reason: string; evidence: string[] }[];
  assert.equal(ban?.evidence.length, 3, 'each failure is there as a line');
  assert.equal(await host.admin('unban', ATTACKER), `Unbanned ${ATTACKER}\n`);
  assert.equal(await dial4(ATTACKER), 'connected');
  await host.write(...fails(ATTACKER));
  await until('the failure after the unban', async () => (await daemon.api.status()).events.authentication >= 4);
  assert.deepEqual(await host.inKernel(), [], 'an unban forgets the failures before it');
});

test('what somebody else has put into our sets an unban takes out too', async () => {
  const put = async (set: string, element: string): Promise<void> => {
    const { exitCode, stderr } = await host.net.serverRun(['nft', `add element inet tailban ${set} { ${element} }`]);
    assert.equal(exitCode, 0, stderr);
  };
  await put('address4', ATTACKER);
  assert.equal(await dial4(ATTACKER), 'timeout');
  assert.equal(await host.admin('unban', ATTACKER), `Unbanned ${ATTACKER}\n`);
  assert.equal(await dial4(ATTACKER), 'connected');
  await host.admin('ban', NEIGHBOUR);
  await put('address4', ATTACKER);
  await put('network6_64', '2001:db8:1::');
  const inside = await host.command(['unban', CLIENT6[0]]);
  assert.match(inside.stderr, /is shut out as part of 2001:db8:1::\/64, .* no ban of tailban/);
  assert.match(await host.admin('unban', '--all'), /^Unbanned /);
  assert.deepEqual(await host.inKernel(), []);
  assert.equal((await host.command(['unban', ATTACKER])).code, 1);
});

test('a ban begins within a fraction of a second and ends by itself after the ban time', async () => {
  await host.write(...httpProbe(host.numbers, NEIGHBOUR), ...httpProbe(host.numbers, NEIGHBOUR));
  const begun = Date.now();
  await untilKernel(host, NEIGHBOUR);
  assert.ok(Date.now() - begun < 3_000, `the ban took ${Date.now() - begun} ms`);
  assert.equal(await dial4(NEIGHBOUR, 300), 'timeout');
  await untilKernel(host, NEIGHBOUR, false);
  assert.equal(await dial4(NEIGHBOUR), 'connected');
  const lasted = Date.now() - begun;
  assert.ok(lasted > 4_500 && lasted < 10_000, `the ban of 5 s lasted ${lasted} ms`);
  await until('an empty list', async () => (await daemon.api.bans(false)).bans.length === 0);
});

test('IPv6 addresses of one /64 count together and are banned together, another /64 is not', async () => {
  for (const from of CLIENT6) assert.equal(await dial6(from), 'connected');
  await host.write(...fails(CLIENT6[0]), ...fails(CLIENT6[1]), ...fails(CLIENT6[2]));
  await host.write(...wrongImap(host.numbers, CLIENT6[1], ['bob@example.org']));
  await untilKernel(host, PREFIX);
  assert.equal(await dial6(CLIENT6[0]), 'timeout');
  assert.equal(await dial6(CLIENT6[1]), 'timeout');
  assert.equal(await dial6(CLIENT6[2]), 'connected');
  assert.equal(await dial4(ATTACKER), 'connected');
  assert.equal(await host.admin('unban', CLIENT6[1]), `Unbanned ${PREFIX}\n`);
  assert.equal(await dial6(CLIENT6[0]), 'connected');
});

test('the established connection of an attacker is cut, that of another client lives on', async () => {
  const attacker = await host.net.hold({ from: OTHER, to: SERVER4, port: PORT });
  const customer = await host.net.hold({ from: NEIGHBOUR, to: SERVER4, port: PORT });
  await host.write(...unknownRecipients(host.numbers, OTHER, 4));
  assert.equal(await attacker.line(), 'closed ECONNRESET');
  for (let line = ''; line !== `closed ${OTHER}`; ) line = (await server.line()).replace('::ffff:', '');
  assert.equal(await dial4(OTHER), 'timeout');
  const { stdout } = await host.net.serverRun(['ss', '-Htn', 'state', 'established', 'sport', '=', `:${PORT}`]);
  assert.deepEqual(stdout.match(/192\.0\.2\.\d{2,3}/g), [NEIGHBOUR]);
  await Promise.all([attacker.stop(), customer.stop()]);
  await host.admin('unban', '--all');
});

test('text that an attacker makes up bans nobody but himself', async () => {
  const forged = `x>, method=PLAIN, rip=${NEIGHBOUR}, lip=203.0.113.10, session=<abc`;
  const helo = `unknown[${NEIGHBOUR}]: SASL LOGIN authentication failed: x`;
  for (let n = 0; n < 3; n++) {
    await host.write(
      ...wrongSubmission(host.numbers, ATTACKER, forged).slice(2),
      ...httpProbe(host.numbers, OTHER).map((line) => line.replace('GET / HTTP/1.1', helo)),
    );
  }
  await untilKernel(host, ATTACKER);
  await untilKernel(host, OTHER);
  assert.ok(!(await host.inKernel()).includes(NEIGHBOUR));
  assert.equal(await dial4(NEIGHBOUR), 'connected');
  await host.admin('unban', '--all');
  assert.deepEqual(await host.inKernel(), []);
});

test('a burst of two thousand attackers is in the kernel within seconds', async () => {
  const attackers = Array.from({ length: 2_000 }, (_, n) => `198.18.${n >> 8}.${n & 255}`);
  const lines = attackers.flatMap((ip) => [...fails(ip), ...fails(ip), ...fails(ip)]);
  await host.write(...lines);
  await until('2000 bans in the kernel', async () => (await host.inKernel()).length === 2_000, 20_000);
  assert.match(await host.admin('unban', '--all'), /2,000 subjects/);
  assert.deepEqual(await host.inKernel(), []);
});

function fails(ip: string): string[] {
  return wrongSubmission(host.numbers, ip, `alice${host.numbers.next()}@example.org`);
}

function dial4(from: string, timeout = 700): Promise<ProbeResult> {
  return host.net.probe({ from, to: SERVER4, port: PORT, timeout });
}

function dial6(from: string): Promise<ProbeResult> {
  return host.net.probe({ from, to: SERVER6, port: PORT });
}
