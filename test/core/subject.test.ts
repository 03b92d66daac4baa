/** Subjects: the one spelling of each, what an admin may type, and that nothing is confused with anything else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Address, parseAddress } from '../../src/core/ip.ts';
import {
  networkSubject,
  normalLogin,
  parseSubject,
  subjectKey,
  subjectNetwork,
  subjectOf,
} from '../../src/core/subject.ts';

function address(text: string): Address {
  const parsed = parseAddress(text);
  assert.ok(parsed !== null, text);
  return parsed;
}

test('an address, a network and a login are read from what an admin types, and have one key each', () => {
  const table: readonly (readonly [typed: string, type: string, key: string])[] = [
    ['192.0.2.1', 'address', '192.0.2.1'],
    ['192.0.2.1/32', 'address', '192.0.2.1'],
    ['::ffff:192.0.2.1', 'address', '192.0.2.1'],
    ['::FFFF:192.0.2.1/128', 'address', '192.0.2.1'],
    ['192.0.2.77/24', 'network', '192.0.2.0/24'],
    ['0.0.0.0/0', 'network', '0.0.0.0/0'],
    ['2001:DB8::1', 'address', '2001:db8::1'],
    ['2001:db8::1/128', 'address', '2001:db8::1'],
    ['2001:db8::1/64', 'network', '2001:db8::/64'],
    ['login:alice@example.org', 'login', 'login:alice@example.org'],
    ['login: Alice@EXAMPLE.org ', 'login', 'login:alice@example.org'],
    ['login:192.0.2.1', 'login', 'login:192.0.2.1'],
    ['login:login:x', 'login', 'login:login:x'],
    ['login:a b', 'login', 'login:a b'],
  ];
  for (const [typed, type, key] of table) {
    const subject = parseSubject(typed);
    assert.ok(subject !== null, typed);
    assert.equal(subject.type, type, typed);
    assert.equal(subjectKey(subject), key, typed);
    assert.deepEqual(parseSubject(key), subject, `${key} is a fixed point`);
  }
});

test('what is no subject is refused', () => {
  const none = ['', ' ', 'alice@example.org', 'alice', '192.0.2', '192.0.2.1/33', ' 192.0.2.1', '192.0.2.1 ', 'login:'];
  for (const text of [...none, 'login:  ', 'login', 'LOGIN:alice', ':', '/', '::1%lo', 'mail.example.org'])
    assert.equal(parseSubject(text), null, JSON.stringify(text));
});

test('an IPv6 address counts as its prefix and an IPv4 address as itself', () => {
  const table: readonly (readonly [string, number, string])[] = [
    ['192.0.2.1', 64, '192.0.2.1'],
    ['192.0.2.1', 0, '192.0.2.1'],
    ['::ffff:192.0.2.1', 64, '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', 64, '2001:db8:1:2::/64'],
    ['2001:db8:1:2:3:4:5:6', 56, '2001:db8:1::/56'],
    ['2001:db8:1:2:3:4:5:6', 127, '2001:db8:1:2:3:4:5:6/127'],
    ['2001:db8:1:2:3:4:5:6', 128, '2001:db8:1:2:3:4:5:6'],
  ];
  for (const [text, prefix, key] of table) assert.equal(subjectKey(subjectOf(address(text), prefix)), key, text);
});

test('an address covers itself, a network its addresses, a login none', () => {
  const covered = (text: string): string | null => {
    const subject = parseSubject(text);
    assert.ok(subject !== null, text);
    return subjectNetwork(subject);
  };
  assert.equal(covered('192.0.2.1'), '192.0.2.1/32');
  assert.equal(covered('2001:db8::1'), '2001:db8::1/128');
  assert.equal(covered('2001:db8::/64'), '2001:db8::/64');
  assert.equal(covered('login:192.0.2.1'), null);
});

test('a subject and its network lead back to each other', () => {
  const anyAddress = fc.oneof(fc.ipV4(), fc.ipV6()).map(address);
  fc.assert(
    fc.property(anyAddress, fc.integer({ min: 1, max: 128 }), (ip, prefix) => {
      const subject = subjectOf(ip, prefix);
      const network = subjectNetwork(subject);
      assert.ok(network !== null);
      assert.deepEqual(networkSubject(network), subject);
      assert.deepEqual(parseSubject(subjectKey(subject)), subject);
    }),
    { numRuns: 2_000 },
  );
});

test('logins are one login whatever their case and the white space around them', () => {
  const table: readonly (readonly [string, string])[] = [
    ['Alice', 'alice'],
    ['\t ALICE@Example.ORG\r\n', 'alice@example.org'],
    ['\u00a0alice\ufeff', 'alice'],
    ['a  b', 'a  b'],
    ['ÄÖÜ', 'äöü'],
    ['ПОЧТА', 'почта'],
    ['a\0b', 'a\0b'],
    ['😀', '😀'],
    // Half a surrogate pair cannot be stored as UTF-8.
    ['x\ud83d', 'x\ufffd'],
    ['\udc00x', '\ufffdx'],
  ];
  for (const [login, normal] of table) assert.equal(normalLogin(login), normal, JSON.stringify(login));
});

test('a normal login stays as it is, for every character that there is', () => {
  for (let code = 0; code <= 0x10_ffff; code++) {
    const normal = normalLogin(`a${String.fromCodePoint(code)}b`);
    if (normalLogin(normal) !== normal) assert.fail(`U+${code.toString(16)} changes again`);
  }
});

test('any login has a key that leads back to it and survives UTF-8, and is never taken for an address', () => {
  const login = fc.oneof(fc.string({ unit: 'binary' }), fc.ipV4(), fc.ipV6(), fc.string({ unit: 'grapheme' }));
  const halves = fc.array(fc.nat(0xffff), { maxLength: 8 }).map((units) => String.fromCharCode(...units));
  fc.assert(
    fc.property(fc.oneof(login, halves), (text) => {
      const normal = normalLogin(text);
      fc.pre(normal !== '');
      const key = subjectKey({ type: 'login', login: normal });
      assert.deepEqual(parseSubject(key), { type: 'login', login: normal });
      assert.equal(Buffer.from(key).toString(), key);
    }),
    { numRuns: 5_000 },
  );
});
