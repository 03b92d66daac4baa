/** Locked logins in Stalwart, against a double that checks every request. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { stalwart } from '../../src/enforce/stalwart/enforcer.ts';
import { ban, banOf, unban } from './bans.ts';
import { bench, failure, LIST, RELOAD } from './stalwart-bench.ts';
import { StalwartDouble, TOKEN } from './stalwart-double.ts';

describe('the logins of Stalwart up to 0.15', () => {
  it('are locked and unlocked by the name or the mail address of their account', async (t) => {
    const { server, enforcer } = await bench(t, '0.15');
    const alice = server.account('alice', ['alice@example.org']);
    const bob = server.account('bob@example.org');
    const dave = server.account('dave', ['d@example.com']);
    server.account('carol', ['xalice@example.org']);
    await enforcer.reset([]);
    await enforcer.apply([ban('login:alice@example.org'), ban('login:bob@example.org'), ban('login:nobody')]);
    assert.deepEqual(alice.disabledPermissions, ['authenticate']);
    assert.deepEqual(bob.disabledPermissions, ['authenticate']);
    assert.deepEqual(
      server.seen
        .filter(({ line }) => line.startsWith('PATCH'))
        .map(({ line, body }) => [line, body])
        .sort(),
      ['alice', 'bob%40example.org'].map((name) => [
        `PATCH /api/principal/${name}`,
        [{ action: 'addItem', field: 'disabledPermissions', value: 'authenticate' }],
      ]),
    );
    await enforcer.apply([ban('login:alice'), unban('login:alice@example.org'), unban('login:bob@example.org')]);
    assert.deepEqual(alice.disabledPermissions, ['authenticate']);
    assert.deepEqual(bob.disabledPermissions, []);
    await enforcer.apply([unban('login:alice'), ban('login:dave@example.org'), ban('login:dave@example.com')]);
    assert.deepEqual(alice.disabledPermissions, []);
    assert.deepEqual(dave.disabledPermissions, ['authenticate']);
  });

  it('that an admin has disabled stay so', async (t) => {
    const { server, enforcer, restarted } = await bench(t, '0.15');
    const alice = server.account('alice');
    alice.disabledPermissions.push('authenticate');
    await enforcer.reset([banOf('login:alice')]);
    await enforcer.apply([unban('login:alice')]);
    await restarted().reset([]);
    assert.deepEqual(alice.disabledPermissions, ['authenticate']);
  });

  it('are unlocked at a start whose ban is over by then', async (t) => {
    const { server, enforcer, restarted } = await bench(t, '0.15');
    const alice = server.account('alice');
    await enforcer.reset([banOf('login:alice')]);
    await restarted().reset([]);
    assert.deepEqual(alice.disabledPermissions, []);
  });

  it('are accounts of people: no group and no API key can be locked, nor can a name lead elsewhere', async (t) => {
    const { server, enforcer } = await bench(t, '0.15');
    const key = server.account('tailban', [], 'apiKey');
    const names = ['tailban', '..', '.', '../settings/keys?keys=a', 'a\nb', 'x'.repeat(5_000), '%2e%2e', 'ä b'];
    await enforcer.reset(names.map((name) => banOf(`login:${name}`)));
    assert.deepEqual(key.disabledPermissions, []);
    for (const line of server.takeLines())
      assert.ok(line === LIST || line === RELOAD || /^GET \/api\/principal\/[^/?]+$/.test(line), line);
  });

  it('are all tried, also where one fails', async (t) => {
    const { server, enforcer } = await bench(t, '0.15');
    const alice = server.account('alice');
    const bob = server.account('bob');
    server.failures.push({ line: 'PATCH /api/principal/alice', status: 500, body: '{"detail":"no"}' });
    const bans = [banOf('login:alice'), banOf('login:bob')];
    assert.match(await failure(enforcer.reset(bans)), /it answered 500 \{"detail":"no"\}/);
    assert.deepEqual(bob.disabledPermissions, ['authenticate']);
    // What failed is noted as ours, so that it is unlocked should it have worked after all.
    await enforcer.reset(bans);
    assert.deepEqual(alice.disabledPermissions, ['authenticate']);
    await enforcer.reset([]);
    assert.deepEqual([...alice.disabledPermissions, ...bob.disabledPermissions], []);
  });
});

describe('the logins of Stalwart 0.16', () => {
  it('are not locked, which is told once', async (t) => {
    const { server, enforcer, warnings } = await bench(t, '0.16');
    const { subject } = banOf('login:alice');
    assert.deepEqual([enforcer.handles(subject), enforcer.logins], [true, 'does not stop guesses']);
    for (let i = 0; i < 2; i++) await enforcer.reset([banOf('login:alice'), banOf('192.0.2.1')]);
    assert.deepEqual([enforcer.handles(subject), enforcer.logins], [false, null]);
    assert.deepEqual(warnings, ['Stalwart 0.16 and later has no API that locks logins: they are not locked there']);
    assert.deepEqual(server.blocked, ['192.0.2.1']);
  });

  it('that were locked before the update are told, to be enabled by hand', async (t) => {
    const { server, enforcer, restarted, warnings, notes } = await bench(t, '0.15');
    server.account('alice');
    await enforcer.reset([banOf('login:alice')]);
    const next = await new StalwartDouble('0.16').start(t);
    const updated = stalwart({
      url: next.url,
      token: () => TOKEN,
      version: 'auto',
      addresses: true,
      logins: false,
      defaultDomain: null,
      notes,
      now: () => 0,
      warn: (message) => warnings.push(message),
    });
    await updated.reset([]);
    assert.deepEqual(warnings, ['Stalwart has no API any more to enable the account alice: do it by hand']);
    assert.deepEqual(await restarted().remaining(), []);
  });
});

describe('very many logins', () => {
  it('are not all asked for where the server fails always', async (t) => {
    const { server, enforcer } = await bench(t, '0.15');
    await enforcer.reset([]);
    for (let i = 0; i < 200; i++) server.failures.push({ line: 'GET /api/principal', status: 500, body: '' });
    server.takeLines();
    await assert.rejects(enforcer.reset(Array.from({ length: 200 }, (_, i) => banOf(`login:user${i}`))));
    assert.equal(server.takeLines().filter((line) => line.startsWith('GET /api/principal')).length, 24);
  });

  it('are written down once', async (t) => {
    const { server, enforcer, notes } = await bench(t, '0.15');
    server.account('alice');
    await enforcer.reset([banOf('login:alice', 5)]);
    const text = await readFile(notes, 'utf8');
    await enforcer.apply([ban('login:alice', 5)]);
    assert.equal(await readFile(notes, 'utf8'), text);
    assert.equal(text, `{"add":{"subject":{"type":"login","login":"alice"},"until":5,"account":"alice"}}\n`);
  });
});
