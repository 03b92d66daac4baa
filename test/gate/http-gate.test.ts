/** The gate that web servers ask: requests as nginx, Caddy and Traefik send them, and requests of others. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Ban } from '../../src/core/types.ts';
import type { Admission, Request } from '../../src/core/verdict.ts';
import { type HttpGateOptions, httpGate } from '../../src/gate/http-gate.ts';
import { network } from '../core/judging.ts';
import { freePort } from '../support/free-port.ts';

const NOW = 1_000_000;
/** Both dialects. */
const URI = { 'x-original-uri': '/', 'x-forwarded-uri': '/' };
const CLIENT = { ...URI, 'x-forwarded-for': '192.0.2.1' };
const ADMIT: Admission = { type: 'admit', rate: null };

interface Seen {
  readonly asked: Request[];
  readonly ended: string[];
  readonly url: string;
}

const stops: (() => Promise<void>)[] = [];
after(() => Promise.all(stops.map((stop) => stop())));

async function open(answer: Admission = ADMIT, own: Partial<HttpGateOptions> = {}): Promise<Seen> {
  const port = await freePort();
  const asked: Request[] = [];
  const ended: string[] = [];
  const gate = httpGate(
    {
      place: { host: '127.0.0.1', port },
      key: null,
      accountHeader: null,
      useForwarded: false,
      forwardedHeader: 'x-forwarded-for',
      trustedProxies: [],
      now: () => NOW,
      ...own,
    },
    {
      admit: (request) => {
        asked.push(request);
        return answer;
      },
      ended: (id) => {
        ended.push(id);
        return id === 'known';
      },
    },
  );
  await gate.start();
  stops.push(() => gate.stop());
  return { asked, ended, url: `http://127.0.0.1:${port}` };
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

function ban(subject: Ban['subject'], until: number | null): Ban {
  return { subject, since: 0, until, cause: 'manual', reason: 'test', offence: 1, evidence: [] };
}

test('what nginx asks about is the last address, the original path without its query, and its id', async () => {
  const { asked, url } = await open();
  const headers = {
    'x-forwarded-for': '203.0.113.9, 192.0.2.1',
    'x-original-uri': '/jmap/upload/1?token=secret',
    'x-original-method': 'POST',
    'x-request-id': 'abc',
  };
  const { status } = await fetch(`${url}/auth-request`, { headers });
  assert.equal(status, 204);
  const expected = { method: 'POST', path: '/jmap/upload/1', account: null, id: 'abc' };
  assert.deepEqual(asked, [{ ip: '192.0.2.1', behindProxy: false, ...expected }]);
});

test('forward authentication reads the headers of its own, and not what a client may have put into those of nginx', async () => {
  const { asked, url } = await open();
  const headers = {
    'x-forwarded-for': '2001:db8::1',
    'x-forwarded-uri': '/jmap/api',
    'x-original-uri': '/forged',
    'x-forwarded-method': 'get',
  };
  await fetch(`${url}/forward-auth`, { headers });
  assert.equal(asked[0]?.path, '/jmap/api');
  assert.equal(asked[0]?.method, 'GET');
  assert.equal(asked[0]?.ip, '2001:db8::1');
});

test('behind trusted proxies the client is asked about, else whoever came', async () => {
  const own = { useForwarded: true, trustedProxies: [network('10.0.0.0/8')] };
  const { asked, url } = await open(ADMIT, own);
  const ask = (chain: string): Promise<unknown> =>
    fetch(`${url}/auth-request`, { headers: { ...URI, 'x-forwarded-for': chain, forwarded: 'for=203.0.113.200' } });
  await ask('203.0.113.66, 192.0.2.1, 10.0.0.1');
  await ask('192.0.2.1, 198.51.100.1');
  await ask('unknown, 10.0.0.1');
  assert.deepEqual(
    asked.map(({ ip, behindProxy }) => [ip, behindProxy]),
    [
      ['192.0.2.1', true],
      ['198.51.100.1', false],
      ['10.0.0.1', false],
    ],
  );
});

test('the account comes from the header of the server, or is claimed by credentials that only their hash tells apart', async () => {
  const { asked, url } = await open(ADMIT, { accountHeader: 'x-account' });
  const ask = (headers: Record<string, string>): Promise<unknown> =>
    fetch(`${url}/auth-request`, { headers: { ...CLIENT, ...headers } });
  await ask({ 'x-account': 'alice', authorization: basic('mallory', 'x') });
  await ask({ 'x-account': '', authorization: basic('bob', 'right') });
  await ask({ authorization: basic('bob', 'wrong') });
  await ask({ authorization: 'Bearer secret-token' });
  await ask({ authorization: 'Bearer secret-token' });
  const accounts = asked.map(({ account }) => account);
  assert.deepEqual(accounts[0], { login: 'alice', credentials: null });
  assert.deepEqual(
    accounts.slice(1).map((account) => account?.login),
    ['bob', 'bob', null, null],
  );
  const [, right, wrong, token, again] = accounts.map((account) => account?.credentials);
  assert.notEqual(right, wrong);
  assert.equal(token, again);
  assert.doesNotMatch(JSON.stringify(asked), /secret|right|c2VjcmV0/);
});

test('who has room is told how much, by the draft for such headers', async () => {
  const rate = { name: 'anonymous', limit: { count: 100, period: 60_000 } } as const;
  const { url } = await open({
    type: 'admit',
    rate: { ...rate, remaining: 7, freeAt: NOW, nextLeaves: NOW + 12_345 },
  });
  const { headers } = await fetch(`${url}/forward-auth`, { headers: CLIENT });
  assert.equal(headers.get('ratelimit'), '"anonymous";r=7;t=13');
  assert.equal(headers.get('ratelimit-policy'), '"anonymous";q=100;w=60');
});

test('who has none is told when to come back; nginx, which takes no 429, is told in a header', async () => {
  const rate = { name: 'account', limit: { count: 5, period: 60_000 }, remaining: 0 } as const;
  const { url } = await open({
    type: 'limited',
    rate: { ...rate, freeAt: NOW + 30_001, nextLeaves: NOW + 30_001 },
    bans: [],
  });
  const headers = CLIENT;
  const plain = await fetch(`${url}/forward-auth`, { headers });
  assert.deepEqual([plain.status, plain.headers.get('retry-after')], [429, '31']);
  assert.equal(plain.headers.get('ratelimit'), '"account";r=0;t=31');
  const nginx = await fetch(`${url}/auth-request`, { headers });
  assert.deepEqual([nginx.status, nginx.headers.get('x-tailban-status')], [403, '429']);
  assert.equal(nginx.headers.get('retry-after'), '31');
});

test('who runs too much at once is told so', async () => {
  const { url } = await open({ type: 'busy', what: 'uploads', most: 4 });
  const { status, headers } = await fetch(`${url}/forward-auth`, { headers: CLIENT });
  assert.equal(status, 429);
  assert.equal(headers.get('ratelimit-policy'), '"uploads";q=4;qu="concurrent-requests"');
  assert.equal(headers.get('retry-after'), '1');
});

test('whoever is shut out until there is room again is told when that is', async () => {
  const subject = { type: 'login', login: 'alice' } as const;
  const short = { ...ban(subject, NOW + 5_000), cause: 'rate-limit' } as const;
  const { url } = await open({ type: 'banned', ban: short });
  const { status, headers } = await fetch(`${url}/forward-auth`, { headers: CLIENT });
  assert.deepEqual([status, headers.get('retry-after')], [429, '5']);
});

test('a banned address is forbidden, a locked login has to say who it is', async () => {
  const subjects = [
    [{ type: 'network', network: network('192.0.2.0/24') }, 403],
    [{ type: 'login', login: 'alice' }, 401],
  ] as const;
  for (const [subject, status] of subjects) {
    const { url } = await open({ type: 'banned', ban: ban(subject, NOW + 5_000) });
    const answer = await fetch(`${url}/forward-auth`, { headers: CLIENT });
    assert.equal(answer.status, status);
    assert.equal(answer.headers.get('retry-after'), '5');
    assert.equal(answer.headers.has('www-authenticate'), status === 401, 'RFC 9110, 15.5.2');
  }
});

test('the end of a request is told by its id', async () => {
  const { url, ended } = await open();
  const end = async (id: string): Promise<number> =>
    (await fetch(`${url}/end`, { method: 'POST', headers: { 'x-request-id': id } })).status;
  assert.deepEqual([await end('known'), await end('other'), await end('')], [204, 404, 400]);
  assert.deepEqual(ended, ['known', 'other']);
});

test('with a key, only who has it may ask', async () => {
  const { url, asked } = await open(ADMIT, { key: 'right' });
  const ask = async (key: Record<string, string>): Promise<number> =>
    (await fetch(`${url}/auth-request`, { headers: { ...CLIENT, ...key } })).status;
  assert.deepEqual(
    [await ask({}), await ask({ 'x-api-key': 'wrong' }), await ask({ 'x-api-key': 'right' })],
    [400, 400, 204],
  );
  assert.equal(asked.length, 1);
});

test('what does not say who the client is, is no request', async () => {
  const { url, asked } = await open();
  for (const chain of ['', 'unknown', '192.0.2.1, ', '192.0.2.1:80:1', 'x'.repeat(9_000)]) {
    const { status } = await fetch(`${url}/auth-request`, { headers: { ...URI, 'x-forwarded-for': chain } });
    assert.equal(status, 400, chain.slice(0, 20));
  }
  assert.equal((await fetch(`${url}/auth-request`)).status, 400);
  const address = { 'x-forwarded-for': '192.0.2.1' };
  assert.equal((await fetch(`${url}/auth-request`, { headers: address })).status, 400, 'what it wants is missing');
  assert.equal((await fetch(`${url}/other`)).status, 404);
  assert.deepEqual(asked, []);
});

test('a path is the same however it is spelled', async () => {
  const { url, asked } = await open();
  for (const uri of [
    '/%61uth/login',
    '//auth//./login',
    '/jmap/../auth/login?x',
    'http://mail/auth/login',
    '/auth/login#x',
  ])
    await fetch(`${url}/auth-request`, { headers: { ...CLIENT, 'x-original-uri': uri } });
  assert.deepEqual(new Set(asked.map(({ path }) => path)), new Set(['/auth/login']));
});

test('credentials are the same however they are spelled, and those of nobody where a server would not take them', async () => {
  const { url, asked } = await open();
  const port = Number(new URL(url).port);
  const ask = (...lines: readonly string[]): Promise<string> =>
    raw(
      port,
      lines.map((line) => `Authorization: ${line}`),
    );
  const right = Buffer.from('alice:secret').toString('base64');
  for (const line of [
    `Basic ${right}`,
    `bASIC   ${right}=`,
    `Basic ${Buffer.from('Alice:secret').toString('base64')} `,
  ])
    assert.match(await ask(line), / 204 /);
  for (const line of ['Bearer token', 'bearer \t token']) await ask(line);
  assert.equal(new Set(asked.splice(0).map(({ account }) => account?.credentials)).size, 2);
  await ask('Bearer invented', 'Bearer token');
  for (const line of [
    'Bearer invented, Bearer token',
    'Digest username="x", nonce="1"',
    'Basic !!!',
    'Basic bm9ib2R5',
    '',
  ])
    await ask(line);
  assert.deepEqual(new Set(asked.map(({ account }) => account)), new Set([null]));
});

test('nobody gets past by headers that cannot be read, and none crowd out those of the web server', async () => {
  const { url, asked } = await open();
  const port = Number(new URL(url).port);
  for (const header of ['Cookie: \u0001', `Cookie: ${'x'.repeat(70_000)}`, 'Bad header: x'])
    assert.match(await raw(port, [header]), /^HTTP\/1\.1 403 /);
  assert.equal(asked.length, 0);
  assert.match(await raw(port, Array(5_000).fill('A: ')), / 204 /);
  assert.equal(asked[0]?.path, '/jmap/api');
});

/** A request as a client could not make it with fetch; the web server's headers come last. */
function raw(port: number, lines: readonly string[]): Promise<string> {
  const own = ['X-Forwarded-For: 192.0.2.1', 'X-Forwarded-Uri: /jmap/api', 'Connection: close'];
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect({ host: '127.0.0.1', port });
    socket.setEncoding('latin1').on('data', (data: string) => {
      answer += data;
    });
    // What is refused in the middle of its headers may end in a reset, behind the answer.
    socket.on('error', (error) => (answer === '' ? reject(error) : resolve(answer)));
    socket.on('close', () => resolve(answer));
    socket.write(['GET /forward-auth HTTP/1.1', 'Host: gate', ...lines, ...own, '', ''].join('\r\n'), 'latin1');
  });
}

test('odd values of headers that a client may set do no harm', async () => {
  const { url, asked } = await open();
  const headers = {
    ...CLIENT,
    'x-original-method': 'G'.repeat(100),
    'x-original-uri': `/${'%00\\'.repeat(2_000)}`,
    'x-request-id': 'i'.repeat(1_000),
    authorization: 'Basic !!!not base64!!!',
  };
  assert.equal((await fetch(`${url}/auth-request`, { headers })).status, 204);
  const [request] = asked;
  assert.equal(request?.method, 'GET');
  assert.equal(request?.path.length, 8_001);
  assert.equal(request?.id, null);
  assert.equal(request?.account, null);
});

test('it listens on a unix socket too', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tailban-gate-'));
  t.after(() => rm(folder, { recursive: true }));
  const socketPath = join(folder, 'http.sock');
  const { asked } = await open(ADMIT, { place: { path: socketPath } });
  const status = await new Promise((resolve, reject) => {
    httpRequest({ socketPath, path: '/auth-request', headers: CLIENT }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    })
      .on('error', reject)
      .end();
  });
  assert.equal(status, 204);
  assert.equal(asked.length, 1);
});
