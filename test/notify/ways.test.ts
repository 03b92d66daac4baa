/** The ways out: a real HTTP server on loopback, a program in the place of sendmail, a command. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { commandRunner } from '../../src/enforce/command.ts';
import { commandDelivery, mailDelivery, type Run } from '../../src/notify/program.ts';
import { webhookDelivery } from '../../src/notify/webhook.ts';
import { ban, lock, message, TIME, trouble } from './notices.ts';

interface Taken {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function serve(t: TestContext, status: number): Promise<{ url: string; taken: Taken[] }> {
  const taken: Taken[] = [];
  const server: Server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    taken.push({ headers: request.headers, body: Buffer.concat(pieces).toString() });
    response.writeHead(status, { location: '/elsewhere' }).end('thanks');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/secret?token=secret`, taken };
}

/** A program that keeps its arguments and its input. */
async function program(t: TestContext, body: string): Promise<{ path: string; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'tailban-notify-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'program');
  await writeFile(path, `#!/bin/sh\ncd ${folder}\n${body}\n`, { mode: 0o755 });
  return { path, folder };
}

const signal = new AbortController().signal;
const run = runWithin(5_000);

function runWithin(timeout: number): Run {
  return (argv, input, ending) => commandRunner({ timeout, signal: ending })(argv, input);
}

test('a webhook gets JSON that its receiver can check and tell from a replay', async (t) => {
  const { url, taken } = await serve(t, 204);
  const key = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const sent = message([ban(), lock('alice@example.org')], { ban: 3 });
  await webhookDelivery({ url, key, now: () => TIME })(sent, signal);
  const [{ headers, body }] = taken as [Taken];
  const secret = Buffer.from(key.slice('whsec_'.length), 'base64');
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  const right = createHmac('sha256', secret).update(signed).digest('base64');
  assert.equal(headers['webhook-signature'], `v1,${right}`);
  assert.equal(headers['webhook-id'], sent.id);
  assert.equal(headers['webhook-timestamp'], String(TIME / 1000));
  const { text, host, events, omitted } = JSON.parse(body);
  assert.equal(text, 'tailban on mail.example.org: 4 bans, 1 locked login');
  assert.equal(host, 'mail.example.org');
  assert.deepEqual(omitted, { ban: 3 });
  assert.deepEqual(events[0], {
    event: 'ban',
    time: '2026-11-22T16:00:00.000Z',
    subject: '192.0.2.1',
    type: 'address',
    cause: 'authentication',
    reason: '100 failed logins in 20m (limit 100/1d)',
    until: '2026-11-22T17:00:00.000Z',
    offence: 1,
  });
});

test('a webhook without a key is not signed', async (t) => {
  const { url, taken } = await serve(t, 200);
  await webhookDelivery({ url, key: null, now: () => TIME })(message([ban()]), signal);
  assert.equal(taken[0]?.headers['webhook-signature'], undefined);
});

test('an answer other than yes is a failure that tells no secret, and nothing is sent on elsewhere', async (t) => {
  for (const status of [302, 404, 500]) {
    const { url, taken } = await serve(t, status);
    const sending = webhookDelivery({ url, key: null, now: () => TIME })(message([ban()]), signal);
    await assert.rejects(sending, (error: Error) => {
      assert.match(error.message, new RegExp(`^Cannot post to http://127\\.0\\.0\\.1:\\d+: it answered ${status}$`));
      return true;
    });
    assert.equal(taken.length, 1);
  }
  const nobody = webhookDelivery({ url: 'http://127.0.0.1:1/secret', key: null, now: () => TIME });
  await assert.rejects(
    nobody(message([ban()]), signal),
    /^Error: Cannot post to http:\/\/127\.0\.0\.1:1: (?!.*secret)/,
  );
});

test('a webhook that never answers is given up', async (t) => {
  const server = createServer(() => {}).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const sending = webhookDelivery({ url, key: null, now: () => TIME, timeout: 200 })(message([ban()]), signal);
  await assert.rejects(sending, /did not answer within 200 ms/);
});

