/**
 * The auth policy server of Dovecot: over HTTP, Dovecot asks before it looks at a password and once more behind it, and
 * then reports how the login went. So IMAP, POP3, ManageSieve, submission, and Postfix behind Dovecot's SASL, are asked for
 * in one place.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RecentMap } from '../core/recent.ts';
import type { Millis } from '../core/types.ts';
import { HttpListener, loadHttpServer } from '../system/http.ts';
import { type KeyCheck, keyCheck } from './api-key.ts';
import {
  delaySeconds,
  type PolicyAnswer,
  type PolicyRequest,
  readPolicyRequest,
  reportOf,
} from './auth-policy-request.ts';
import { addressOf } from './place.ts';
import type { Gate, Gatekeeper } from './types.ts';

export interface DovecotPolicyOptions {
  readonly host: string;
  readonly port: number;
  /** What the header X-API-Key has to hold; null lets everybody ask who reaches the port. */
  readonly key: string | null;
  /** The longest delay; null delays nobody. */
  readonly maxDelay: Millis | null;
  /** Whether what Dovecot reports is handed on. */
  readonly reports: boolean;
  /** Said to those who are refused. */
  readonly message: string;
}

/** Real requests have some 300 bytes; Dovecot takes logins of up to 8 KiB, and six times as much where each byte is escaped. */
const LARGEST_BODY = 64 * 1024;
/** Each auth process of Dovecot keeps some connections open. */
const MAX_CONNECTIONS = 512;
/** So many attempts wait for what becomes of their passwords. */
const MAX_UNDERWAY = 10_000;
/** Dovecot itself waits for 2 s. */
const SLOWEST_REQUEST: Millis = 5_000;
const HTTP_UNAUTHORIZED = 401;
const HTTP_BAD_REQUEST = 400;

export function dovecotPolicy(options: DovecotPolicyOptions, gatekeeper: Gatekeeper): Gate {
  return new DovecotPolicy(options, gatekeeper);
}

class DovecotPolicy implements Gate {
  readonly name = 'Dovecot auth policy';
  readonly refusesLogins = true;
  readonly address: string;
  readonly #options: DovecotPolicyOptions;
  readonly #gatekeeper: Gatekeeper;
  readonly #mayAsk: KeyCheck;
  readonly #underway = new RecentMap<string, true>();
  readonly #listener = new HttpListener();

  constructor(options: DovecotPolicyOptions, gatekeeper: Gatekeeper) {
    this.#options = options;
    this.#gatekeeper = gatekeeper;
    this.#mayAsk = keyCheck(options.key);
    this.address = addressOf(options);
  }

  async start(): Promise<void> {
    const { host, port } = this.#options;
    const createHttpServer = await loadHttpServer();
    const app = createHttpServer(LARGEST_BODY);
    app.server.maxConnections = MAX_CONNECTIONS;
    app.server.requestTimeout = SLOWEST_REQUEST;
    app.server.headersTimeout = SLOWEST_REQUEST;
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
    app.post('/', (request, reply) => this.#answer(request, reply));
    await this.#listener.start(app, () => app.listen({ host, port }));
  }

  stop(): Promise<void> {
    return this.#listener.stop();
  }

  #answer({ body, headers, query }: FastifyRequest, reply: FastifyReply): PolicyAnswer | FastifyReply {
    if (!this.#mayAsk(headers['x-api-key'])) return reply.code(HTTP_UNAUTHORIZED).send();
    const { command } = query as Readonly<Record<string, unknown>>;
    const request = typeof body === 'string' ? readPolicyRequest(command, body) : null;
    if (request === null) return reply.code(HTTP_BAD_REQUEST).send();
    if (request.command === 'allow') return this.#allow(request);
    const report = this.#options.reports ? reportOf(request) : null;
    if (report !== null) this.#gatekeeper.reported(report);
    return { status: 0, msg: '' };
  }

  #allow(request: PolicyRequest): PolicyAnswer {
    const { ip, login, isAbsurd } = request;
    if (isAbsurd) return { status: -1, msg: this.#options.message };
    const answer = this.#gatekeeper.ask({ ip, login, isAttempt: this.#isFirst(request) });
    if (answer.type !== 'allow') this.#underway.delete(attemptKey(request));
    if (answer.type === 'allow') return { status: delaySeconds(answer.failures, this.#options.maxDelay), msg: '' };
    // What Dovecot reports tells which failures in its logs are refusals, and of which session.
    if (!this.#options.reports) this.#gatekeeper.refused({ ip, login });
    return { status: -1, msg: this.#options.message };
  }

  /** Dovecot asks once before it looks at a password, and where that was right once more behind it. */
  #isFirst(request: PolicyRequest): boolean {
    const key = attemptKey(request);
    if (this.#underway.delete(key)) return false;
    this.#underway.set(key, true);
    this.#underway.trim(MAX_UNDERWAY);
    return true;
  }
}

function attemptKey({ ip, login, session, password }: PolicyRequest): string {
  return JSON.stringify([ip, login, session, password]);
}
