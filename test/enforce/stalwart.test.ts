/** Stalwart as an enforcer, against a double that checks every request. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { EnforcerQueue } from '../../src/enforce/queue.ts';
import { stalwart } from '../../src/enforce/stalwart/enforcer.ts';
import { ban, banOf, unban } from './bans.ts';
import { settle } from './fakes.ts';
import { bench, failure, LIST, RELOAD } from './stalwart-bench.ts';
import { TOKEN } from './stalwart-double.ts';

for (const version of ['0.15', '0.16'] as const) {
  describe(`the addresses of Stalwart ${version}`, () => {
    it('are those that are banned, with every change', async (t) => {
      const { server, enforcer, warnings } = await bench(t, version);
      await enforcer.reset([banOf('192.0.2.1'), banOf('2001:db8::/64', 2_000_000)]);
      assert.deepEqual(server.blocked, ['192.0.2.1', '2001:db8::/64']);
      await enforcer.apply([ban('192.0.2.2', 3_000_000), unban('192.0.2.1'), unban('198.51.100.1')]);
      assert.deepEqual(server.blocked, ['192.0.2.2', '2001:db8::/64']);
      await enforcer.apply([ban('192.0.2.2', 9_000_000)]);
      assert.deepEqual(server.blocked, ['192.0.2.2', '2001:db8::/64']);
      await enforcer.remove();
      assert.deepEqual(server.blocked, []);
      assert.equal(warnings.length, version === '0.15' ? 0 : 1);
    });

    it('that an admin blocked by hand stay blocked, before and after a ban of ours', async (t) => {
      const { server, enforcer, restarted } = await bench(t, version);
      server.block('192.0.2.1');
      await enforcer.reset([banOf('192.0.2.1'), banOf('192.0.2.2')]);
      await enforcer.apply([unban('192.0.2.1'), unban('192.0.2.2')]);
      assert.deepEqual(server.blocked, ['192.0.2.1']);
      await enforcer.apply([ban('192.0.2.1')]);
      await enforcer.apply([unban('192.0.2.1')]);
      await enforcer.reset([banOf('192.0.2.1')]);
      await restarted().reset([]);
      assert.deepEqual(server.blocked, ['192.0.2.1']);
    });

    it('that were ours before a restart are taken out when their ban is over', async (t) => {
      const { server, enforcer, restarted } = await bench(t, version);
      await enforcer.reset([banOf('192.0.2.1'), banOf('192.0.2.2')]);
      await restarted().reset([banOf('192.0.2.2')]);
      assert.deepEqual(server.blocked, ['192.0.2.2']);
    });

    it('are taken out when their ban ends, of which the queue tells', async (t) => {
      const { server, enforcer, clock } = await bench(t, version);
      const queue = new EnforcerQueue({ enforcer, activeBans: () => [banOf('192.0.2.1', 5_000)], now: clock.now });
      queue.start();
      await queue.idle();
      assert.deepEqual(server.blocked, ['192.0.2.1']);
      queue.ended(banOf('192.0.2.1').subject);
      await queue.idle();
      await queue.stop();
      assert.deepEqual(server.blocked, []);
    });

    it('are not missed where their time is over', async (t) => {
      const { server, enforcer, clock } = await bench(t, version);
      await enforcer.reset([banOf('192.0.2.1', clock.time + 1_000)]);
      server.settings.clear();
      server.objects.clear();
      await clock.advance(60_000);
      assert.equal(await enforcer.intact(), true);
    });

    it('are missed within a minute when somebody takes them out', async (t) => {
      const { server, enforcer, clock } = await bench(t, version);
      await enforcer.reset([banOf('192.0.2.1')]);
      server.settings.clear();
      server.objects.clear();
      server.inForce.clear();
      await clock.advance(60_000);
      assert.equal(await enforcer.intact(), false);
      await enforcer.reset([banOf('192.0.2.1')]);
      assert.equal(await enforcer.intact(), true);
      assert.deepEqual(server.blocked, ['192.0.2.1']);
    });

    it('may be very many', async (t) => {
      const { server, enforcer } = await bench(t, version);
      const bans = Array.from({ length: 2_500 }, (_, index) => banOf(`198.18.${index >> 8}.${index & 255}`));
      await enforcer.reset(bans);
      assert.equal(server.blocked.length, 2_500);
      await enforcer.reset(bans.slice(0, 10));
      assert.equal(server.blocked.length, 10);
    });

    it('get there by the queue, whatever fails half-way', async (t) => {
      const { server, enforcer, clock } = await bench(t, version);
      const failures: string[] = [];
      const bans = Array.from({ length: 1_200 }, (_, index) => banOf(`198.18.${index >> 8}.${index & 255}`));
      const line = version === '0.15' ? RELOAD : 'POST /api';
      server.failures.push({ line, status: 503, body: 'busy' }, { line, status: 500, body: '' });
      const queue = new EnforcerQueue({
        enforcer,
        activeBans: () => bans,
        now: clock.now,
        sleep: clock.sleep,
        onFailure: (error) => failures.push(error.message),
      });
      queue.start();
      for (let i = 0; i < 400 && server.blocked.length < bans.length; i++) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        await clock.advance(1_000);
      }
      await settle();
      await queue.stop();
      assert.equal(server.blocked.length, bans.length);
      assert.match(failures[0] ?? '', /^Cannot use Stalwart at http:\S+: it answered 503 busy$/);
      assert.equal(failures.length, 2);
    });
  });
}

describe('the requests to Stalwart up to 0.15', () => {
  it('are those of its documents', async (t) => {
    const { server, enforcer } = await bench(t, '0.15');
    await enforcer.reset([]);
    server.takeLines();
    await enforcer.apply([ban('192.0.2.1')]);
    const [asked, insert, reload] = server.seen.splice(0);
    assert.equal(asked?.line, 'GET /api/settings/keys?keys=server.blocked-ip.192.0.2.1');
    assert.deepEqual(insert, {
      line: 'POST /api/settings',
      body: [{ type: 'insert', prefix: null, values: [['server.blocked-ip.192.0.2.1', '']], assert_empty: false }],
    });
    assert.equal(reload?.line, RELOAD);
    await enforcer.apply([unban('192.0.2.1')]);
    assert.deepEqual(server.seen.splice(0), [
      { line: 'POST /api/settings', body: [{ type: 'delete', keys: ['server.blocked-ip.192.0.2.1'] }] },
      { line: RELOAD, body: undefined },
    ]);
  });

  it('ask for the reload again that failed', async (t) => {
    const { server, enforcer } = await bench(t, '0.15');
    server.failures.push({ line: RELOAD, status: 500, body: '' });
    await assert.rejects(enforcer.reset([banOf('192.0.2.1')]));
    server.takeLines();
    await enforcer.reset([banOf('192.0.2.1')]);
    assert.deepEqual(server.takeLines(), [LIST, RELOAD]);
    assert.deepEqual(server.blocked, ['192.0.2.1']);
  });
});

describe('the requests to Stalwart 0.16', () => {
  it('carry address, reason and end', async (t) => {
    const { server, enforcer } = await bench(t, '0.16');
    await enforcer.reset([banOf('192.0.2.1', Date.UTC(2026, 10, 22, 9, 0, 0, 7)), banOf('192.0.2.2')]);
    assert.deepEqual(
      [...server.objects.values()],
      [
        { address: '192.0.2.1', reason: 'tailban: a test', expiresAt: '2026-11-22T09:00:00Z' },
        { address: '192.0.2.2', reason: 'tailban: a test' },
      ],
    );
    await enforcer.apply([ban('192.0.2.1', Date.UTC(2026, 10, 23))]);
    const [, renewed] = [...server.objects.values()];
    assert.equal(renewed?.expiresAt, '2026-11-23T00:00:00Z');
  });

  it('are repeated for what was refused for now, and not for what is refused for good', async (t) => {
    const { server, enforcer, warnings } = await bench(t, '0.16');
    server.refused.set('192.0.2.1', 'rateLimit').set('192.0.2.2', 'invalidProperties');
    const bans = [banOf('192.0.2.1'), banOf('192.0.2.2'), banOf('192.0.2.3')];
    assert.match(await failure(enforcer.reset(bans)), /^Stalwart did not block 192\.0\.2\.1: \{"type":"rateLimit"\}$/);
    assert.deepEqual(server.blocked, ['192.0.2.3']);
    assert.match(warnings.at(-1) ?? '', /does not block 192\.0\.2\.2/);
    server.refused.clear();
    server.takeLines();
    await enforcer.reset(bans);
    assert.deepEqual(server.blocked, ['192.0.2.1', '192.0.2.3']);
  });
});

describe('what goes wrong with Stalwart', () => {
  it('is told in one sentence', async (t) => {
    const { server, restarted, enforcer } = await bench(t, '0.15');
    assert.match(
      await failure(restarted('api_wrong').reset([])),
      /^Cannot use Stalwart at http:\S+: it answered 401 \{.*"Unauthorized"\}; is stalwart\.api\.token the secret/,
    );
    server.failures.push({ line: LIST, status: 403, body: '' });
    assert.match(await failure(enforcer.reset([])), /it answered 403; the API key lacks a permission/);
    server.failures.push({ line: LIST, status: 200, body: '<html>\n\x1b[31m' });
    assert.match(await failure(enforcer.reset([])), /it answered no JSON: <html> \[31m$/);
    server.failures.push({ line: 'POST /api/settings', status: 200, body: '{"error":"assertFailed"}' });
    assert.match(await failure(enforcer.reset([banOf('192.0.2.1')])), /it answered 200 \{"error":"assertFailed"\}/);
    server.failures.push({ line: LIST, status: 302, body: '' });
    assert.match(await failure(enforcer.reset([])), /it answered 302/);
  });

  it('is also that it is slow, or not there', async (t) => {
    const { server, enforcer } = await bench(t, '0.15');
    const { promise, resolve } = Promise.withResolvers<void>();
    server.gate = promise;
    assert.match(await failure(enforcer.reset([])), /it did not answer within 300 ms$/);
    resolve();
    const nobody = stalwart({
      url: 'http://127.0.0.1:9',
      token: () => {
        throw new Error('ENOENT: no such file or directory, open token');
      },
      version: 'auto',
      addresses: true,
      logins: true,
      defaultDomain: 'example.org',
      notes: '/nonexistent/notes',
      now: () => 0,
      warn: () => {},
    });
    assert.match(await failure(nobody.reset([])), /ENOENT: no such file or directory, open token$/);
  });

  it('is told where the version that is configured is not the one that is there', async (t) => {
    const { server, notes } = await bench(t, '0.16');
    const enforcer = stalwart({
      url: server.url,
      token: () => TOKEN,
      version: '0.15',
      addresses: true,
      logins: true,
      defaultDomain: 'example.org',
      notes,
      now: () => 0,
      warn: () => {},
    });
    assert.match(await failure(enforcer.reset([])), /does not have the API of 0\.15/);
  });

  it('does not include notes that a crash has cut off', async (t) => {
    const { server, enforcer, restarted, notes } = await bench(t, '0.15');
    await enforcer.reset([banOf('192.0.2.1'), banOf('192.0.2.2', 5)]);
    await writeFile(notes, `${await readFile(notes, 'utf8')}{"remove":"192.0.`);
    const next = restarted();
    assert.deepEqual(
      (await next.remaining()).map(({ subject, until }) => [subject, until]),
      [
        [{ type: 'address', address: '192.0.2.1' }, null],
        [{ type: 'address', address: '192.0.2.2' }, 5],
      ],
    );
    await next.reset([]);
    assert.deepEqual(server.blocked, []);
    assert.equal(await readFile(notes, 'utf8'), '');
  });
});
