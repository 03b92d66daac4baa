/** Ending live connections: what is read from ss, what it is told, and that its failures stay here. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Address, parseAddress } from '../../src/core/ip.ts';
import { commandRunner, type Outcome, type Run } from '../../src/enforce/command.ts';
import { connectionCutter, killFilter, readConnections } from '../../src/enforce/firewall/connections.ts';

const LISTING = `ESTAB 0      0               192.0.2.1:25        192.0.2.10:37822
ESTAB 0      0      [::ffff:192.0.2.1]:25 [::ffff:192.0.2.11]:2525
CLOSE-WAIT 1 0           [2001:db8::1]:25 [2001:db8:1::10]:40000
ESTAB 0      0      [fe80::1]%eth0:25       [fe80::2]%eth0:40001
`;

test('peers are read in every spelling of ss, and lines that are none are skipped', () => {
  assert.deepEqual(
    readConnections(`${LISTING}\ngarbage\n* *:*\n`).map((connection) => connection.peer),
    ['192.0.2.10', '192.0.2.11', '2001:db8:1::10', 'fe80::2'],
  );
});

test('the filter of ss names addresses and ports', () => {
  const addresses = ['192.0.2.10', '2001:db8::1'].map(address);
  assert.equal(killFilter(addresses, []), '( dst 192.0.2.10 or dst [2001:db8::1] )');
  assert.equal(killFilter(addresses.slice(0, 1), [25, 143]), '( dst 192.0.2.10 ) and ( sport = :25 or sport = :143 )');
});

test('only connections of banned addresses are killed, and with none there is no kill', async () => {
  const ss = fakeSs(() => 'ESTAB 0 0 a b');
  const banned = new Set<string>();
  const cutter = connectionCutter({ ports: [25], run: ss.run, banned: (ip) => banned.has(ip), warn: assert.fail });
  cutter.cut();
  await cutter.idle();
  banned.add('192.0.2.11').add('192.0.2.99');
  cutter.cut();
  await cutter.idle();
  const list = 'ss -Htn state connected exclude time-wait ( sport = :25 )';
  const kill = 'ss -HtnK state connected exclude time-wait ( dst 192.0.2.11 ) and ( sport = :25 )';
  assert.deepEqual(ss.calls, [list, list, kill]);
});

test('requests that come while one pass runs become one more pass', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let passes = 0;
  const run: Run = async () => {
    passes++;
    await promise;
    return { exitCode: 0, stdout: '', stderr: '' };
  };
  const cutter = connectionCutter({ ports: [], run, banned: () => false, warn: assert.fail });
  for (let i = 0; i < 5; i++) cutter.cut();
  resolve();
  await cutter.idle();
  assert.equal(passes, 2);
});

test('a kernel that cannot end connections is found out once, and told once', async () => {
  const said: string[] = [];
  const ss = fakeSs(() => '');
  const cutter = connectionCutter({ ports: [], run: ss.run, banned: () => true, warn: (text) => said.push(text) });
  for (let i = 0; i < 3; i++) {
    cutter.cut();
    await cutter.idle();
  }
  assert.equal(ss.calls.length, 3, 'list, kill, list');
  assert.deepEqual(said, ['Cannot end the connections of banned addresses: the kernel has no SOCK_DESTROY']);
});

test('a connection that ended by itself before the kill does not look like such a kernel', async () => {
  const ss = fakeSs(() => '', [LISTING, '']);
  const cutter = connectionCutter({ ports: [], run: ss.run, banned: () => true, warn: assert.fail });
  cutter.cut();
  await cutter.idle();
  cutter.cut();
  await cutter.idle();
  assert.equal(ss.calls.length, 4);
});

test('a missing ss is told once; any other failure is forgotten until the next ban', async () => {
  const said: string[] = [];
  let calls = 0;
  const run: Run = async () => {
    calls++;
    if (calls === 1) throw new Error('no');
    return commandRunner()(['tailban-test-no-such-ss']);
  };
  const cutter = connectionCutter({ ports: [], run, banned: () => true, warn: (text) => said.push(text) });
  for (let i = 0; i < 4; i++) {
    cutter.cut();
    await cutter.idle();
  }
  assert.equal(calls, 2);
  assert.deepEqual(said, ['Cannot end the connections of banned addresses: ss is missing, install iproute2']);
});

/** Lists `listings` in turn (the last one for ever); `kill` gives what `ss -K` prints. */
function fakeSs(kill: () => string, listings: readonly string[] = [LISTING]): { run: Run; calls: string[] } {
  const calls: string[] = [];
  let listed = 0;
  const run: Run = async (argv): Promise<Outcome> => {
    calls.push(argv.join(' '));
    if (argv[1] === '-HtnK') return { exitCode: 0, stdout: kill(), stderr: '' };
    return { exitCode: 0, stdout: listings[Math.min(listed++, listings.length - 1)] ?? '', stderr: '' };
  };
  return { run, calls };
}

function address(text: string): Address {
  const parsed = parseAddress(text);
  assert.ok(parsed !== null);
  return parsed;
}
