/**
 * Requests to Stalwart's management API: the only user of fetch. Whatever goes wrong is an EnforceError whose message is
 * one sentence with the status and what the server said of it; trying again is for the queue.
 */
import type { Millis } from '../../core/types.ts';
import { EnforceError } from '../../errors.ts';

export interface ClientOptions {
  /** Such as `https://mail.example.org`. */
  readonly url: string;
  /** An API key; asked for each request, so that a new one in a file is taken at once. */
  readonly token: () => string;
  readonly timeout?: Millis;
}

const TIMEOUT: Millis = 10_000;
/** A million blocked addresses are about 40 MB. */
const LARGEST_ANSWER = 128 * 1024 * 1024;
const LONGEST_QUOTE = 200;

const HINTS: Readonly<Record<number, string>> = {
  401: '; is stalwart.api.token the secret of an API key there?',
  403: '; the API key lacks a permission, docs/stalwart.md names them',
};

export class Client {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** The JSON that the server answers. @throws EnforceError */
  async call(method: 'GET' | 'POST' | 'PATCH', path: string, body?: unknown): Promise<unknown> {
    const { status, text } = await this.#request(method, path, body);
    const answer = this.#read(status, text);
    if (status >= 200 && status < 300 && errorOf(answer) === null) return answer;
    throw this.#refused(status, text);
  }

  /** The JSON that the server answers, null where it has no such thing. @throws EnforceError */
  async find(path: string): Promise<unknown> {
    const { status, text } = await this.#request('GET', path, undefined);
    const answer = this.#read(status, text);
    if (status === 404 || errorOf(answer) === 'notFound') return null;
    if (status >= 200 && status < 300 && errorOf(answer) === null) return answer;
    throw this.#refused(status, text);
  }

  async #request(method: string, path: string, body: unknown): Promise<{ status: number; text: string }> {
    const { url, token, timeout = TIMEOUT } = this.#options;
    try {
      const headers = {
        authorization: `Bearer ${token()}`,
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      };
      const response = await fetch(new URL(url.replace(/\/*$/, '') + path), {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        // The token is for nobody else.
        redirect: 'manual',
        signal: AbortSignal.timeout(timeout),
      });
      return { status: response.status, text: await readText(response) };
    } catch (error) {
      if (error instanceof EnforceError) throw error;
      throw this.#failed(isTimeout(error) ? `it did not answer within ${timeout} ms` : reasonOf(error), error);
    }
  }

  #read(status: number, text: string): unknown {
    if (text === '') return null;
    try {
      return JSON.parse(text);
    } catch (error) {
      if (status >= 200 && status < 300) throw this.#failed(`it answered no JSON: ${quote(text)}`, error);
      return null;
    }
  }

  #refused(status: number, text: string): EnforceError {
    return this.#failed(`it answered ${status}${text === '' ? '' : ` ${quote(text)}`}${HINTS[status] ?? ''}`);
  }

  #failed(problem: string, cause?: unknown): EnforceError {
    return new EnforceError(`Cannot use Stalwart at ${this.#options.url}: ${problem}`, [], '', { cause });
  }
}

/** What went wrong, in answers with status 200: `{"error":"notFound","item":"alice"}`. */
function errorOf(answer: unknown): string | null {
  if (typeof answer !== 'object' || answer === null || !('error' in answer)) return null;
  return typeof answer.error === 'string' ? answer.error : 'error';
}

async function readText(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response.body ?? []) {
    size += piece.length;
    if (size > LARGEST_ANSWER)
      throw new EnforceError(`Cannot use Stalwart: its answer is longer than ${LARGEST_ANSWER} bytes`, [], '');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function quote(text: string): string {
  const line = text.replace(/[\s\0-\x1f\x7f]+/g, ' ').trim();
  return line.length > LONGEST_QUOTE ? `${line.slice(0, LONGEST_QUOTE)}…` : line;
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}

/** fetch says only "fetch failed"; why is in the cause. */
function reasonOf(error: unknown): string {
  const { cause } = error instanceof Error ? error : { cause: undefined };
  if (cause instanceof Error) return 'code' in cause && cause.message === '' ? String(cause.code) : cause.message;
  return error instanceof Error ? error.message : String(error);
}
