/** Who asked, behind proxies: single headers by hand, and chains of proxies with forged beginnings against a naive walk. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { clientAddress } from '../../src/core/forwarded.ts';
import { type Address, parseAddress } from '../../src/core/ip.ts';
import type { ForwardingHeaders } from '../../src/core/types.ts';

const PROXY = address('10.0.0.1');
const CLIENT = '192.0.2.9';
const VICTIM = '203.0.113.77';
/** The proxies of these tests live in 10.0.0.0/8 and fd00::/8. */
const isTrusted = (one: Address): boolean => one.startsWith('10.') || one.startsWith('fd00:');

function address(text: string): Address {
  const parsed = parseAddress(text);
  assert.ok(parsed !== null, text);
  return parsed;
}

/** By the one header that is there. */
function client(headers: ForwardingHeaders, peer: Address = PROXY): string {
  const written = headers.forwarded === undefined ? 'x-forwarded-for' : 'forwarded';
  return clientAddress(peer, headers, isTrusted, written).address;
}

test('the rightmost address that is no trusted proxy is the client, in all spellings of X-Forwarded-For', () => {
  const cases: Record<string, string> = {
    '192.0.2.9': CLIENT,
    ' 192.0.2.9\t': CLIENT,
    '192.0.2.9:4711': CLIENT,
    '203.0.113.77, 192.0.2.9': CLIENT,
    '203.0.113.77,192.0.2.9 , 10.0.0.2,fd00::5': CLIENT,
    'unknown, garbage, 192.0.2.9': CLIENT,
    '2001:DB8:0::9': '2001:db8::9',
    '[2001:db8::9]': '2001:db8::9',
    '[2001:db8::9]:443, [fd00::7]:80': '2001:db8::9',
    '::ffff:192.0.2.9': CLIENT,
    '[::FFFF:c000:209]:1': CLIENT,
    ' ", 192.0.2.9': CLIENT,
  };
  for (const [xForwardedFor, expected] of Object.entries(cases))
    assert.equal(client({ xForwardedFor }), expected, xForwardedFor);
});

test('the rightmost address that is no trusted proxy is the client, in all spellings of Forwarded', () => {
  const cases: Record<string, string> = {
    'for=192.0.2.9': CLIENT,
    'For="192.0.2.9:4711"': CLIENT,
    'FOR=192.0.2.9:4711': CLIENT,
    'for="[2001:db8::9]:4711"': '2001:db8::9',
    'for="[2001:db8::9]:_hidden"': '2001:db8::9',
    'for="[2001:DB8::9]"; proto=https ;by=203.0.113.77;host=example.org': '2001:db8::9',
    'for="\\[2001:db8::\\9\\]"': '2001:db8::9',
    'by=203.0.113.77;for=192.0.2.9, for=10.0.0.2;by=10.0.0.1': CLIENT,
    'for=203.0.113.77, for=192.0.2.9': CLIENT,
    'for=192.0.2.9;host="a, for=203.0.113.77"': CLIENT,
    'for=192.0.2.9;host="a\\", for=203.0.113.77;x=\\\\"': CLIENT,
    'for=_hidden, for=192.0.2.9, for="[fd00::2]:80"': CLIENT,
    'for=::ffff:192.0.2.9': CLIENT,
  };
  for (const [forwarded, expected] of Object.entries(cases)) assert.equal(client({ forwarded }), expected, forwarded);
});

test('an entry that is no address ends the walk at the proxy that wrote it', () => {
  const older = ['unknown', '', '-', '192.0.2.9,', '203.0.113.77, unknown', '203.0.113.77, unix:', '192.0.2.9:x'];
  for (const garbage of [...older, '192.0.2.9 10.0.0.2', 'fe80::1%eth0', '[2001:db8::9', '2001:db8::9]:1', '1.2.3'])
    assert.equal(client({ xForwardedFor: garbage }), PROXY, garbage);
  const standard = ['for=unknown', 'for=_mobile', 'by=192.0.2.9', 'for=', 'for="', 'for = 192.0.2.9', 'xfor=192.0.2.9'];
  for (const garbage of [...standard, 'for=192.0.2.9;for=203.0.113.77', 'for=203.0.113.77, for=_x', '192.0.2.9', ''])
    assert.equal(client({ forwarded: garbage }), PROXY, garbage);
  assert.equal(client({ xForwardedFor: '203.0.113.77, unknown, 10.0.0.9' }), '10.0.0.9');
  assert.equal(client({}), PROXY);
});

