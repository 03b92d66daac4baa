/** Metrics over HTTP: at a port of their own, and at the socket of the API. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { MetricsServer } from '../../src/metrics/server.ts';
import { fakeControl } from '../api/fake-control.ts';
import { ask, serve } from '../api/serving.ts';

const METRICS = { contentType: 'text/plain; version=0.0.4; charset=utf-8', text: async () => 'tailban_problems 0\n' };

async function takenPort(t: TestContext): Promise<{ port: number; free(): Promise<void> }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const free = async (): Promise<void> => {
    server.close();
    await once(server, 'close');
  };
  t.after(() => server.close());
  return { port: (server.address() as AddressInfo).port, free };
}

function start(t: TestContext, port: number) {
  const said: string[] = [];
  const say = (message: string): void => void said.push(message);
  const server = new MetricsServer({ host: '127.0.0.1', port, metrics: METRICS, info: say, error: say, pause: 50 });
  t.after(() => server.stop());
  return { server, said };
}

test('Prometheus gets its text at /metrics, and nothing else is there', async (t) => {
  const { port, free } = await takenPort(t);
  await free();
  const { server, said } = start(t, port);
  await server.start();
  assert.deepEqual(said, [`metrics are at http://127.0.0.1:${port}/metrics`]);
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type'), METRICS.contentType);
  assert.equal(await answer.text(), 'tailban_problems 0\n');
  for (const path of ['/', '/status', '/bans', '/metrics/x', '/%'])
    assert.ok([400, 404].includes((await fetch(`http://127.0.0.1:${port}${path}`)).status), path);
  assert.equal((await fetch(`http://127.0.0.1:${port}/metrics`, { method: 'POST', body: 'x' })).status, 404);
  await server.stop();
  await assert.rejects(fetch(`http://127.0.0.1:${port}/metrics`));
});

test('a port that is taken is tried again until it is free, and the admin hears of it once', async (t) => {
  const { port, free } = await takenPort(t);
  const { server, said } = start(t, port);
  await server.start();
  await new Promise((done) => setTimeout(done, 200));
  assert.equal(said.length, 1);
  assert.match(said[0] ?? '', /metrics cannot listen, trying again every 0\.05 s: .*EADDRINUSE/);
  await free();
  const deadline = performance.now() + 5_000;
  while (said.length < 2 && performance.now() < deadline) await new Promise((done) => setTimeout(done, 20));
  assert.match(said[1] ?? '', /metrics are at/);
});

test('the socket of the API has the same', async (t) => {
  const { socketPath } = await serve(t, fakeControl(), { metrics: METRICS });
  const { status, type, text } = await ask(socketPath, 'GET', '/metrics');
  assert.deepEqual({ status, type, text }, { status: 200, type: METRICS.contentType, text: 'tailban_problems 0\n' });
  const without = await serve(t, fakeControl());
  assert.equal((await ask(without.socketPath, 'GET', '/metrics')).status, 404);
});
