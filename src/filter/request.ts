/** What an access log tells of an HTTP request, out of the captures of a pattern. Pure. */
import type { Event, ForwardingHeaders, Millis, RequestInfo } from '../core/types.ts';
import { unescapeText } from './escapes.ts';

/** The part of an event that only access logs have. */
export type WebFacts = Pick<Event, 'forwarded' | 'request'>;

type Groups = Readonly<Record<string, string | undefined>>;

/** The captures by which a pattern tells of a request. */
const WEB_GROUPS = ['request', 'path', 'forwardedfor', 'forwarded'];
/** Events wait in memory: of a longer path the beginning is kept, of a longer header the end, which is what counts. */
const LONGEST_PATH = 1_000;
const LONGEST_HEADER = 1_000;
/** RFC 3986 section 3: what stands before the path in the request of a proxy. */
const AUTHORITY = /^[A-Za-z][A-Za-z0-9+.-]{0,15}:\/\/[^/?#]*/;
const VERSION = ' HTTP/';

/** Whether a pattern with these captures tells of requests. */
export function tellsOfRequests(expression: string): boolean {
  return WEB_GROUPS.some((name) => expression.includes(`(?<${name}>`));
}

export function webFacts(groups: Groups): WebFacts {
  const request = requestIn(groups);
  const forwarded = forwardingIn(groups);
  return { ...(request && { request }), ...(forwarded && { forwarded }) };
}

/** Undefined where what the client sent is no request line. */
function requestIn(groups: Groups): RequestInfo | undefined {
  const line = groups['request'] === undefined ? null : unescapeText(groups['request']);
  const space = line?.indexOf(' ') ?? 0;
  const target = line === null ? groups['path'] : targetIn(line, space);
  if (target === undefined || space < 0) return undefined;
  const { status, requestid: id } = groups;
  return {
    method: line?.slice(0, space) ?? '',
    path: pathOf(target),
    status: status === undefined ? null : Number(status),
    duration: durationIn(groups),
    id: id === undefined || id === '-' ? null : id,
    credentials: hasCredentials(groups),
  };
}

/** By the scheme of the header Authorization, else by the name of a user. */
function hasCredentials({ auth, escaped, login }: Groups): boolean | null {
  if (auth !== undefined) return auth !== '' && auth !== '-';
  return (escaped ?? login) === undefined ? null : true;
}

function targetIn(line: string, space: number): string {
  const version = line.lastIndexOf(VERSION);
  return line.slice(space + 1, version > space ? version : undefined);
}

/** The path as servers look it up: without query, decoded, `//`, `/.` and `/..` resolved, so that none of them hides it. */
function pathOf(target: string): string {
  const [raw = ''] = target.replace(AUTHORITY, '').split(/[?#]/, 1);
  const decoded = raw.replace(/%(?:[2-6][0-9A-Fa-f]|7[0-9A-Ea-e]|[89A-Fa-f][0-9A-Fa-f])/g, (code) =>
    String.fromCharCode(Number.parseInt(code.slice(1), 16)),
  );
  return Buffer.from(resolved(decoded).slice(0, LONGEST_PATH), 'latin1').toString('utf8');
}

/** RFC 3986 section 5.2.4, and nothing between two slashes. `*` and the targets of CONNECT are no paths. */
function resolved(path: string): string {
  if (path !== '' && !path.startsWith('/')) return path;
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '.' && segment !== '') kept.push(segment);
  }
  const isFolder = kept.length > 0 && /\/\.{0,2}$/.test(path);
  return `/${kept.join('/')}${isFolder ? '/' : ''}`;
}

function durationIn({ duration, milliseconds, microseconds }: Groups): Millis | null {
  if (duration !== undefined) return Math.round(Number(duration) * 1_000);
  if (milliseconds !== undefined) return Number(milliseconds);
  return microseconds === undefined ? null : Math.round(Number(microseconds) / 1_000);
}

/** Where both headers are logged, the one that nearly all proxies write. */
function forwardingIn({ forwardedfor, forwarded }: Groups): ForwardingHeaders | undefined {
  if (!isHeader(forwardedfor) && !isHeader(forwarded)) return undefined;
  return {
    ...(isHeader(forwardedfor) && { xForwardedFor: endOf(unescapeText(forwardedfor)) }),
    ...(isHeader(forwarded) && { forwarded: endOf(unescapeText(forwarded)) }),
  };
}

/** Servers write a hyphen where the header is missing. */
function isHeader(text: string | undefined): text is string {
  return text !== undefined && text !== '' && text !== '-';
}

/** The last whole entries of a long header. */
function endOf(header: string): string {
  if (header.length <= LONGEST_HEADER) return header;
  const comma = header.indexOf(',', header.length - LONGEST_HEADER);
  return comma < 0 ? '' : header.slice(comma + 1);
}
