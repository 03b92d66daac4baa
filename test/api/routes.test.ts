import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiClient, ApiError } from '../../src/api/client.ts';
import { type BanView, Refusal } from '../../src/api/contract.ts';
import { BANS, fakeControl, NOW } from './fake-control.ts';
import { ask, serve } from './serving.ts';

test('the client gets from every reading route what the daemon says', async (t) => {
  const control = fakeControl();
  const { socketPath } = await serve(t, control);
  const client = new ApiClient({ socketPath });
  assert.deepEqual(await client.status(), control.status());
  assert.deepEqual(await client.bans(true), { now: NOW, bans: BANS });
  assert.deepEqual(await client.allowed(), control.allowed());
  assert.equal(await client.config(), control.config());
});

test('a subject is explained, whatever characters its name has and however long it is', async (t) => {
  const control = fakeControl();
  const { socketPath } = await serve(t, control);
  const client = new ApiClient({ socketPath });
  const longest = `login:${'@'.repeat(16 * 1024)}`;
  for (const subject of ['192.0.2.1', '2001:db8::/64', 'login:a+b&c=d/\u00e9 %41@example.org', longest])
    assert.deepEqual(await client.explain(subject), control.explain({ subject }));
  const answer = await ask(socketPath, 'GET', '/explain');
  assert.equal(answer.status, 400);
  assert.match(JSON.parse(answer.text).error, /"subject": it is missing/);
});

test('bans come without their evidence where nobody asks for it', async (t) => {
  const { socketPath } = await serve(t, fakeControl());
  const { bans } = await new ApiClient({ socketPath }).bans(false);
  assert.deepEqual(
    bans,
    BANS.map((ban) => ({ ...ban, evidence: [] })),
  );
});

test('thousands of bans come whole and in order', async (t) => {
  const [first] = BANS;
  assert.ok(first);
  const many: BanView[] = Array.from({ length: 20_001 }, (_, i) => ({ ...first, subject: `192.0.2.${i}`, since: i }));
  const { socketPath } = await serve(t, fakeControl({ bans: () => many }));
  const { bans } = await new ApiClient({ socketPath }).bans(true);
  assert.deepEqual(bans, many);
});

test('nobody banned is an empty list', async (t) => {
  const { socketPath } = await serve(t, fakeControl({ bans: () => [] }));
  assert.deepEqual(await new ApiClient({ socketPath }).bans(true), { now: NOW, bans: [] });
});

test('every change that the client asks for reaches the daemon, and its answer the client', async (t) => {
  const control = fakeControl();
  const { socketPath } = await serve(t, control);
  const client = new ApiClient({ socketPath });
  const made = await client.ban({
    subject: '192.0.2.7',
    duration: null,
    reason: 'spam',
    force: true,
    from: '192.0.2.9',
  });
  assert.equal(made.subject, '192.0.2.7');
  assert.equal(made.until, null);
  assert.deepEqual(await client.unban({ subject: '192.0.2.7' }), ['192.0.2.7']);
  assert.equal((await client.unban({ all: true })).length, BANS.length);
  assert.deepEqual(await client.allow({ network: '192.0.2.0/24', note: 'office' }), ['192.0.2.1']);
  await client.disallow({ network: '192.0.2.0/24' });
  assert.equal((await client.reload()).changes.length, 1);
  assert.deepEqual(await client.distrust({ login: 'bob', network: '192.0.2.0/24' }), ['192.0.2.0/24']);
  const bans = [{ subject: '192.0.2.8', until: NOW, reason: 'imported' }];
  assert.deepEqual(await client.import({ bans }), { imported: 1, skipped: [] });
  assert.deepEqual(control.asked, [
    ['ban', { subject: '192.0.2.7', duration: null, reason: 'spam', force: true, from: '192.0.2.9' }],
    ['unban', { subject: '192.0.2.7' }],
    ['unban', { all: true }],
    ['allow', { network: '192.0.2.0/24', note: 'office' }],
    ['disallow', { network: '192.0.2.0/24' }],
    ['reload', null],
    ['distrust', { login: 'bob', network: '192.0.2.0/24' }],
    ['import', { bans }],
  ]);
});

test('a refusal comes with its status, its sentence and its hint', async (t) => {
  for (const status of [400, 404, 409, 422] as const) {
    const control = fakeControl({
      ban: async () => {
        throw new Refusal(status, 'That is not possible', 'Try another');
      },
    });
    const { socketPath } = await serve(t, control);
    await assert.rejects(new ApiClient({ socketPath }).ban({ subject: '192.0.2.1', force: false }), (error) => {
      assert.ok(error instanceof ApiError);
      assert.deepEqual(
        [error.problem, error.status, error.message, error.hint],
        ['refused', status, 'That is not possible', 'Try another'],
      );
      return true;
    });
  }
});

test('an unexpected error is a 500 that is logged, and the server goes on', async (t) => {
  const control = fakeControl({
    status: () => {
      throw new TypeError('broken inside');
    },
  });
  const { socketPath, logged } = await serve(t, control);
  const answer = await ask(socketPath, 'GET', '/status');
  assert.equal(answer.status, 500);
  assert.match(JSON.parse(answer.text).error, /could not do this: broken inside/);
  assert.deepEqual(logged, ['error: GET /status failed']);
  assert.equal((await ask(socketPath, 'GET', '/allowed')).status, 200);
});

test('a path or method that does not exist is a 404 in JSON', async (t) => {
  const { socketPath } = await serve(t, fakeControl());
  for (const [method, path] of [
    ['GET', '/nothing'],
    ['DELETE', '/bans'],
    ['POST', '/status'],
    ['GET', '/%ff/../../etc/passwd'],
  ] as const) {
    const answer = await ask(socketPath, method, path);
    assert.ok(answer.status === 404 || answer.status === 400, `${method} ${path} gave ${answer.status}`);
    assert.match(answer.type, /application\/json/);
    assert.equal(typeof JSON.parse(answer.text).error, 'string');
  }
});

test('the configuration is plain text, so that curl shows it as it is', async (t) => {
  const { socketPath } = await serve(t, fakeControl());
  const answer = await ask(socketPath, 'GET', '/config');
  assert.match(answer.type, /^text\/plain/);
  assert.match(answer.text, /^\[server\]\n/);
});

test('a closing server answers what it was asked, then takes no more', async (t) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const control = fakeControl({
    ban: async () => {
      resolve();
      await new Promise((done) => setImmediate(done));
      return BANS[0] as BanView;
    },
  });
  const { socketPath, server } = await serve(t, control);
  const client = new ApiClient({ socketPath });
  const banning = client.ban({ subject: '192.0.2.1', force: false });
  await promise;
  await server.close();
  assert.equal((await banning).subject, '192.0.2.1');
  await assert.rejects(client.status(), { problem: 'unavailable' });
});
