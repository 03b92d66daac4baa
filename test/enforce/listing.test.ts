/** Reading `nft --json`: what is ours comes back as subjects, what is not is left alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fingerprint, heldElements } from '../../src/enforce/firewall/listing.ts';
import { subject } from './bans.ts';

const set = (name: string, elem: unknown, table = 'tailban') => ({ set: { family: 'inet', name, table, elem } });
const listing = (...items: unknown[]) =>
  JSON.stringify({ nftables: [{ metainfo: { version: '1.0.6', json_schema_version: 1 } }, ...items] });

test('elements come back as subjects; the seconds left are rounded so that no ban ends early', () => {
  const text = listing(
    set('address4', [{ elem: { val: '192.0.2.1', timeout: 90, expires: 60 } }, '192.0.2.2']),
    set('network6_64', [{ elem: { val: '2001:db8:1::', timeout: 5 } }]),
    set('address6', undefined),
  );
  assert.deepEqual(heldElements(text, 1_000_000), [
    { subject: subject('192.0.2.1'), until: 1_060_999 },
    { subject: subject('192.0.2.2'), until: null },
    { subject: subject('2001:db8:1::/64'), until: 1_005_999 },
  ]);
});

test('foreign sets, odd elements and a listing without anything are skipped', () => {
  const text = listing(
    null,
    'table',
    set('address4', [null, 7, 'example.org', '2001:db8::1', { elem: { val: 5 } }, { range: ['a', 'b'] }]),
    set('allowed', ['192.0.2.1']),
    set('address4', ['192.0.2.1'], 'filter'),
    set('address4', 'all'),
  );
  assert.deepEqual(heldElements(text, 0), []);
  for (const empty of ['{}', '[]', 'null', '{"nftables":7}']) assert.deepEqual(heldElements(empty, 0), []);
  assert.throws(() => heldElements('Error', 0), SyntaxError);
});

test('the fingerprint needs the table, the chain, every set and every rule, and sees what else is in the table', () => {
  const shapes = [{ family: 4, length: 32 } as const];
  const table = { table: { family: 'inet', name: 'tailban', handle: 1 } };
  const chain = { chain: { family: 'inet', table: 'tailban', name: 'prerouting', hook: 'prerouting', handle: 1 } };
  const rule = (handle: number) => ({ rule: { family: 'inet', table: 'tailban', chain: 'prerouting', handle } });
  const ours = [table, chain, set('address4', undefined), rule(5)];
  const whole = fingerprint(listing(...ours), shapes, 1);
  assert.notEqual(whole, null);
  for (const missing of ours) {
    const rest = ours.filter((item) => item !== missing);
    assert.equal(fingerprint(listing(...rest), shapes, 1), null, JSON.stringify(missing));
  }
  assert.equal(fingerprint(listing(...ours, rule(6)), shapes, 1), null);
  assert.notEqual(fingerprint(listing(table, chain, set('address4', undefined), rule(6)), shapes, 1), whole);
  assert.notEqual(fingerprint(listing(...ours, set('address6', undefined)), shapes, 1), whole);
  const foreign = { table: { family: 'inet', name: 'other', handle: 9 } };
  assert.equal(fingerprint(listing(foreign, ...ours, set('x', undefined, 'other')), shapes, 1), whole);
});