test('nothing is read of what an untrusted peer sends', () => {
  const peer = address(CLIENT);
  const headers = { xForwardedFor: VICTIM, forwarded: `for=${VICTIM}` };
  assert.deepEqual(clientAddress(peer, headers, isTrusted, 'x-forwarded-for'), { address: CLIENT, behindProxy: false });
  assert.deepEqual(clientAddress(peer, headers, isTrusted, 'forwarded'), { address: CLIENT, behindProxy: false });
});

test('an address out of a header is told from one of a connection', () => {
  const found = (xForwardedFor: string): boolean =>
    clientAddress(PROXY, { xForwardedFor }, isTrusted, 'x-forwarded-for').behindProxy;
  assert.equal(found(CLIENT), true);
  assert.equal(found('unknown'), false);
});

test('only the header that the proxies write is read', () => {
  const forged = { xForwardedFor: CLIENT, forwarded: `for=${VICTIM}` };
  assert.equal(clientAddress(PROXY, forged, isTrusted, 'x-forwarded-for').address, CLIENT);
  assert.equal(clientAddress(PROXY, forged, isTrusted, 'forwarded').address, VICTIM);
  assert.equal(clientAddress(PROXY, { forwarded: `for=${VICTIM}` }, isTrusted, 'x-forwarded-for').address, PROXY);
  assert.equal(clientAddress(PROXY, { xForwardedFor: VICTIM }, isTrusted, 'forwarded').address, PROXY);
});

test('endless headers are read as far as an honest one goes', () => {
  assert.equal(client({ xForwardedFor: `${`${VICTIM}, `.repeat(100_000)}${CLIENT}` }), CLIENT);
  assert.equal(client({ xForwardedFor: `${VICTIM}${', 10.0.0.2'.repeat(100_000)}` }), '10.0.0.2');
  // The cut goes through an address: what is left of it is none.
  const filler = ' '.repeat(16_384 - ',10.0.0.2'.length - '3.0.113.77'.length);
  assert.equal(client({ xForwardedFor: `${VICTIM}${filler},10.0.0.2` }), '10.0.0.2');
  const started = performance.now();
  for (const text of ['"\\'.repeat(500_000), '\\'.repeat(1_000_000), ',"'.repeat(500_000), ';for='.repeat(200_000)])
    for (const headers of [{ forwarded: text }, { xForwardedFor: text }]) assert.equal(client(headers), PROXY);
  assert.ok(performance.now() - started < 2_000);
});

const outside = fc.oneof(fc.ipV4(), fc.ipV6()).filter((text) => !isTrusted(address(text)));
const inside = fc.oneof(
  fc.nat(255).map((part) => `10.1.2.${part}`),
  fc.nat(0xffff).map((part) => `fd00::${part.toString(16)}`),
);
const nobody = fc.constantFrom('unknown', '_hidden', '_SEVKISEK');
const hops = fc.array(fc.oneof({ weight: 3, arbitrary: inside }, outside, nobody), { minLength: 1, maxLength: 8 });
/** What a client sends by itself; the proxies append to it. */
const sent = fc.oneof(
  fc.constant(''),
  fc.string({ unit: fc.constantFrom(...'",;=\\[]: for', VICTIM, `for=${VICTIM}`), maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
);

/** The same without headers: the proxies are asked one after the other who came to them. */
function naive(chain: readonly string[]): string {
  let known: string = PROXY;
  for (const hop of chain.toReversed()) {
    const parsed = parseAddress(hop);
    if (parsed === null) return known;
    known = parsed;
    if (!isTrusted(parsed)) return known;
  }
  return known;
}

test('whatever the client sends in front, both headers lead to whom the trusted proxies name', () => {
  const spelling = fc.nat(3);
  fc.assert(
    fc.property(hops, outside, sent, spelling, (chain, first, forged, how) => {
      // Whoever came to the first proxy stands at the left end of what the proxies wrote.
      const all = [first, ...chain];
      const older = all.map((hop) => (how === 1 && hop.includes(':') ? `[${hop}]:80` : hop));
      const standard = all.map((hop) => {
        const node = hop.includes(':') ? `"[${hop}]${how === 2 ? ':_p' : ''}"` : hop;
        return how === 3 ? `By="a,b\\"";FOR=${node};host="x;for=${VICTIM}"` : `for=${node}`;
      });
      const expected = naive(all);
      const xForwardedFor = [forged, ...older].join(', ');
      const forwarded = [forged, ...standard].join(', ');
      assert.equal(client({ xForwardedFor }), expected);
      assert.equal(client({ forwarded }), expected);
    }),
    { numRuns: 5_000 },
  );
});
