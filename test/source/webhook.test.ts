/** Stalwart's webhook: who may send, what becomes of events, and what happens when they come twice. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { Chunk, Position, Sink, Source } from '../../src/source/types.ts';
import { webhookSource } from '../../src/source/webhook.ts';
import { readWebhook } from '../../src/source/webhook-lines.ts';
import { until } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';

const KEY = 'a long enough secret';
const EVENT = {
  id: '1001',
  createdAt: '2026-11-22T08:50:34Z',
  type: 'auth.failed',
  data: { accountName: 'bob', remotePort: 4111, remoteIp: '198.51.100.9', listenerId: 'imaptls', localPort: 993 },
} as const;
const LINE =
  '2026-11-22T08:50:34Z (auth.failed) listenerId = "imaptls", localPort = 993, remoteIp = 198.51.100.9, remotePort = 4111, accountName = "bob"';

class Recorder implements Sink {
  readonly lines: string[] = [];
  readonly warnings: string[] = [];
  position: Position | null = null;

  chunk({ data, position }: Chunk): void {
    this.lines.push(...data.toString().trimEnd().split('\n'));
    this.position = position;
  }
  begin(): void {}
  forget(): void {}
  warn(message: string): void {
    this.warnings.push(message);
  }
  info(): void {}
}

interface Running {
  readonly source: Source;
  readonly sink: Recorder;
  readonly port: number;
  post(body: string | object, key?: string | null): Promise<number>;
}

async function start(t: TestContext, positions: readonly Position[] = [], port?: number): Promise<Running> {
  const own = port ?? (await freePort());
  const source = webhookSource({ name: 'mail', host: '127.0.0.1', port: own, key: KEY, now: Date.now, pause: 50 });
  const sink = new Recorder();
  await source.start(positions, 0, sink);
  t.after(() => source.stop());
  const post: Running['post'] = async (body, key = KEY) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const signature = key === null ? {} : { 'X-Signature': createHmac('sha256', key).update(text).digest('base64') };
    const headers = { 'Content-Type': 'application/json', ...signature };
    const response = await fetch(`http://127.0.0.1:${own}/hook`, { method: 'POST', body: text, headers });
    return response.status;
  };
  return { source, sink, port: own, post };
}

test('an event with the right signature becomes a line, and the sender hears 200', async (t) => {
  const { post, sink, source, port } = await start(t);
  assert.equal(await post({ events: [EVENT] }), 200);
  assert.deepEqual(sink.lines, [LINE]);
  assert.equal(source.status().state, 'reading');
  assert.equal(source.status().origins[0]?.origin, `http://127.0.0.1:${port}`);
});

test('without the right signature nothing is taken, and the log says so once', async (t) => {
  const { post, sink } = await start(t);
  assert.equal(await post({ events: [EVENT] }, 'another secret'), 401);
  assert.equal(await post({ events: [EVENT] }, null), 401);
  assert.deepEqual(sink.lines, []);
  assert.deepEqual(sink.warnings, [
    'Refused a request to the webhook of mail: its X-Signature is not made with the key of this source',
  ]);
});

test('an event that is sent once more is taken once, also after a restart', async (t) => {
  const first = await start(t);
  assert.equal(await first.post({ events: [EVENT] }), 200);
  assert.equal(await first.post({ events: [EVENT, { ...EVENT, id: '1002' }] }), 200);
  assert.equal(first.sink.lines.length, 2);
  assert.ok(first.sink.position !== null);
  await first.source.stop();
  const second = await start(t, [first.sink.position]);
  assert.equal(await second.post({ events: [EVENT, { ...EVENT, id: '1003' }] }), 200);
  assert.equal(second.sink.lines.length, 1);
});

test('what is no event is refused', async (t) => {
  const { post, sink } = await start(t);
  assert.equal(await post('{"events":'), 400);
  assert.equal(await post('[]'), 400);
  assert.equal(
    await post({ events: [null, 7, { type: 'x' }, { type: '(auth.failed) remoteIp', data: EVENT.data }] }),
    200,
  );
  assert.deepEqual(sink.lines, []);
});

test('a body that is too large is refused', async (t) => {
  const { post } = await start(t);
  assert.equal(await post('x'.repeat(5 * 1024 * 1024)), 413);
});

test('a port that is taken is tried again until it is free', async (t) => {
  const blocker = createServer();
  await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
  const address = blocker.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const { source, sink, post } = await start(t, [], port);
  assert.equal(source.status().state, 'failed');
  assert.match(sink.warnings.join(), /Cannot listen at 127\.0\.0\.1 port \d+ \(EADDRINUSE\)/);
  await new Promise((resolve) => blocker.close(resolve));
  await until('the webhook to listen', () => source.status().state === 'reading');
  assert.equal(await post({ events: [EVENT] }), 200);
});

test('an object in the place of a word is left out, also one that has no text', () => {
  const data = { ...EVENT.data, listenerId: { toString: 1 }, remotePort: [] };
  const [event] = readWebhook(Buffer.from(JSON.stringify({ events: [{ ...EVENT, data }] })), 0) ?? [];
  assert.match(event?.line ?? '', /remoteIp = /);
  assert.doesNotMatch(event?.line ?? '', /listenerId|remotePort/);
});

test('no text of a client stands before the address, and an event stays one line', () => {
  const data = {
    ...EVENT.data,
    accountName: 'x\n2026-11-22T08:50:34Z (auth.failed) remoteIp = 203.0.113.77',
    listenerId: 'a", remoteIp = 203.0.113.77',
  };
  const [event] = readWebhook(Buffer.from(JSON.stringify({ events: [{ ...EVENT, data }] })), 0) ?? [];
  assert.equal(
    event?.line,
    '2026-11-22T08:50:34Z (auth.failed) localPort = 993, remoteIp = 198.51.100.9, remotePort = 4111, accountName = "x?2026-11-22T08:50:34Z (auth.failed) remoteIp = 203.0.113.77"',
  );
});
