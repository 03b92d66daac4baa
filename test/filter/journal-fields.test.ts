/** Entries of the journal whose text stands in fields: Stalwart's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Matcher, type Sighting } from '../../src/filter/match.ts';
import { LogReader } from '../../src/filter/reader.ts';
import { options } from './reading.ts';

function sightingsOf(fields: object): Sighting[] {
  const entry = { SYSLOG_IDENTIFIER: 'stalwart', _UID: '997', __REALTIME_TIMESTAMP: '1795337434000000', ...fields };
  const seen: Sighting[] = [];
  new Matcher(options).readJournal(Buffer.from(`${JSON.stringify(entry)}\n`), (sighting) => seen.push(sighting));
  return seen;
}

const FAILED = {
  MESSAGE: 'Authentication failed',
  REMOTEIP: '198.51.100.9',
  REMOTEPORT: '4111',
  ACCOUNTNAME: 'bob@example.org',
};

test('a failed login is put together from the fields of its entry', () => {
  const [seen, more] = sightingsOf(FAILED);
  assert.equal(more, undefined);
  assert.equal(seen?.pattern, 'auth-failed');
  assert.equal(seen?.ip, '198.51.100.9');
  assert.equal(seen?.login, 'bob@example.org');
});

test('of an address that stands twice the first is the connection’s', () => {
  assert.equal(sightingsOf({ ...FAILED, REMOTEIP: ['198.51.100.9', '203.0.113.77'] })[0]?.ip, '198.51.100.9');
});

test('an account name cannot pretend to be another field', () => {
  const account = 'x", remoteIp = 203.0.113.77, accountName = "victim';
  const [seen] = sightingsOf({ ...FAILED, ACCOUNTNAME: account });
  assert.equal(seen?.ip, '198.51.100.9');
  assert.equal(seen?.login, account);
});

test('an account name that is no UTF-8 comes as bytes', () => {
  const [seen] = sightingsOf({ ...FAILED, ACCOUNTNAME: [...Buffer.from('jürgen')] });
  assert.equal(seen?.login, 'jürgen');
});

test('a request without credentials is no failed login', () => {
  const { ACCOUNTNAME: _, ...anonymous } = FAILED;
  assert.deepEqual(sightingsOf({ ...anonymous, DETAILS: 'Missing Authorization header.' }), []);
});

test('a field that is neither text nor bytes is empty, whatever it is', () => {
  for (const odd of [{ toString: 1 }, [{ toString: 1 }], [null], 7, true])
    assert.equal(sightingsOf({ ...FAILED, ACCOUNTNAME: odd })[0]?.login ?? null, null, JSON.stringify(odd));
  const entry = {
    SYSLOG_IDENTIFIER: 'x',
    __REALTIME_TIMESTAMP: '1795337434000000',
    MESSAGE: 'y',
    CONTAINER_ID: { toString: 1 },
  };
  const data = Buffer.from(`${JSON.stringify(entry)}\n`);
  assert.doesNotThrow(() => new LogReader(options, undefined, 'journal').match(data, () => {}));
});

test('an address field that holds anything else is not read', () => {
  assert.deepEqual(sightingsOf({ ...FAILED, REMOTEIP: '198.51.100.9, remoteIp = 203.0.113.77' }), []);
});
