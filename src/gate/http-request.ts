/**
 * What a web server sends when it asks before it serves a request, and what it is answered. Only headers are read that the
 * server itself sets; what clients send in them is what each route says it is. Pure.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { clientAddress } from '../core/forwarded.ts';
import { type Address, contains, parseAddress } from '../core/ip.ts';
import { servedPath } from '../core/paths.ts';
import type { RequestSettings } from '../core/settings.ts';
import type { Millis } from '../core/types.ts';
import type { Account, Admission, RateState, Request } from '../core/verdict.ts';

/** How the server tells which request it is about: nginx as its documentation for auth_request has it, others so. */
export type Dialect = 'auth-request' | 'forward-auth';

export type ForwardingRules = Pick<RequestSettings, 'useForwarded' | 'forwardedHeader' | 'trustedProxies'>;

export interface RequestRules extends ForwardingRules {
  /** In lower case; null where the server checks no accounts itself. */
  readonly accountHeader: string | null;
  /** What tells credentials apart, so that they themselves are not kept. */
  readonly hash: (credentials: string) => string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

const HEADERS = {
  'auth-request': { method: 'x-original-method', uri: 'x-original-uri' },
  'forward-auth': { method: 'x-forwarded-method', uri: 'x-forwarded-uri' },
} as const satisfies Record<Dialect, object>;

const NO_CONTENT = 204;
const UNAUTHORIZED = 401;
const FORBIDDEN = 403;
const TOO_MANY_REQUESTS = 429;

/** Longer ones name no account of a mail server (RFC 5321 allows 254), and are no ids of a web server. */
const LONGEST_LOGIN = 1_024;
const LONGEST_ID = 128;
const LONGEST_PATH = 8_192;
/**
 * Credentials that stay the same from request to request (RFC 7617, RFC 6750). Any others, and what no server takes, such as
 * two headers in one, are those of nobody: with one more letter each time, everybody would have a new account.
 */
const CREDENTIALS = /^[ \t]*(basic|bearer)[ \t]+([^\s,]+)[ \t]*$/i;
const BASE64 = /^[A-Za-z0-9+/_-]+=*$/;
const METHOD = /^[A-Za-z]{1,20}$/;
const MS_PER_SECOND = 1_000;

/** Null where it does not say who the client is, or what it wants. */
export function readRequest(headers: IncomingHttpHeaders, dialect: Dialect, rules: RequestRules): Request | null {
  const client = clientOf(headers, rules);
  const names = HEADERS[dialect];
  const method = one(headers[names.method]) ?? 'GET';
  const uri = one(headers[names.uri]);
  if (client === null || uri === null) return null;
  return {
    ip: client.address,
    behindProxy: client.behindProxy,
    method: METHOD.test(method) ? method.toUpperCase() : 'GET',
    path: servedPath(uri, LONGEST_PATH),
    account: accountOf(headers, rules),
    id: readId(headers),
  };
}

/** What the server calls a request; null where it does not say. */
export function readId(headers: IncomingHttpHeaders): string | null {
  const id = one(headers['x-request-id']);
  return id === null || id === '' || id.length > LONGEST_ID ? null : id;
}

/**
 * nginx takes no other status than these: 2xx, 401 and 403; what it is to answer stands in a header of its own then.
 * The headers are those of draft-ietf-httpapi-ratelimit-headers-10.
 */
export function answerTo(admission: Admission, dialect: Dialect, now: Millis): HttpAnswer {
  const { status, headers } = plainAnswer(admission, now);
  if (dialect === 'forward-auth' || status !== TOO_MANY_REQUESTS) return { status, headers };
  return { status: FORBIDDEN, headers: { ...headers, 'x-tailban-status': String(status) } };
}

function plainAnswer(admission: Admission, now: Millis): HttpAnswer {
  switch (admission.type) {
    case 'admit':
      return { status: NO_CONTENT, headers: admission.rate === null ? {} : rateHeaders(admission.rate, now) };
    case 'banned': {
      const { cause, subject, until } = admission.ban;
      const headers = until === null ? {} : { 'retry-after': seconds(until - now) };
      if (cause === 'rate-limit') return { status: TOO_MANY_REQUESTS, headers };
      return subject.type === 'login'
        ? { status: UNAUTHORIZED, headers: { ...headers, 'www-authenticate': 'Basic realm="locked"' } }
        : { status: FORBIDDEN, headers };
    }
    case 'limited': {
      const { rate } = admission;
      const headers = { ...rateHeaders(rate, now), 'retry-after': seconds(rate.freeAt - now) };
      return { status: TOO_MANY_REQUESTS, headers };
    }
    case 'busy': {
      const { what, most } = admission;
      return {
        status: TOO_MANY_REQUESTS,
        headers: { 'ratelimit-policy': `"${what}";q=${most};qu="concurrent-requests"`, 'retry-after': '1' },
      };
    }
  }
}

/** `t` is how long until what remains changes: until there is room, or until the first of the window leaves it. */
function rateHeaders({ name, limit, remaining, freeAt, nextLeaves }: RateState, now: Millis): Record<string, string> {
  const reset = remaining === 0 ? freeAt : (nextLeaves ?? now);
  return {
    ratelimit: `"${name}";r=${remaining};t=${seconds(reset - now)}`,
    'ratelimit-policy': `"${name}";q=${limit.count};w=${seconds(limit.period)}`,
  };
}

/** Whole seconds, rounded up: whoever comes back then finds room. */
function seconds(duration: Millis): string {
  return String(Math.max(0, Math.ceil(duration / MS_PER_SECOND)));
}

/** The server has put its peer at the end of X-Forwarded-For; what stands before that is the word of the peer. */
function clientOf(
  headers: IncomingHttpHeaders,
  { useForwarded, forwardedHeader, trustedProxies }: ForwardingRules,
): { address: Address; behindProxy: boolean } | null {
  const chain = one(headers['x-forwarded-for']);
  if (chain === null) return null;
  const comma = chain.lastIndexOf(',');
  const peer = parseAddress(chain.slice(comma + 1).trim());
  if (peer === null || !useForwarded) return peer === null ? null : { address: peer, behindProxy: false };
  const before = comma < 0 ? undefined : chain.slice(0, comma);
  const told = { forwarded: one(headers['forwarded']) ?? undefined, xForwardedFor: before };
  const isTrusted = (address: Address): boolean => trustedProxies.some((network) => contains(network, address));
  return clientAddress(peer, told, isTrusted, forwardedHeader);
}

/** What the server has checked comes first. A name out of credentials is only a claim, so these tell it apart. */
function accountOf(headers: IncomingHttpHeaders, { accountHeader, hash }: RequestRules): Account | null {
  const checked = accountHeader === null ? null : one(headers[accountHeader]);
  if (checked !== null && checked.trim() !== '') return { login: checked.slice(0, LONGEST_LOGIN), credentials: null };
  const [, scheme = '', token = ''] = CREDENTIALS.exec(headers.authorization ?? '') ?? [];
  switch (scheme.toLowerCase()) {
    case 'basic':
      return basicAccount(token, hash);
    case 'bearer':
      return { login: null, credentials: hash(`bearer ${token}`) };
    default:
      return null;
  }
}

/** However they are spelled, the same credentials are the same account. Null for what cannot be right. */
function basicAccount(token: string, hash: RequestRules['hash']): Account | null {
  const decoded = BASE64.test(token) ? Buffer.from(token, 'base64').toString('utf8') : '';
  const colon = decoded.indexOf(':');
  if (colon < 1) return null;
  const user = decoded.slice(0, colon);
  const name = user.normalize('NFKC').toLowerCase().trim();
  return {
    login: user.length > LONGEST_LOGIN ? null : user,
    credentials: hash(`basic ${name}${decoded.slice(colon)}`),
  };
}

function one(value: string | string[] | undefined): string | null {
  if (value === undefined) return null;
  return typeof value === 'string' ? value : (value.at(-1) ?? null);
}
