/**
 * Stalwart's webhook events as lines of its log files: `TIME (EVENT) key = value, …`. The keys of the connection come
 * first, so that no text of a client stands before the address; control characters are taken out, so that an event stays
 * one line.
 */
import type { Millis } from '../core/types.ts';

export interface WebhookEvent {
  /** Null where it has none, so that a second delivery cannot be told. */
  readonly id: string | null;
  readonly line: string;
}

/** The keys of a connection in their order, and what each may look like. */
const CONNECTION: readonly (readonly [string, RegExp, 'quoted' | 'plain'])[] = [
  ['listenerId', /^[A-Za-z0-9_.-]{1,64}$/, 'quoted'],
  ['localPort', /^\d{1,5}$/, 'plain'],
  ['remoteIp', /^[0-9A-Fa-f:.]{2,45}$/, 'plain'],
  ['remotePort', /^\d{1,5}$/, 'plain'],
];
const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;
const LONGEST_VALUE = 1024;
const LONGEST_ID = 64;

const TYPE = /^[a-z0-9][a-z0-9.-]{1,80}$/;

type Fields = Readonly<Record<string, unknown>>;

/** The events of a body, without those that name no address. @returns null where the body is none of a webhook */
export function readWebhook(body: Buffer, receivedAt: Millis): WebhookEvent[] | null {
  const { events } = fieldsOf(parseJson(body.toString('utf8')));
  return Array.isArray(events) ? events.flatMap((event) => readEvent(fieldsOf(event), receivedAt)) : null;
}

function readEvent({ id, createdAt, type, data }: Fields, receivedAt: Millis): WebhookEvent[] {
  const fields = fieldsOf(data);
  const connection = CONNECTION.flatMap(([key, shape, form]) => {
    const value = wordOf(fields[key]);
    return shape.test(value) ? [`${key} = ${form === 'quoted' ? `"${value}"` : value}`] : [];
  });
  if (typeof type !== 'string' || !TYPE.test(type)) return [];
  if (!connection.some((text) => text.startsWith('remoteIp'))) return [];
  const stamp = typeof createdAt === 'string' && STAMP.test(createdAt) ? createdAt : new Date(receivedAt).toISOString();
  const line = `${stamp} (${type}) ${[...connection, ...ownKeys(fields)].join(', ')}`;
  const isKnown = typeof id === 'number' || (typeof id === 'string' && id.length <= LONGEST_ID);
  return [{ id: isKnown ? String(id) : null, line }];
}

/** What belongs to the event itself: the login first, as in the log. */
function ownKeys(data: Fields): string[] {
  return ['accountName', 'reason', 'to'].flatMap((key) => {
    const value = data[key];
    return typeof value === 'string' ? [`${key} = "${oneLine(value)}"`] : [];
  });
}

/** JSON may hold objects where a word is due, also such as have no text. */
function wordOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function oneLine(text: string): string {
  return text.slice(0, LONGEST_VALUE).replace(/\p{Cc}/gu, '?');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}
