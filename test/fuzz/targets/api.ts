/** Damaged requests to the API over its socket, with judge, guard and store behind it: none may end in a failure of ours. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveApi } from '../../../src/api/server.ts';
import { parseConfig } from '../../../src/config/load.ts';
import { Judge } from '../../../src/core/judge.ts';
import { Admin } from '../../../src/daemon/admin.ts';
import { controlOf } from '../../../src/daemon/control.ts';
import { Guard } from '../../../src/daemon/guard.ts';
import { createLogger } from '../../../src/log.ts';
import { Store } from '../../../src/store/store.ts';
import { fakeControl } from '../../api/fake-control.ts';
import type { Random } from '../../support/random.ts';
import { mutate, mutateJson, oneLine } from '../mutate.ts';
import type { Target } from '../target.ts';

const AT_ONCE = 8;
/** So that bans do not pile up. */
const CLEAN_EVERY = 200;
const HOUR = 3_600_000;
const RECORD = { since: 1e12, cause: 'authentication', reason: 'x', offence: 1, evidence: ['line'] };
const BAN = { ...RECORD, subject: '192.0.2.1', until: null };

const REQUESTS: readonly (readonly [string, string, unknown])[] = [
  ['GET', '/status', null],
  ['GET', '/bans?evidence=no', null],
  ['GET', '/explain?subject=192.0.2.1', null],
  ['GET', '/explain?subject=login:alice%40example.org', null],
  ['GET', '/allowed', null],
  ['GET', '/config', null],
  ['POST', '/bans', { subject: '192.0.2.1', duration: HOUR, reason: 'x', force: true, from: '192.0.2.9' }],
  ['POST', '/bans', { subject: 'login:alice@example.org', duration: null }],
  ['POST', '/bans', { subject: '2001:db8::/48', duration: 1 }],
  ['POST', '/unban', { subject: '192.0.2.0/24' }],
  ['POST', '/unban', { all: true }],
  ['POST', '/allowed', { network: '198.51.100.0/24', note: 'office' }],
  ['POST', '/disallow', { network: '198.51.100.0/24' }],
  ['POST', '/distrust', { login: 'alice', network: '192.0.2.0/24' }],
  ['POST', '/reload', null],
  [
    'POST',
    '/import',
    {
      bans: [
        { subject: '192.0.2.3', until: null, reason: 'x' },
        { subject: 'login:bob', until: 2e12 },
      ],
    },
  ],
  [
    'POST',
    '/restore',
    {
      allowed: [{ network: '203.0.113.0/24', note: '', since: 1e12 }],
      history: [{ ...RECORD, subject: '192.0.2.4', until: 1.1e12, endedAt: 1.1e12, ended: 'expired' }],
      bans: [BAN, { ...BAN, subject: 'login:carol', behindProxy: true }],
      knownGood: [{ login: 'alice', network: '192.0.2.0/24', last: 1e12 }],
    },
  ],
];

export const api: Target = {
  inputs: 'requests to the API',
  open: async (random) => {
    const folder = await mkdtemp(join(tmpdir(), 'tailban-fuzz-'));
    const socketPath = join(folder, 'tailban.sock');
    const { config } = parseConfig('', 'fuzz.toml');
    const now = Date.now;
    const log = createLogger({ level: 'error', format: 'json', terminal: false, destination: process.stderr });
    const store = Store.open(join(folder, 'tailban.db'), { now, warn: (message) => assert.fail(message) });
    const options = { judge: new Judge(config), store, now, log, banTime: () => HOUR, alwaysAllowed: () => [] };
    const guard = new Guard(options);
    const firewall = { remaining: async () => [], log };
    const control = controlOf(new Admin(options, guard), guard, fakeControl(), firewall);
    const server = await serveApi(control, { socketPath, log });
    let fed: string[] = [];
    let steps = 0;
    return {
      step: async () => {
        fed = Array.from({ length: AT_ONCE }, () => damaged(random));
        await Promise.all(fed.map((text) => survivesRequest(socketPath, text)));
        steps++;
        if (steps % CLEAN_EVERY === 0) {
          assert.match(await answerTo(socketPath, whole('POST', '/unban', '{"all":true}')), /^HTTP\/1.1 200 /);
          store.forgetHistory(now() + HOUR);
          assert.match(await answerTo(socketPath, whole('GET', '/status', '')), /^HTTP\/1.1 200 /);
        }
        return AT_ONCE;
      },
      last: () => fed.map((text) => JSON.stringify(text)).join('\n'),
      close: async () => {
        await server.close();
        store.close();
        await rm(folder, { recursive: true, force: true });
      },
    };
  },
};

function damaged(random: Random): string {
  const [method, path, value] = random.pick(REQUESTS);
  const json = value === null ? '' : JSON.stringify(mutateJson(value, random));
  const body = random.chance(0.2) ? mutate(json, json, random) : json;
  const where = random.chance(0.2) ? oneLine(mutate(path, '/bans', random)) : path;
  const request = whole(random.chance(0.05) ? mutate(method, 'PATCH', random) : method, where, body);
  // Only the head: a body shorter than it says would be waited for.
  if (!random.chance(0.1)) return request;
  const end = request.indexOf('\r\nContent-Length');
  return mutate(request.slice(0, end), request, random) + request.slice(end);
}

function whole(method: string, path: string, body: string): string {
  const length = Buffer.byteLength(body, 'latin1');
  return `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n${body}`;
}

async function survivesRequest(socketPath: string, text: string): Promise<void> {
  const answer = await answerTo(socketPath, text);
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);
  assert.ok(
    status >= 200 && status < 500,
    `answered with ${answer === '' ? 'nothing' : answer.slice(0, 2_000)} to ${text}`,
  );
}

/** All that comes until the other side ends the connection. */
function answerTo(socketPath: string, text: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const pieces: Buffer[] = [];
  const socket = connect(socketPath);
  socket.on('data', (piece: Buffer) => void pieces.push(piece));
  // A connection that is ended while we still write is no failure where an answer came first.
  socket.on('error', () => {});
  socket.on('close', () => resolve(Buffer.concat(pieces).toString('latin1')));
  socket.end(Buffer.from(text, 'latin1'));
  return promise;
}
