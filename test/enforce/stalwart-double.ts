/**
 * A Stalwart that is none: an HTTP server with the management API of 0.15 or of 0.16 as their documents have it, which
 * checks every request to the letter, and fails, waits or does half of the work on demand.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';

export const TOKEN = 'api_dGFpbGJhbg';

export interface Principal {
  readonly type: string;
  readonly emails: readonly string[];
  readonly disabledPermissions: string[];
}

interface BlockedIp {
  readonly address: string;
  readonly reason?: string;
  readonly expiresAt?: string;
}

/** A request in one line: `POST /api/settings`. */
interface Seen {
  readonly line: string;
  readonly body: unknown;
}

export class StalwartDouble {
  readonly version: '0.15' | '0.16';
  url = '';
  token = TOKEN;
  /** Of 0.15: the settings, and the addresses that are in force since the last reload. */
  readonly settings = new Map<string, string>();
  inForce = new Set<string>();
  /** Of 0.16: by id. */
  readonly objects = new Map<string, BlockedIp>();
  readonly principals = new Map<string, Principal>();
  readonly seen: Seen[] = [];
  /** What the next requests of that line get instead of an answer, one after another. */
  readonly failures: { readonly line: string; readonly status: number; readonly body: string }[] = [];
  /** Addresses that 0.16 does not block, and the type of its error. */
  readonly refused = new Map<string, string>();
  /** While set, answers wait for it. */
  gate: Promise<void> | null = null;
  #ids = 0;

  constructor(version: '0.15' | '0.16') {
    this.version = version;
  }

  async start(t: TestContext): Promise<this> {
    const server = createServer((request, response) => void this.#serve(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    this.url = `http://127.0.0.1:${address.port}`;
    return this;
  }

  /** The lines of the requests since the last call. */
  takeLines(): string[] {
    return this.seen.splice(0).map(({ line }) => line);
  }

  account(name: string, emails: readonly string[] = [], type = 'individual'): Principal {
    const principal = { type, emails, disabledPermissions: [] };
    this.principals.set(name, principal);
    return principal;
  }

  /** Blocked addresses, in the order of the alphabet. */
  get blocked(): string[] {
    const all = this.version === '0.15' ? [...this.inForce] : [...this.objects.values()].map(({ address }) => address);
    return all.sort();
  }

  /** An admin blocks an address by hand. */
  block(address: string): void {
    if (this.version === '0.16') this.objects.set(`id${++this.#ids}`, { address, reason: 'by an admin' });
    else this.settings.set(`server.blocked-ip.${address}`, '');
    this.inForce.add(address);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const text = Buffer.concat(pieces).toString();
    const body = text === '' ? undefined : (JSON.parse(text) as unknown);
    const line = `${request.method} ${request.url}`;
    this.seen.push({ line, body });
    await this.gate;
    const failing = this.failures.findIndex((failure) => line.startsWith(failure.line));
    const [failure] = failing < 0 ? [] : this.failures.splice(failing, 1);
    const [status, answer] = failure ? [failure.status, failure.body] : this.#answer(request, line, body);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(answer);
  }

  #answer({ headers }: IncomingMessage, line: string, body: unknown): [number, string] {
    if (headers.authorization !== `Bearer ${this.token}`)
      return [401, JSON.stringify({ type: 'about:blank', status: 401, title: 'Unauthorized' })];
    if (body !== undefined) assert.equal(headers['content-type'], 'application/json');
    try {
      const answer = this.version === '0.15' ? this.#older(line, body) : this.#newer(line, body);
      if (answer !== null) return [200, JSON.stringify(answer)];
    } catch (error) {
      return [400, JSON.stringify({ status: 400, detail: String(error) })];
    }
    return [404, JSON.stringify({ type: 'about:blank', status: 404, title: 'Not Found' })];
  }

