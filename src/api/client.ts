/**
 * Talks to the daemon over its unix socket. Plain node:http, because that loads in a few milliseconds and every command
 * pays for it. Turns each way in which this can fail into an `ApiError` with a hint.
 */
import type { IncomingMessage } from 'node:http';
import type { Millis } from '../core/types.ts';
import type { RestoreAnswer, RestoreRequest } from './backup.ts';
import type {
  AllowedView,
  AllowRequest,
  BanList,
  BanRequest,
  BanView,
  DisallowRequest,
  DistrustRequest,
  ImportRequest,
  Status,
  SubjectView,
  UnbanRequest,
} from './contract.ts';

/**
 * `unavailable`: nobody answers, or not in time. `forbidden`: this user may not use the socket. `refused`: the daemon
 * says no, and `status` is the HTTP status. `failed`: the daemon tried and could not, or gave an answer that is none.
 */
export type ApiProblem = 'unavailable' | 'forbidden' | 'refused' | 'failed';

export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly problem: ApiProblem;
  readonly hint: string;
  /** The HTTP status; 0 where there was no answer. */
  readonly status: number;

  constructor(problem: ApiProblem, message: string, hint: string, status = 0, options?: ErrorOptions) {
    super(message, options);
    this.problem = problem;
    this.hint = hint;
    this.status = status;
  }
}

export interface ClientOptions {
  readonly socketPath: string;
  /** How long the daemon may be silent. */
  readonly timeout?: Millis;
}

/** A command may have to wait for the firewall, a long import for the daemon. */
const SILENCE: Millis = 60_000;
const IMPORT_SILENCE: Millis = 600_000;
// An import statement would run every getter of the module, and with them load fetch and WebSocket: 30 ms a command.
const { request } = process.getBuiltinModule('node:http');
const START_HINT = 'systemctl start tailban, or: tailban run';

/** Every method throws an `ApiError`. */
export class ApiClient {
  readonly #socketPath: string;
  readonly #timeout: Millis;

  constructor({ socketPath, timeout = SILENCE }: ClientOptions) {
    this.#socketPath = socketPath;
    this.#timeout = timeout;
  }

  status(): Promise<Status> {
    return this.#json('GET', '/status');
  }

  /** What is in force. The lines that led to each ban come along only if asked for, since they are most of the bytes. */
  bans(evidence: boolean): Promise<BanList> {
    return this.#json('GET', evidence ? '/bans' : '/bans?evidence=no');
  }

  ban(body: BanRequest): Promise<BanView> {
    return this.#json('POST', '/bans', body);
  }

  /** Everything that is known of `192.0.2.1`, `192.0.2.0/24` or `login:NAME`. */
  explain(subject: string): Promise<SubjectView> {
    return this.#json('GET', `/explain?subject=${encodeURIComponent(subject)}`);
  }

  /** The subjects that are free now. */
  async unban(body: UnbanRequest): Promise<readonly string[]> {
    return (await this.#json<{ freed: readonly string[] }>('POST', '/unban', body)).freed;
  }

  allowed(): Promise<readonly AllowedView[]> {
    return this.#json('GET', '/allowed');
  }

  /** The bans that this lifted. */
  async allow(body: AllowRequest): Promise<readonly string[]> {
    return (await this.#json<{ lifted: readonly string[] }>('POST', '/allowed', body)).lifted;
  }

  async disallow(body: DisallowRequest): Promise<void> {
    await this.#json('POST', '/disallow', body);
  }

  /** The networks from which the login is not known any more. */
  async distrust(body: DistrustRequest): Promise<readonly string[]> {
    return (await this.#json<{ forgotten: readonly string[] }>('POST', '/distrust', body)).forgotten;
  }

  reload(): Promise<{ readonly changes: readonly string[]; readonly notes: readonly string[] }> {
    return this.#json('POST', '/reload');
  }

  config(): Promise<string> {
    return this.#text('GET', '/config', undefined, this.#timeout);
  }

  import(body: ImportRequest): Promise<{ readonly imported: number; readonly skipped: readonly string[] }> {
    return this.#json('POST', '/import', body, Math.max(this.#timeout, IMPORT_SILENCE));
  }

  restore(body: RestoreRequest): Promise<RestoreAnswer> {
    return this.#json('POST', '/restore', body, Math.max(this.#timeout, IMPORT_SILENCE));
  }

  async #json<Answer>(method: string, path: string, body?: object, timeout = this.#timeout): Promise<Answer> {
    const text = await this.#text(method, path, body, timeout);
    try {
      return JSON.parse(text) as Answer;
    } catch (error) {
      throw this.#strange(text, 200, error);
    }
  }

  #text(method: string, path: string, body: object | undefined, timeout: Millis): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers =
      payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': payload.length };
    const call = request({ socketPath: this.#socketPath, method, path, headers, timeout, agent: false });
    call.on('timeout', () => call.destroy(this.#silent(timeout)));
    call.on('error', (error) => reject(this.#broken(error)));
    call.on('response', (response) => {
      readAll(response).then(
        (text) => (response.statusCode === 200 ? resolve(text) : reject(this.#refusal(response.statusCode ?? 0, text))),
        (error) => reject(this.#broken(error)),
      );
    });
    call.end(payload);
    return promise;
  }

  #refusal(status: number, text: string): ApiError {
    try {
      const { error, hint } = JSON.parse(text) as { error?: unknown; hint?: unknown };
      if (typeof error !== 'string') return this.#strange(text, status);
      return new ApiError(status >= 500 ? 'failed' : 'refused', error, typeof hint === 'string' ? hint : '', status);
    } catch (error) {
      return this.#strange(text, status, error);
    }
  }

  #strange(text: string, status: number, cause?: unknown): ApiError {
    const start = text.length > 80 ? `${text.slice(0, 80)}…` : text;
    return new ApiError(
      'failed',
      `Cannot understand the answer of the daemon at ${this.#socketPath} (status ${status}): ${JSON.stringify(start)}`,
      'Is it another program that listens there?',
      status,
      { cause },
    );
  }

  #silent(timeout: Millis): ApiError {
    return new ApiError(
      'unavailable',
      `The daemon at ${this.#socketPath} has not answered for ${timeout / 1000} seconds`,
      "The daemon's log may tell why: journalctl -u tailban",
    );
  }

  #broken(error: NodeJS.ErrnoException): ApiError {
    if (error instanceof ApiError) return error;
    const at = this.#socketPath;
    switch (error.code) {
      case 'ENOENT':
      case 'ENOTDIR':
        return new ApiError('unavailable', `tailban is not running: there is no socket ${at}`, START_HINT, 0, {
          cause: error,
        });
      case 'ECONNREFUSED':
        return new ApiError('unavailable', `tailban is not running: nobody listens at ${at}`, START_HINT, 0, {
          cause: error,
        });
      case 'EACCES':
      case 'EPERM':
        return new ApiError(
          'forbidden',
          `This user may not use the socket ${at}`,
          'Use sudo, or join the group: usermod -aG tailban USER',
          0,
          { cause: error },
        );
      default:
        return new ApiError(
          'unavailable',
          `The connection to the daemon at ${at} failed: ${error.message}`,
          'tailban status shows whether it still runs',
          0,
          { cause: error },
        );
    }
  }
}

async function readAll(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('utf8');
}
