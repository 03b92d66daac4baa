/** Addresses and networks: tables of spellings (RFC 4291, RFC 5952, RFC 4632). Properties are in ip-property.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Address,
  addressWidth,
  contains,
  type Network,
  networkBase,
  networkLength,
  networkOf,
  overlaps,
  parseAddress,
  parseNetwork,
} from '../../src/core/ip.ts';

function address(text: string): Address {
  const parsed = parseAddress(text);
  assert.ok(parsed !== null, `${text} is an address`);
  return parsed;
}

function network(text: string): Network {
  const parsed = parseNetwork(text);
  assert.ok(parsed !== null, `${text} is a network`);
  return parsed;
}

const SPELLINGS: readonly (readonly [text: string, canonical: string])[] = [
  ['0.0.0.0', '0.0.0.0'],
  ['255.255.255.255', '255.255.255.255'],
  ['192.0.2.1', '192.0.2.1'],
  ['1.0.10.100', '1.0.10.100'],
  // RFC 4291 section 2.2, form 1 and 2.
  ['ABCD:EF01:2345:6789:ABCD:EF01:2345:6789', 'abcd:ef01:2345:6789:abcd:ef01:2345:6789'],
  ['2001:DB8:0:0:8:800:200C:417A', '2001:db8::8:800:200c:417a'],
  ['FF01:0:0:0:0:0:0:101', 'ff01::101'],
  ['0:0:0:0:0:0:0:1', '::1'],
  ['0:0:0:0:0:0:0:0', '::'],
  ['::', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['0::0', '::'],
  ['::0', '::'],
  ['0000:0000:0000:0000:0000:0000:0000:0001', '::1'],
  // The gap may stand for a single group, at either end or inside.
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
  ['1:2:3::5:6:7:8', '1:2:3:0:5:6:7:8'],
  // RFC 5952 section 4.2.2: one zero group is not shortened; 4.2.3: the longest run, the first of equals.
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['0:0:1:0:0:1:0:0', '::1:0:0:1:0:0'],
  ['1:0:0:0:0:0:0:0', '1::'],
  ['1:1:1:1:1:1:0:0', '1:1:1:1:1:1::'],
  // RFC 5952 section 4.1 and 4.3: no leading zeros, lower case.
  ['2001:0DB8:00AA:000b:0001::', '2001:db8:aa:b:1::'],
  // Form 3, with dotted decimals at the end; mapped addresses (section 2.5.5.2) become plain IPv4.
  ['::13.1.68.3', '::d01:4403'],
  ['::FFFF:129.144.52.38', '129.144.52.38'],
  ['0:0:0:0:0:FFFF:129.144.52.38', '129.144.52.38'],
  ['::ffff:c000:0201', '192.0.2.1'],
  ['::ffff:0:0', '0.0.0.0'],
  ['::ffff', '::ffff'],
  ['::ffff:1', '::ffff:1'],
  ['::fffe:1.2.3.4', '::fffe:102:304'],
  ['1::ffff:1.2.3.4', '1::ffff:102:304'],
  ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
  ['1:2:3:4:5::1.2.3.4', '1:2:3:4:5:0:102:304'],
  ['::2:3:4:5:6:1.2.3.4', '0:2:3:4:5:6:102:304'],
  ['FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:255.255.255.255', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
];

test('every usual spelling of an address is read and written the one canonical way', () => {
  for (const [text, canonical] of SPELLINGS) {
    assert.equal(parseAddress(text), canonical, text);
    assert.equal(parseAddress(text.toUpperCase()), canonical, text.toUpperCase());
    assert.equal(parseAddress(canonical), canonical, `${canonical} is a fixed point`);
  }
});

const NO_ADDRESSES: readonly string[] = [
  ...['', ' ', '1', '.', '..', '...', '1.2.3', '1.2.3.', '.1.2.3', '1..2.3', '1.2.3.4.', '1.2.3.4.5', '1.2.3.4 '],
  ...[' 1.2.3.4', '1.2.3.256', '256.1.1.1', '1.2.3.1000', '1.2.3.-4', '+1.2.3.4', '1.2.3.4\n', '1.2.3.4\0'],
  ...['01.2.3.4', '1.02.3.4', '1.2.003.4', '1.2.3.00', '00.0.0.0', '0x1.2.3.4', '1.2.3.a', '1,2,3,4', '1e1.2.3.4'],
  ...['16909060', '0x01020304', '١.٢.٣.٤', '１.２.３.４', '1。2。3。4', '[1.2.3.4]', '1.2.3.4:25', '1.2.3.4/32'],
  ...[':', ':::', '::::', '1:', ':1', '1:2', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:', ':1:2:3:4:5:6:7', ':1:2:3:4:5:6:7:8'],
  ...['1:2:3:4:5:6:7:8:', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7:8::', '::1:2:3:4:5:6:7:8', '1:2:3:4::5:6:7:8'],
  ...['1::2::3', '::1::', '1:::2', ':::1', '1:::', '::12345', '12345::', '::00001', '::g', '::1g', '::-1', '::+1'],
  ...[':: 1', ' ::1', '::1 ', '::1\n', '::1\0', '[::1]', '[::1]:25', '::1/128', '::1.25', '::１', '::ａ'],
  ...['fe80::1%eth0', 'fe80::1%1', 'fe80::1%', '::%', 'fe80::%25eth0', '1.2.3.4%eth0'],
  ...['::1.2.3', '::1.2.3.', '::.1.2.3', '::1.2.3.4.5', '::1.2.3.4:5', '1.2.3.4::', '::1.2.3.256', '::01.2.3.4'],
  ...['::ffff:1.2.3.04', '::ffff:1.2.3.4 ', '::a.1.2.3', '::1.a.2.3', '1:2:3:4:5:6:7:1.2.3.4', '1:2:3:4:5:6::1.2.3.4'],
  ...['1:2:3:4:5:1.2.3.4', '1.2.3.4:5::', '::ffff.1.2.3', 'unknown', 'localhost', 'mail.example.org', 'null'],
  ...['ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2555', `${'0'.repeat(50)}`, `::${'1'.repeat(10_000)}`, ':'.repeat(45)],
  ...['ipv6:::1', 'IPv6:2001:db8::1', '2001:db8::1,', '2001:db8::1]', '"::1"', '::ffff:0x01020304', '::Ａ', '::\u0131'],
];

test('what is no address is refused, with leading zeros, zones, ports, brackets, spaces and other digits among it', () => {
  // 1:2:3:4:5:6::1.2.3.4 has eight groups beside the gap, and the gap stands for one group at least.
  for (const text of NO_ADDRESSES) assert.equal(parseAddress(text), null, JSON.stringify(text));
});

test('a network is written with its host bits zero', () => {
  const table: readonly (readonly [string, string])[] = [
    ['192.0.2.77/24', '192.0.2.0/24'],
    ['192.0.2.77/32', '192.0.2.77/32'],
    ['192.0.2.77', '192.0.2.77/32'],
    ['192.0.2.77/31', '192.0.2.76/31'],
    ['255.255.255.255/1', '128.0.0.0/1'],
    ['127.255.255.255/1', '0.0.0.0/1'],
    ['255.255.255.255/0', '0.0.0.0/0'],
    ['10.255.255.255/9', '10.128.0.0/9'],
    ['2001:db8:1:2:3:4:5:6/64', '2001:db8:1:2::/64'],
    ['2001:db8:1:2:3:4:5:6/63', '2001:db8:1:2::/63'],
    ['2001:db8:1:3:3:4:5:6/63', '2001:db8:1:2::/63'],
    ['2001:db8:ffff::/33', '2001:db8:8000::/33'],
    ['2001:DB8::1', '2001:db8::1/128'],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/1', '8000::/1'],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/127', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127'],
    ['::1/0', '::/0'],
    // A mapped network is that IPv4 network, 96 bits shorter.
    ['::ffff:192.0.2.77/120', '192.0.2.0/24'],
    ['::ffff:192.0.2.77', '192.0.2.77/32'],
    ['::ffff:192.0.2.77/128', '192.0.2.77/32'],
    ['::ffff:0:0/96', '0.0.0.0/0'],
    ['::fffe:0:0/95', '::fffe:0:0/95'],
  ];
  for (const [text, canonical] of table) {
    assert.equal(parseNetwork(text), canonical, text);
    assert.equal(parseNetwork(canonical), canonical, `${canonical} is a fixed point`);
  }
});

test('what is no network is refused', () => {
  const none = [
    ...[
      '',
      '/',
      '/24',
      '1.2.3.4/',
      '1.2.3.4/33',
      '1.2.3.4/-1',
      '1.2.3.4/+1',
      '1.2.3.4/1.5',
      '1.2.3.4/ 24',
      '1.2.3.4 /24',
    ],
    ...['1.2.3.4/24 ', '1.2.3.4/24\n', '1.2.3.4/24/24', '1.2.3.4//24', '1.2.3.4/08', '1.2.3.4/00', '1.2.3.4/024'],
    ...['1.2.3.4/1e1', '1.2.3.4/0x8', '1.2.3.4/255.255.255.0', '1.2.3/24', '10/8', '1.2.3.4/٢', '::/129', '::/999'],
    ...[
      '::/1000',
      '::/',
      '::/064',
      '::1%lo/128',
      '::ffff:1.2.3.4/95',
      '::ffff:1.2.3.4/24',
      '::ffff:1.2.3.4/129',
      'x/8',
    ],
  ];
  for (const text of none) assert.equal(parseNetwork(text), null, JSON.stringify(text));
});

test('the network around an address has the asked length, and a length that the family does not have is an error', () => {
  assert.equal(networkOf(address('192.0.2.77'), 28), '192.0.2.64/28');
  assert.equal(networkOf(address('2001:db8::ff'), 121), '2001:db8::80/121');
  for (const length of [-1, 33, 64, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
    assert.throws(() => networkOf(address('192.0.2.77'), length), RangeError, String(length));
  assert.throws(() => networkOf(address('::1'), 129), /129 bits .* ::1, expected 0 to 128/);
});

test('a network gives back its first address and its length', () => {
  assert.equal(networkBase(network('192.0.2.77/24')), '192.0.2.0');
  assert.equal(networkLength(network('192.0.2.77/24')), 24);
  assert.equal(networkBase(network('::1/0')), '::');
  assert.equal(networkLength(network('::1/0')), 0);
  assert.equal(addressWidth(address('192.0.2.77')), 32);
  assert.equal(addressWidth(address('::ffff:192.0.2.77')), 32);
  assert.equal(addressWidth(address('::1')), 128);
});

test('a network contains its first and last address and neither neighbour, and nothing of the other family', () => {
  const table: readonly (readonly [string, string, boolean])[] = [
    ['192.0.2.64/28', '192.0.2.64', true],
    ['192.0.2.64/28', '192.0.2.79', true],
    ['192.0.2.64/28', '192.0.2.63', false],
    ['192.0.2.64/28', '192.0.2.80', false],
    ['192.0.2.64/28', '::ffff:192.0.2.64', true],
    ['0.0.0.0/0', '255.255.255.255', true],
    ['0.0.0.0/0', '::', false],
    ['::/0', '0.0.0.0', false],
    ['::/0', 'ffff::', true],
    ['2001:db8::/33', '2001:db8:7fff:ffff:ffff:ffff:ffff:ffff', true],
    ['2001:db8::/33', '2001:db8:8000::', false],
    ['2001:db8::1/128', '2001:db8::1', true],
    ['2001:db8::1/128', '2001:db8::2', false],
  ];
  for (const [outer, inner, expected] of table)
    assert.equal(contains(network(outer), address(inner)), expected, `${outer} ${inner}`);
});

test('two networks overlap when one holds the other, whichever comes first', () => {
  const table: readonly (readonly [string, string, boolean])[] = [
    ['10.0.0.0/8', '10.1.0.0/16', true],
    ['10.0.0.0/8', '10.0.0.0/8', true],
    ['10.0.0.0/8', '11.0.0.0/16', false],
    ['10.0.0.0/9', '10.128.0.0/9', false],
    ['0.0.0.0/0', '::/0', false],
    ['::/0', '2001:db8::1/128', true],
    ['2001:db8::/64', '2001:db8:0:1::/64', false],
  ];
  for (const [one, other, expected] of table) {
    assert.equal(overlaps(network(one), network(other)), expected, `${one} ${other}`);
    assert.equal(overlaps(network(other), network(one)), expected, `${other} ${one}`);
  }
});