  #older(line: string, body: unknown): object | null {
    const [method = '', target = ''] = line.split(' ');
    const url = new URL(target, this.url);
    switch (`${method} ${url.pathname}`) {
      case 'GET /api/settings/list': {
        const prefix = `${url.searchParams.get('prefix')}.`;
        const items = [...this.settings].filter(([key]) => key.startsWith(prefix));
        return {
          data: {
            total: items.length,
            items: Object.fromEntries(items.map(([key, value]) => [key.slice(prefix.length), value])),
          },
        };
      }
      case 'GET /api/settings/keys': {
        const keys = url.searchParams.get('keys')?.split(',') ?? [];
        return { data: Object.fromEntries(keys.flatMap((key) => (this.settings.has(key) ? [[key, '']] : []))) };
      }
      case 'POST /api/settings':
        return this.#changeSettings(body);
      case 'GET /api/reload/server.blocked-ip':
        this.inForce = new Set([...this.settings.keys()].map((key) => key.slice('server.blocked-ip.'.length)));
        return { data: { warnings: {}, errors: {} } };
      case 'GET /api/principal': {
        const filter = url.searchParams.get('filter') ?? '';
        const items = [...this.principals]
          .map(([name, principal]) => ({ name, ...principal }))
          .filter(
            ({ name, emails, type }) => type === 'individual' && [name, ...emails].some((x) => x.includes(filter)),
          );
        return { data: { items, total: items.length } };
      }
      default:
        return this.#principal(method, url.pathname, body);
    }
  }

  #changeSettings(body: unknown): object {
    assert.ok(Array.isArray(body) && body.length === 1);
    const [change] = body;
    if (change.type === 'insert') {
      assert.deepEqual(Object.keys(change), ['type', 'prefix', 'values', 'assert_empty']);
      assert.equal(change.prefix, null);
      assert.equal(change.assert_empty, false);
      for (const [key, value] of change.values as [string, string][]) {
        assert.match(key, /^server\.blocked-ip\.[0-9a-f.:/]+$/);
        assert.equal(value, '');
        this.settings.set(key, value);
      }
    } else {
      assert.deepEqual(Object.keys(change), ['type', 'keys']);
      assert.equal(change.type, 'delete');
      for (const key of change.keys as string[]) this.settings.delete(key);
    }
    return { data: null };
  }

  #principal(method: string, path: string, body: unknown): object | null {
    const name = /^\/api\/principal\/([^/]+)$/.exec(path)?.[1];
    if (name === undefined) return null;
    const principal = this.principals.get(decodeURIComponent(name));
    if (principal === undefined) return { error: 'notFound', item: decodeURIComponent(name) };
    if (method === 'GET') return { data: { id: 1, name: decodeURIComponent(name), ...principal } };
    assert.equal(method, 'PATCH');
    assert.ok(Array.isArray(body) && body.length === 1);
    const { action, field, value } = body[0];
    assert.equal(field, 'disabledPermissions');
    assert.equal(value, 'authenticate');
    const list = principal.disabledPermissions;
    if (action === 'addItem' && !list.includes(value)) list.push(value);
    if (action === 'removeItem' && list.includes(value)) list.splice(list.indexOf(value), 1);
    assert.ok(action === 'addItem' || action === 'removeItem');
    return { data: null };
  }

  #newer(line: string, body: unknown): object | null {
    if (line !== 'POST /api') return null;
    const { using, methodCalls } = body as { using: unknown; methodCalls: [string, JmapArguments, string][] };
    assert.deepEqual(using, ['urn:ietf:params:jmap:core', 'urn:stalwart:jmap']);
    return { methodResponses: methodCalls.map(([name, args, id]) => [name, this.#method(name, args), id]) };
  }

  #method(name: string, { create = {}, destroy = [], ids = [], position = 0, limit = 500 }: JmapArguments): object {
    if (name === 'x:BlockedIp/query') return { ids: [...this.objects.keys()].slice(position, position + limit) };
    if (name === 'x:BlockedIp/get')
      return { list: ids.flatMap((id) => (this.objects.has(id) ? [{ id, ...this.objects.get(id) }] : [])) };
    assert.equal(name, 'x:BlockedIp/set');
    const answer = {
      created: {} as Record<string, object>,
      notCreated: {} as Record<string, object>,
      destroyed: [] as string[],
      notDestroyed: {} as Record<string, object>,
    };
    for (const [key, object] of Object.entries(create)) {
      assert.deepEqual(
        Object.keys(object).filter((field) => !['address', 'reason', 'expiresAt'].includes(field)),
        [],
      );
      if (object.expiresAt !== undefined) assert.match(object.expiresAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      const isThere = [...this.objects.values()].some(({ address }) => address === object.address);
      const type = this.refused.get(object.address) ?? (isThere ? 'primaryKeyViolation' : null);
      if (type !== null) {
        answer.notCreated[key] = { type };
        continue;
      }
      const id = `id${++this.#ids}`;
      this.objects.set(id, object);
      answer.created[key] = { id };
    }
    for (const id of destroy) {
      if (this.objects.delete(id)) answer.destroyed.push(id);
      else answer.notDestroyed[id] = { type: 'notFound' };
    }
    return answer;
  }
}

interface JmapArguments {
  readonly create?: Readonly<Record<string, BlockedIp>>;
  readonly destroy?: readonly string[];
  readonly ids?: readonly string[];
  readonly position?: number;
  readonly limit?: number;
}
