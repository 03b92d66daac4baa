/**
 * Where web servers and proxies ask over HTTP before they serve a request: nginx with auth_request, Caddy and Traefik
 * with forward authentication, HAProxy with a script. Routes: `/auth-request`, `/forward-auth`, and `/end`, where whoever
 * wants to can tell that a request is over.
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Millis } from '../core/types.ts';
import type { Admission, Request } from '../core/verdict.ts';
import { HttpListener, loadHttpServer } from '../system/http.ts';
import { clearSocketPath, restrictSocket } from '../system/unix-socket.ts';
import { type KeyCheck, keyCheck } from './api-key.ts';
import {
  answerTo,
  type Dialect,
  type ForwardingRules,
  type RequestRules,
  readId,
  readRequest,
} from './http-request.ts';
import { addressOf, type Place } from './place.ts';
import type { Gate } from './types.ts';

export interface HttpGateOptions extends ForwardingRules {
  readonly place: Place;
  /** Null: whoever reaches it may ask. */
  readonly key: string | null;
  readonly accountHeader: string | null;
  readonly now: () => Millis;
}

/** What this gate may ask the daemon. */
export interface Doorman {
  admit(request: Request): Admission;
  /** A request is over; false where none of that name runs. */
  ended(id: string): boolean;
}

const LARGEST_BODY = 1024;
/** Web servers send on all headers of their clients: nginx takes 32 kB of them, HAProxy 16. */
const LARGEST_HEADERS = 65_536;
const MAX_CONNECTIONS = 2_048;
const SLOWEST_REQUEST: Millis = 5_000;
const HASH_BYTES = 32;
const NO_CONTENT = 204;
const BAD_REQUEST = 400;
const NOT_FOUND = 404;
const MISSING: Readonly<Record<Dialect, string>> = {
  'auth-request': 'X-Forwarded-For does not end in the address of the client, or X-Original-URI is missing',
  'forward-auth': 'X-Forwarded-For does not end in the address of the client, or X-Forwarded-Uri is missing',
};
const WRONG_KEY = 'wrong or missing X-API-Key\n';
/** The group of web servers on Debian: its members may use a unix socket. */
const WEB_GROUP = 'www-data';

export function httpGate(options: HttpGateOptions, doorman: Doorman): Gate {
  return new HttpGate(options, doorman);
}

class HttpGate implements Gate {
  readonly name = 'HTTP gate';
  readonly refusesLogins = false;
  readonly address: string;
  readonly #options: HttpGateOptions;
  readonly #doorman: Doorman;
  readonly #mayAsk: KeyCheck;
  readonly #rules: RequestRules;
  readonly #listener = new HttpListener();

  constructor(options: HttpGateOptions, doorman: Doorman) {
    const { place, key } = options;
    this.#options = options;
    this.#doorman = doorman;
    this.#mayAsk = keyCheck(key);
    // Made anew at every start: what is kept of credentials is of no use to anybody else.
    const secret = randomBytes(HASH_BYTES);
    const hash = (credentials: string): string =>
      `credentials:${createHmac('sha256', secret).update(credentials).digest('base64url')}`;
    this.#rules = { ...options, hash };
    this.address = addressOf(place);
  }

  async start(): Promise<void> {
    const { place } = this.#options;
    const createHttpServer = await loadHttpServer();
    const app = createHttpServer(LARGEST_BODY, {
      // Of two headers Authorization the server behind may take the one that we would not have seen.
      http: { maxHeaderSize: LARGEST_HEADERS, joinDuplicateHeaders: true },
      clientErrorHandler: (_error, socket) => refuseUnread(socket),
    });
    app.server.maxConnections = MAX_CONNECTIONS;
    app.server.headersTimeout = SLOWEST_REQUEST;
    // Else headers of a client could crowd out those that the web server adds.
    app.server.maxHeadersCount = 0;
    app.removeAllContentTypeParsers();
    // Some send on the length and type of a body that they keep.
    app.addContentTypeParser('*', (_request, _payload, done) => done(null));
    app.all('/auth-request', (request, reply) => this.#ask(request, reply, 'auth-request'));
    app.all('/forward-auth', (request, reply) => this.#ask(request, reply, 'forward-auth'));
    app.all('/end', (request, reply) => this.#end(request, reply));
    await this.#listener.start(app, async () => {
      if ('path' in place) await clearSocketPath(place.path, 'http.gate.listen');
      await app.listen(place);
      if ('path' in place) await restrictSocket(place.path, WEB_GROUP);
    });
  }

  stop(): Promise<void> {
    return this.#listener.stop();
  }

  #ask({ headers }: FastifyRequest, reply: FastifyReply, dialect: Dialect): FastifyReply {
    if (!this.#mayAsk(headers['x-api-key'])) return reply.code(BAD_REQUEST).send(WRONG_KEY);
    const request = readRequest(headers, dialect, this.#rules);
    if (request === null) return reply.code(BAD_REQUEST).send(`${MISSING[dialect]}\n`);
    const answer = answerTo(this.#doorman.admit(request), dialect, this.#options.now());
    return reply.code(answer.status).headers(answer.headers).send();
  }

  #end({ headers }: FastifyRequest, reply: FastifyReply): FastifyReply {
    if (!this.#mayAsk(headers['x-api-key'])) return reply.code(BAD_REQUEST).send(WRONG_KEY);
    const id = readId(headers);
    if (id === null) return reply.code(BAD_REQUEST).send('X-Request-ID is missing\n');
    return reply.code(this.#doorman.ended(id) ? NO_CONTENT : NOT_FOUND).send();
  }
}

/** What is no HTTP, or too long, was made so by the client: nobody gets past the gate that way. */
function refuseUnread(socket: Duplex): void {
  if (socket.writable) socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  else socket.destroy();
}
