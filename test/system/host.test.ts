/** What the host must never ban: itself and its way out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contains, type Network, parseAddress } from '../../src/core/ip.ts';
import { hostNetworks, v4Gateways, v6Gateways } from '../../src/system/host.ts';

const V4 = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
eth1\t00000000\tFE6433C6\t0003\t0\t0\t200\t00000000\t0\t0\t0
tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0
eth0\t0000000A\t050200C0\t0003\t0\t0\t0\t000000FF\t0\t0\t0
`;
const ZERO = '00000000000000000000000000000000';
const V6 = `${ZERO} 00 ${ZERO} 00 fe800000000000000000000000000001 00000400 00000001 00000000 00450003     eth0
20010db8000000000000000000000000 40 ${ZERO} 00 ${ZERO} 00000100 00000001 00000000 00000001     eth0
20010db8000100000000000000000000 40 ${ZERO} 00 20010db8000000000000000000000009 00000100 00000001 00000000 00000003     eth0
${ZERO} 00 ${ZERO} 00 20010db80000000000000000000000fe 00000400 00000001 00000000 00000003     eth1
${ZERO} 00 ${ZERO} 00 ${ZERO} ffffffff 00000001 00000000 00200200       lo
`;

test('the gateways of default routes are read, those of other routes and of tunnels without one are not', () => {
  assert.deepEqual(v4Gateways(V4), ['192.0.2.1', '198.51.100.254']);
  assert.deepEqual(v6Gateways(V6), ['fe80::1', '2001:db8::fe']);
});

test('tables that are empty or no tables give nothing', () => {
  for (const text of ['', '\n', 'rubbish', 'a\tb', 'x\t00000000\tzz', `${ZERO} 00`, `${ZERO} 00 x y nonsense1`]) {
    assert.deepEqual(v4Gateways(text), []);
    assert.deepEqual(v6Gateways(text), []);
  }
});

test('loopback is never banned on any host, and every entry says why', async () => {
  const found = await hostNetworks();
  const why = (text: string): string | undefined => {
    const address = parseAddress(text);
    return found.find(([network]: readonly [Network, string]) => address !== null && contains(network, address))?.[1];
  };
  assert.equal(why('127.0.0.53'), 'loopback');
  assert.equal(why('::1'), 'loopback');
  for (const [, reason] of found) assert.match(reason, /^(?:loopback|own address on \S+|default gateway)$/);
});
