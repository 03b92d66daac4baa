/** HTTP servers as the daemon wants them: what the API, webhooks, metrics and gates have in common. The only user of fastify. */
import type { Server } from 'node:http';
import type { FastifyHttpOptions, FastifyInstance } from 'fastify';
import type { Millis } from '../core/types.ts';

const LAST_ANSWERS: Millis = 2_000;
const WHOLE_REQUEST: Millis = 120_000;

type Own = Pick<FastifyHttpOptions<Server>, 'http' | 'clientErrorHandler'>;

/** @param bodyLimit the most bytes that a request may have, where its route says nothing else */
export type CreateHttpServer = (bodyLimit: number, own?: Own) => FastifyInstance;

/**
 * Nearly half of the daemon's code is behind this: it is to be loaded while the firewall works on the stored bans, and not
 * before. It gives no server, because an instance of fastify that comes out of a promise has started already.
 */
export async function loadHttpServer(): Promise<CreateHttpServer> {
  const { default: fastify } = await import('fastify');
  return (bodyLimit, own) =>
    fastify({
      ...own,
      logger: false,
      bodyLimit,
      exposeHeadRoutes: false,
      forceCloseConnections: 'idle',
      requestTimeout: WHOLE_REQUEST,
    });
}

/** A server that listens, or none. */
export class HttpListener {
  #app: FastifyInstance | null = null;

  /** Gives what `listen` gives. @throws what it throws; the server is closed then. */
  async start<T>(app: FastifyInstance, listen: () => Promise<T>): Promise<T> {
    try {
      const result = await listen();
      this.#app = app;
      return result;
    } catch (error) {
      await app.close();
      throw error;
    }
  }

  /** Answers what has been asked, but not for ever, then stops. */
  async stop(): Promise<void> {
    const app = this.#app;
    this.#app = null;
    if (app === null) return;
    const timer = setTimeout(() => app.server.closeAllConnections(), LAST_ANSWERS);
    try {
      await app.close();
    } finally {
      clearTimeout(timer);
    }
  }
}
