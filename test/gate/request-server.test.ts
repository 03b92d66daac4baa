/** Connections of gates: requests cut anywhere, several at once, and clients that mean harm or are slow. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Place } from '../../src/gate/place.ts';
import { BadRequest, type Protocol, requestServer } from '../../src/gate/request-server.ts';
import { socketmapProtocol } from '../../src/gate/socketmap.ts';
import { freePort } from '../support/free-port.ts';
import { seededRandom } from '../support/random.ts';
import { keeper } from './keeping.ts';
import { client, serveProtocol } from './talking.ts';

/** Says each line back; a line with an exclamation mark is none. */
const echo: Protocol = (received) => {
  const end = received.indexOf('\n');
  if (end < 0) return null;
  const answer = received.toString('utf8', 0, end + 1);
  if (answer.includes('!')) throw new BadRequest('No');
  return { length: end + 1, answer };
};
const NOT_FOUND = '9:NOTFOUND ,';
const TOO_LARGE = 64 * 1024 + 1;

test('a request that comes in pieces is answered once it is whole, and the connection goes on', async (t) => {
  const one = await client(t, await serveProtocol(t, echo));
  await one.send('a', 'b', 'c\nd', 'e', '\n');
  assert.equal(await one.receive(7), 'abc\nde\n');
  await one.send('again\n');
  assert.equal(await one.receive(13), 'abc\nde\nagain\n');
});

test('requests that come at once are answered in their order, wherever the bytes are cut', async (t) => {
  const place = await serveProtocol(t, socketmapProtocol(keeper(), { action: 'reject', text: 'No' }));
  const keys = ['client 192.0.2.145', 'sasl jürgen', 'client unknown', 'sasl bob@example.org', 'nothing'];
  const bytes = Buffer.from(
    keys
      .map((key) => `${Buffer.byteLength(key)}:${key},`)
      .join('')
      .repeat(20),
  );
  const random = seededRandom(4);
  for (let round = 0; round < 20; round++) {
    const one = await client(t, place);
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; ) {
      const end = at + 1 + random.below(300);
      pieces.push(bytes.subarray(at, end));
      at = end;
    }
    await one.send(...pieces);
    const found = '12:OK REJECT No,';
    const unknownMap = '48:PERM there are only the maps "client" and "sasl",';
    const answers = [found, NOT_FOUND, NOT_FOUND, found, unknownMap].join('').repeat(20);
    assert.equal(await one.receive(answers.length), answers);
    one.socket.destroy();
  }
});

test('what is no request ends its connection, behind the answers before it, and no other', async (t) => {
  const place = await serveProtocol(t, echo);
  const [bad, good] = [await client(t, place), await client(t, place)];
  await bad.send('first\nwrong!\nthird\n');
  assert.equal(await bad.closed(), 'first\n');
  await good.send('still here\n');
  assert.equal(await good.receive(11), 'still here\n');
});

test('a request that is too large ends its connection, whether it comes whole or never ends', async (t) => {
  const place = await serveProtocol(t, echo);
  for (const text of ['x'.repeat(TOO_LARGE), `${'x'.repeat(TOO_LARGE)}\n`, 'x'.repeat(10 * TOO_LARGE)]) {
    const one = await client(t, place);
    await one.send(text);
    assert.equal(await one.closed(), '');
  }
  const largest = `${'x'.repeat(TOO_LARGE - 2)}\n`;
  const one = await client(t, place);
  await one.send(largest);
  assert.equal(await one.receive(largest.length), largest);
});

test('a request that does not come to its end in time ends its connection, an idle client may stay', async (t) => {
  const place = await serveProtocol(t, echo, 200);
  const [slow, idle] = [await client(t, place), await client(t, place)];
  await idle.send('whole\n');
  await slow.send('whole\nbegun');
  // A byte now and then buys no time.
  const drip = setInterval(() => slow.socket.write('.'), 20);
  assert.equal(await slow.closed(), 'whole\n');
  clearInterval(drip);
  await idle.send('again\n');
  assert.equal(await idle.receive(12), 'whole\nagain\n');
});

test('who does not take the answers is read no further, and then let go', async (t) => {
  let answered = 0;
  const chatty: Protocol = (received) => {
    answered++;
    return received.length === 0 ? null : { length: 1, answer: 'x'.repeat(100) };
  };
  const one = await client(t, await serveProtocol(t, chatty, 300));
  one.socket.pause();
  one.socket.write(Buffer.alloc(40_000_000));
  const start = performance.now();
  await once(one.socket, 'error');
  assert.ok(performance.now() - start < 4_000);
  assert.ok(answered < 1_000_000, `${answered} requests were taken`);
});

test('a gate that stops lets go of its clients and of its port, and can be started again', async (t) => {
  const place = { host: '127.0.0.1', port: await freePort() };
  const gate = requestServer({ name: 'test', place, setting: 'test', group: 'none', protocol: echo });
  assert.equal(gate.address, `127.0.0.1:${place.port}`);
  await gate.start();
  const one = await client(t, place);
  await one.send('one\n');
  assert.equal(await one.receive(4), 'one\n');
  await gate.stop();
  await one.closed();
  await gate.start();
  t.after(() => gate.stop());
  const other = await client(t, place);
  await other.send('two\n');
  assert.equal(await other.receive(4), 'two\n');
});

test('a port that is taken is an error, and stopping such a gate is none', async (t) => {
  const place = await serveProtocol(t, echo);
  const gate = requestServer({ name: 'test', place, setting: 'test', group: 'none', protocol: echo });
  await assert.rejects(gate.start(), { code: 'EADDRINUSE' });
  await gate.stop();
});

test('a unix socket is for root and the group alone, replaces a dead one, and goes with the gate', async (t) => {
  const path = join(await folder(t), 'gate.sock');
  const place: Place = { path };
  const gate = requestServer({ name: 'test', place, setting: 'test', group: 'none', protocol: echo });
  assert.equal(gate.address, `unix:${path}`);
  await gate.start();
  assert.equal((await stat(path)).mode & 0o777, 0o660);
  const one = await client(t, place);
  await one.send('one\n');
  assert.equal(await one.receive(4), 'one\n');
  await assert.rejects(
    requestServer({ name: 'other', place, setting: 'test', group: 'none', protocol: echo }).start(),
    /another tailban answers there/,
  );
  await gate.stop();
  await assert.rejects(stat(path), { code: 'ENOENT' });
});

test('a file that is no socket stays as it is', async (t) => {
  const path = join(await folder(t), 'gate.sock');
  await writeFile(path, 'mine');
  const gate = requestServer({ name: 'test', place: { path }, setting: 'test', group: 'none', protocol: echo });
  await assert.rejects(gate.start(), /it is no socket/);
  assert.equal((await stat(path)).size, 4);
});

test('a client that closes its side at once still gets its answer', async (t) => {
  const socket = connect((await serveProtocol(t, echo)) as { host: string; port: number });
  socket.end('bye\n');
  let received = '';
  for await (const data of socket) received += String(data);
  assert.equal(received, 'bye\n');
});

async function folder(t: TestContext): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'tailban-gate-'));
  t.after(() => rm(made, { recursive: true, force: true }));
  return made;
}
