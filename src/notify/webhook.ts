/**
 * Notifications as JSON over HTTP. With a key they are signed as the Standard Webhooks specification 1.0 says
 * (standardwebhooks.com): HMAC-SHA256 over id, time and body, so that nobody can forge or replay them, and there are
 * libraries to check them.
 */
import { createHmac } from 'node:crypto';
import type { Millis } from '../core/types.ts';
import { requestHttp } from '../system/http-client.ts';
import type { Deliver } from './types.ts';
import { messageObject, summary } from './words.ts';

export interface WebhookOptions {
  readonly url: string;
  /** Null: not signed. */
  readonly key: string | null;
  readonly now: () => Millis;
  readonly timeout?: Millis;
}

const TIMEOUT: Millis = 10_000;
const LARGEST_ANSWER = 64 * 1024;
/** Begins a key that is written in base64. */
const BASE64 = 'whsec_';

export function webhookDelivery({ url, key, now, timeout = TIMEOUT }: WebhookOptions): Deliver {
  const target = new URL(url);
  return async (message, signal) => {
    // Chats such as Mattermost, Slack and ntfy show `text`, and ignore the rest.
    const text = `tailban on ${message.host}: ${summary(message)}`;
    const body = JSON.stringify({ text, ...messageObject(message) });
    const seconds = Math.floor(now() / 1000);
    const signed =
      key === null ? {} : { 'webhook-signature': `v1,${signature(key, `${message.id}.${seconds}.${body}`)}` };
    const { status } = await requestHttp(target, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'tailban',
        'webhook-id': message.id,
        'webhook-timestamp': String(seconds),
        ...signed,
      },
      body,
      timeout,
      largestAnswer: LARGEST_ANSWER,
      signal,
    }).catch((error: Error) => {
      // The rest of the URL may be a secret.
      throw new Error(`Cannot post to ${target.origin}: ${error.message}`, { cause: error });
    });
    if (status < 200 || status > 299) throw new Error(`Cannot post to ${target.origin}: it answered ${status}`);
  };
}

function signature(key: string, text: string): string {
  const secret = key.startsWith(BASE64) ? Buffer.from(key.slice(BASE64.length), 'base64') : Buffer.from(key);
  return createHmac('sha256', secret).update(text).digest('base64');
}
