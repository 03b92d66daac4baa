/**
 * Metrics over HTTP for Prometheus, where an admin asks for it. One that cannot listen tries again, and keeps nobody
 * from starting.
 */
import type { FastifyInstance } from 'fastify';
import type { Millis } from '../core/types.ts';
import { messageOf } from '../errors.ts';
import { type CreateHttpServer, HttpListener, loadHttpServer } from '../system/http.ts';

export interface MetricsServerOptions {
  readonly host: string;
  readonly port: number;
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
  readonly info: (message: string) => void;
  readonly error: (message: string) => void;
  /** Before another try to listen. */
  readonly pause?: Millis;
}

const PAUSE: Millis = 10_000;
/** Nobody has anything to send here. */
const LARGEST_BODY = 1024;

export class MetricsServer {
  readonly #options: MetricsServerOptions;
  readonly #listener = new HttpListener();
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;
  #isTold = false;

  constructor(options: MetricsServerOptions) {
    this.#options = options;
  }

  /** Never fails; resolves after the first try to listen. */
  async start(): Promise<void> {
    const { host, port, pause = PAUSE, info, error } = this.#options;
    const app = this.#build(await loadHttpServer());
    try {
      const address = await this.#listener.start(app, () => app.listen({ host, port }));
      if (this.#stopped) await this.#listener.stop();
      else info(`metrics are at ${address}/metrics`);
    } catch (cause) {
      if (this.#stopped) return;
      const reason = messageOf(cause);
      if (!this.#isTold) error(`metrics cannot listen, trying again every ${pause / 1000} s: ${reason}`);
      this.#isTold = true;
      this.#timer = setTimeout(() => void this.start(), pause);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#listener.stop();
  }

  #build(createHttpServer: CreateHttpServer): FastifyInstance {
    const { metrics } = this.#options;
    const app = createHttpServer(LARGEST_BODY);
    app.setNotFoundHandler((_request, reply) => reply.code(404).type('text/plain').send('See /metrics\n'));
    app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
    return app;
  }
}
