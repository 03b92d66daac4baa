/**
 * The source for Stalwart's webhook: an HTTP server that takes events with the right signature and hands them on as lines.
 * It answers 200 only when they have been taken over; an event that Stalwart sends once more, because it missed that
 * answer, is known by its id, also over a restart.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Millis } from '../core/types.ts';
import { HttpListener, loadHttpServer } from '../system/http.ts';
import { errorCode } from './glob.ts';
import { Problems } from './problems.ts';
import type { Position, Sink, Source, SourceStatus } from './types.ts';
import { readWebhook } from './webhook-lines.ts';

export interface WebhookSourceOptions {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** The secret that Stalwart signs with. */
  readonly key: string;
  readonly now: () => Millis;
  /** Before another try to listen; 5 s where not given. */
  readonly pause?: Millis;
}

export function webhookSource(options: WebhookSourceOptions): Source {
  let running: RunningWebhookSource | null = null;
  return {
    name: options.name,
    start(positions, _since, sink) {
      running = new RunningWebhookSource(options, sink);
      return running.start(positions);
    },
    stop: async () => running?.stop(),
    status: () => running?.status() ?? { name: options.name, state: 'starting', problem: null, origins: [] },
  };
}

const ORIGIN = 'webhook';
const DEFAULT_PAUSE: Millis = 5_000;
/** Stalwart sends what has gathered in some seconds at once. */
const LARGEST_BODY = 4 * 1024 * 1024;
/** How many ids are remembered; Stalwart tries again for some minutes at most. */
const MAX_IDS = 1_000;
const WARN_EVERY: Millis = 60_000;
const NEWLINE = '\n';

class RunningWebhookSource {
  readonly #options: WebhookSourceOptions;
  readonly #sink: Sink;
  readonly #problems: Problems;
  /** In the order in which they came. */
  readonly #ids = new Set<string>();
  readonly #listener = new HttpListener();
  #address: string | null = null;
  #state: 'starting' | 'reading' | 'failed' | 'stopped' = 'starting';
  #pauseTimer: NodeJS.Timeout | null = null;
  #bytes = 0;
  #warned: Millis = Number.NEGATIVE_INFINITY;

  constructor(options: WebhookSourceOptions, sink: Sink) {
    this.#options = options;
    this.#sink = sink;
    this.#problems = new Problems(sink);
  }

  async start(positions: readonly Position[]): Promise<void> {
    for (const position of positions) if (position.type === 'webhook') this.#remember(position.ids);
    await this.#listen();
  }

  async stop(): Promise<void> {
    this.#state = 'stopped';
    if (this.#pauseTimer !== null) clearTimeout(this.#pauseTimer);
    await this.#listener.stop();
  }

  status(): SourceStatus {
    const origins = this.#address === null ? [] : [{ origin: this.#address, offset: this.#bytes, size: this.#bytes }];
    return { name: this.#options.name, state: this.#state, problem: this.#problems.summary(), origins };
  }

  async #listen(): Promise<void> {
    const { host, port, pause = DEFAULT_PAUSE } = this.#options;
    const createHttpServer = await loadHttpServer();
    const app = createHttpServer(LARGEST_BODY);
    app.removeAllContentTypeParsers();
    // The signature is over the bytes as they came.
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    app.setErrorHandler((error, _request, reply) => this.#refuse(reply, statusOf(error)));
    app.post('/*', (request, reply) => this.#receive(request, reply));
    try {
      this.#address = await this.#listener.start(app, () => app.listen({ host, port }));
      if (this.#isStopped()) await this.#listener.stop();
      else this.#state = 'reading';
      this.#problems.solved(ORIGIN, `Listening at ${this.#address} now`);
    } catch (error) {
      if (this.#isStopped()) return;
      this.#state = 'failed';
      const code = errorCode(error) ?? String(error);
      this.#problems.report(ORIGIN, `Cannot listen at ${host} port ${port} (${code}), trying again until it works`);
      this.#pauseTimer = setTimeout(() => void this.#listen(), pause);
    }
  }

  #receive({ body, headers }: FastifyRequest, reply: FastifyReply): FastifyReply {
    if (this.#isStopped()) return this.#refuse(reply, 503);
    const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
    if (!this.#isSigned(bytes, headers['x-signature'])) return this.#refuse(reply, 401);
    const events = readWebhook(bytes, this.#options.now());
    if (events === null) return this.#refuse(reply, 400);
    const fresh = events.filter(({ id }) => id === null || !this.#remember([id]));
    this.#bytes += bytes.length;
    if (fresh.length > 0) {
      const source = this.#options.name;
      const data = Buffer.from(fresh.map(({ line }) => line + NEWLINE).join(''));
      const position = { type: 'webhook', source, ids: [...this.#ids] } as const;
      this.#sink.chunk({ source, origin: ORIGIN, format: 'text', data, position, cut: 0 });
    }
    return reply.code(200).send();
  }

  #isSigned(body: Buffer, signature: string | string[] | undefined): boolean {
    if (typeof signature !== 'string') return false;
    const right = createHmac('sha256', this.#options.key).update(body).digest();
    const given = Buffer.from(signature, 'base64');
    return given.length === right.length && timingSafeEqual(given, right);
  }

  /** Takes ids down. @returns whether all of them were known */
  #remember(ids: readonly string[]): boolean {
    const known = ids.every((id) => this.#ids.has(id));
    for (const id of ids) this.#ids.add(id);
    for (const oldest of this.#ids) {
      if (this.#ids.size <= MAX_IDS) break;
      this.#ids.delete(oldest);
    }
    return known;
  }

  /** Somebody who tries keys must not fill the log. */
  #refuse(reply: FastifyReply, status: number): FastifyReply {
    const now = this.#options.now();
    if (status !== 503 && now - this.#warned >= WARN_EVERY) {
      this.#warned = now;
      this.#sink.warn(`Refused a request to the webhook of ${this.#options.name}: ${reasonOf(status)}`);
    }
    return reply.code(status).send();
  }

  #isStopped(): boolean {
    return this.#state === 'stopped';
  }
}

function reasonOf(status: number): string {
  if (status === 401) return 'its X-Signature is not made with the key of this source';
  if (status === 413) return `it is larger than ${LARGEST_BODY / 1024 / 1024} MiB`;
  return 'it is no event of Stalwart';
}

/** Fastify's own errors, such as a body that is too large, carry the status that they mean. */
function statusOf(error: unknown): number {
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  return status >= 400 && status <= 599 ? status : 500;
}
