/**
 * Requests to Stalwart's management API. Whatever goes wrong is an EnforceError whose message is
 * one sentence with the status and what the server said of it; trying again is for the queue.
 */
import type { Millis } from '../../core/types.ts';
import { EnforceError, messageOf } from '../../errors.ts';
import { requestHttp } from '../../system/http-client.ts';

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

  async #request(
    method: 'GET' | 'POST' | 'PATCH',
    path: string,
    body: unknown,
  ): Promise<{ status: number; text: string }> {
    const { url, token, timeout = TIMEOUT } = this.#options;
    try {
      const headers = {
        authorization: `Bearer ${token()}`,
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      };
      return await requestHttp(new URL(url.replace(/\/*$/, '') + path), {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        timeout,
        largestAnswer: LARGEST_ANSWER,
      });
    } catch (error) {
      throw this.#failed(messageOf(error), error);
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

function quote(text: string): string {
  const line = text.replace(/[\s\0-\x1f\x7f]+/g, ' ').trim();
  return line.length > LONGEST_QUOTE ? `${line.slice(0, LONGEST_QUOTE)}…` : line;
}
