/**
 * The API: JSON over HTTP on a unix socket. Owns routes, checks of requests and the form of errors; what a request does
 * is up to `Control`. Every error is `{"error": sentence, "hint": what to do}`.
 */
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type * as z from 'zod/mini';
import type { Millis } from '../core/types.ts';
import { messageOf } from '../errors.ts';
import { type CreateHttpServer, HttpListener, loadHttpServer } from '../system/http.ts';
import { clearSocketPath, restrictSocket, socketError } from '../system/unix-socket.ts';
import { RESTORE_REQUEST } from './backup.ts';
import {
  ALLOW_REQUEST,
  BAN_REQUEST,
  type BanView,
  type Control,
  DISALLOW_REQUEST,
  DISTRUST_REQUEST,
  EXPLAIN_REQUEST,
  IMPORT_REQUEST,
  Refusal,
  UNBAN_REQUEST,
} from './contract.ts';
import { describeIssue } from './request-problem.ts';

/** As much of a logger as is needed here. */
export interface ApiLog {
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

/** What Prometheus reads. */
export interface Exposition {
  readonly contentType: string;
  text(): Promise<string>;
}

export interface ApiOptions {
  readonly socketPath: string;
  readonly log: ApiLog;
  /** Nothing is at `/metrics` without it. */
  readonly metrics?: Exposition;
  /** Its members may use the socket besides root; `tailban` where absent. */
  readonly group?: string;
  /** Where groups are looked up instead of /etc/group. */
  readonly groupFile?: string;
}

export interface ApiServer {
  /** Answers what has been asked, then stops and removes the socket. */
  close(): Promise<void>;
}

/** Where the socket stands in the configuration. */
const SETTING = 'api.socket (or --socket)';
const LARGEST_BODY = 64 * 1024;
/** A login is asked about in the path, three bytes for each of its own; a line in a log has at most 16 KiB. */
const LARGEST_HEADERS = 64 * 1024;
const LARGEST_IMPORT = 200 * 1024 * 1024;
/** How many bans are written to a client before the daemon's other work gets its turn. */
const BANS_PER_PIECE = 500;

/**
 * Makes the way free for the socket, and refuses where another daemon answers there: to be asked before anything is
 * changed that is that one's. @throws SocketError
 */
export function claimSocket(socketPath: string): Promise<void> {
  return clearSocketPath(socketPath, SETTING);
}

/** Begins to answer at the socket. @throws SocketError where it cannot be had, such as when another daemon holds it. */
export async function serveApi(control: Control, options: ApiOptions): Promise<ApiServer> {
  const { socketPath, log, metrics, group = 'tailban', groupFile } = options;
  const app = createApp(await loadHttpServer(), control, log);
  if (metrics !== undefined)
    app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
  await claimSocket(socketPath);
  const listener = new HttpListener();
  try {
    await listener.start(app, async () => {
      await app.listen({ path: socketPath });
      const problem = await restrictSocket(socketPath, group, groupFile);
      if (problem !== null) log.warn({ socketPath }, problem);
    });
  } catch (error) {
    throw socketError(socketPath, error, SETTING);
  }
  return { close: () => listener.stop() };
}

function createApp(createHttpServer: CreateHttpServer, control: Control, log: ApiLog): FastifyInstance {
  const app = createHttpServer(LARGEST_BODY, { http: { maxHeaderSize: LARGEST_HEADERS } });
  // Whatever content type a client such as curl may send: the body is JSON.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, app.getDefaultJsonParser('error', 'error'));
  app.setNotFoundHandler((request, reply) => {
    const hint =
      'See GET /status, /bans, /explain, /allowed, /config, /metrics; POST /bans, /unban, /allowed, /disallow, /distrust, /reload, /import, /restore';
    return reply.code(404).send({ error: `There is nothing at ${request.method} ${request.url}`, hint });
  });
  app.setErrorHandler((error, request, reply) => {
    const { status, message, hint } = explain(error);
    if (status === 500) log.error({ err: error }, `${request.method} ${request.url} failed`);
    return reply.code(status).send({ error: message, hint });
  });
  addReadingRoutes(app, control);
  addChangingRoutes(app, control);
  return app;
}

function addReadingRoutes(app: FastifyInstance, control: Control): void {
  app.get('/status', () => control.status());
  app.get<{ Querystring: { evidence?: string } }>('/bans', (request, reply) =>
    sendBans(reply, control.status().now, control.bans(), request.query.evidence !== 'no'),
  );
  app.get('/explain', ({ query }) => control.explain(read(EXPLAIN_REQUEST, query)));
  app.get('/allowed', () => control.allowed());
  app.get('/config', (_request, reply) => reply.type('text/plain; charset=utf-8').send(control.config()));
}

function addChangingRoutes(app: FastifyInstance, control: Control): void {
  app.post('/bans', ({ body }) => control.ban(read(BAN_REQUEST, body)));
  app.post('/unban', async ({ body }) => ({ freed: await control.unban(read(UNBAN_REQUEST, body)) }));
  app.post('/allowed', async ({ body }) => ({ lifted: await control.allow(read(ALLOW_REQUEST, body)) }));
  app.post('/disallow', async ({ body }) => {
    await control.disallow(read(DISALLOW_REQUEST, body));
    return {};
  });
  app.post('/distrust', async ({ body }) => ({ forgotten: await control.distrust(read(DISTRUST_REQUEST, body)) }));
  app.post('/reload', () => control.reload());
  app.post('/import', { bodyLimit: LARGEST_IMPORT }, ({ body }) => control.import(read(IMPORT_REQUEST, body)));
  app.post('/restore', { bodyLimit: LARGEST_IMPORT }, ({ body }) => control.restore(read(RESTORE_REQUEST, body)));
}

function read<Schema extends z.ZodMiniType>(schema: Schema, body: unknown): z.infer<Schema> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw new Refusal(400, describeIssue(result.error.issues[0], body));
}

/** A hundred thousand bans with their evidence must not hold up the reading of logs, so they are written in pieces. */
function sendBans(reply: FastifyReply, now: Millis, bans: readonly BanView[], evidence: boolean): FastifyReply {
  return reply.type('application/json; charset=utf-8').send(Readable.from(banPieces(now, bans, evidence)));
}

function* banPieces(now: Millis, bans: readonly BanView[], evidence: boolean): Generator<string> {
  yield `{"now":${now},"bans":[`;
  for (let i = 0; i < bans.length; i += BANS_PER_PIECE) {
    const piece = bans
      .slice(i, i + BANS_PER_PIECE)
      .map((ban) => JSON.stringify(evidence ? ban : { ...ban, evidence: [] }));
    yield (i === 0 ? '' : ',') + piece.join(',');
  }
  yield ']}';
}

function explain(error: unknown): { status: number; message: string; hint: string } {
  if (error instanceof Refusal) return { status: error.status, message: error.message, hint: error.hint };
  const status = statusOf(error);
  const message = messageOf(error);
  if (status === 413)
    return {
      status,
      message: 'The request is too large: 64 KiB are possible, 200 MiB for an import',
      hint: 'Import in several parts',
    };
  if (status < 500) return { status, message: `Cannot read the request: ${message}`, hint: '' };
  return {
    status: 500,
    message: `The daemon could not do this: ${message}`,
    hint: "The daemon's log has more: journalctl -u tailban",
  };
}

/** Fastify's own errors, such as JSON that is none, carry the status that they mean. */
function statusOf(error: unknown): number {
  if (!(error instanceof Error) || !('statusCode' in error)) return 500;
  const status = Number(error.statusCode);
  return status >= 400 && status < 500 ? status : 500;
}