test('e-mail goes out with an empty sender and says that nobody should answer', async (t) => {
  const { path, folder } = await program(t, 'printf "%s\\n" "$@" > arguments; cat > input');
  const deliver = mailDelivery({ recipients: ['root', 'ops@example.org'], from: null, sendmail: path, run });
  await deliver(message([ban(), trouble('no such table')], { ban: 9_000 }), signal);
  const args = (await readFile(join(folder, 'arguments'), 'utf8')).trimEnd().split('\n');
  assert.deepEqual(args, ['-i', '-f', '<>', '--', 'root', 'ops@example.org']);
  assert.equal(
    await readFile(join(folder, 'input'), 'utf8'),
    `From: tailban <tailban@mail.example.org>
To: root,
 ops@example.org
Subject: tailban on mail.example.org: 1 problem, 9001 bans
Date: Sun, 22 Nov 2026 16:00:00 +0000
Message-ID: <5f0c6c0e-0000-4000-8000-000000000001@mail.example.org>
Auto-Submitted: auto-generated
X-Auto-Response-Suppress: All
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 7bit

2026-11-22T16:00:00.000Z  banned 192.0.2.1 until 2026-11-22T17:00:00.000Z: 100 failed logins in 20m (limit 100/1d)
2026-11-22T16:00:00.000Z  nftables fails, new bans are not in force: no such table
and 9000 events that are not listed, see tailban list

-- 
tailban on mail.example.org
`,
  );
});

test('what an attacker calls himself stays inside its line of an e-mail', async (t) => {
  const { path, folder } = await program(t, 'cat > input');
  const deliver = mailDelivery({ recipients: ['root'], from: 'me@example.org', sendmail: path, run });
  const host = 'mail\nBcc: everybody@example.org';
  const names = ['a\r\n.\r\nBcc: x@example.org\n\n', 'müller\u0000\u001b[2J', 'x'.repeat(5_000), '💥'.repeat(500)];
  await deliver({ ...message(names.map(lock)), host }, signal);
  const input = await readFile(join(folder, 'input'), 'utf8');
  const [head = '', body = ''] = input.split('\n\n');
  assert.doesNotMatch(head, /^Bcc/m);
  assert.match(head, /^From: tailban <me@example\.org>$/m);
  assert.match(head, /^Content-Transfer-Encoding: base64$/m);
  assert.ok(input.split('\n').every((line) => Buffer.byteLength(line) <= 998));
  const text = Buffer.from(body, 'base64').toString();
  assert.match(text, /locked login:a··\.··Bcc: x@example\.org·· until/);
  assert.match(text, /müller··\[2J/);
  assert.ok(text.split('\n').every((line) => Buffer.byteLength(line) <= 998));
});

test('a sendmail that refuses or hangs is a failure with what it said', async (t) => {
  const refusing = await program(t, 'cat > /dev/null; echo "queue is full" >&2; exit 75');
  const mail = { recipients: ['root'], from: null };
  await assert.rejects(
    mailDelivery({ ...mail, sendmail: refusing.path, run })(message([ban()]), signal),
    /ended with 75: queue is full/,
  );
  const hanging = await program(t, 'exec sleep 60');
  await assert.rejects(
    mailDelivery({ ...mail, sendmail: hanging.path, run: runWithin(300) })(message([ban()]), signal),
    /did not answer within 300 ms/,
  );
  await assert.rejects(
    mailDelivery({ ...mail, sendmail: '/nonexistent/sendmail', run })(message([ban()]), signal),
    /no such program/,
  );
});

test('a program that hangs is ended with the daemon', async (t) => {
  const { path } = await program(t, 'exec sleep 60');
  const ending = new AbortController();
  const start = performance.now();
  const sending = commandDelivery([path], run)(message([ban()]), ending.signal);
  setTimeout(() => ending.abort(), 100);
  await assert.rejects(sending, /Cannot (run|finish) .*program/);
  assert.ok(performance.now() - start < 3_000);
});

test('a command reads one object a line, the last one with what is not listed', async (t) => {
  const { path, folder } = await program(t, 'cat > input');
  await commandDelivery([path], run)(message([lock('a\nb'), trouble(null, 'source')], { ban: 2, login: 1 }), signal);
  const lines = (await readFile(join(folder, 'input'), 'utf8')).trimEnd().split('\n');
  assert.deepEqual(
    lines
      .map((line) => JSON.parse(line))
      .map(({ event, subject, name, problem, ban }) => ({ event, subject, name, problem, ban })),
    [
      { event: 'login', subject: 'login:a\nb', name: undefined, problem: undefined, ban: undefined },
      { event: 'source', subject: undefined, name: 'mail', problem: null, ban: undefined },
      { event: 'omitted', subject: undefined, name: undefined, problem: undefined, ban: 2 },
    ],
  );
});
