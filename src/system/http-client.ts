/** Requests over HTTP to servers of the admin's choosing: the only user of fetch. */
import type { Millis } from '../core/types.ts';
import { messageOf } from '../errors.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** For the whole of it. */
  readonly timeout: Millis;
  /** The most bytes of an answer. */
  readonly largestAnswer: number;
  /** Ends it early. */
  readonly signal?: AbortSignal;
}

/**
 * Whatever the server answers, also that it will not. It is not sent on elsewhere: the headers are for nobody else.
 * @throws Error whose message says why there is no answer, as the end of a sentence
 */
export async function requestHttp(url: URL, request: HttpRequest): Promise<{ status: number; text: string }> {
  const { method, headers, body, timeout, largestAnswer, signal } = request;
  const patience = AbortSignal.timeout(timeout);
  try {
    const response = await fetch(url, {
      method,
      headers,
      body,
      redirect: 'manual',
      signal: signal === undefined ? patience : AbortSignal.any([patience, signal]),
    });
    return { status: response.status, text: await readText(response, largestAnswer) };
  } catch (error) {
    const reason = isTimeout(error) ? `it did not answer within ${timeout} ms` : reasonOf(error);
    throw new Error(reason, { cause: error });
  }
}

async function readText(response: Response, largest: number): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response.body ?? []) {
    size += piece.length;
    if (size > largest) throw new Error(`its answer is longer than ${largest} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}

/** fetch says only "fetch failed"; why is in the cause. */
function reasonOf(error: unknown): string {
  const { cause } = error instanceof Error ? error : { cause: undefined };
  if (cause instanceof Error) return 'code' in cause && cause.message === '' ? String(cause.code) : cause.message;
  return messageOf(error);
}
