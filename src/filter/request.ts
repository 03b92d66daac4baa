/** What an access log tells of an HTTP request, out of the captures of a pattern. Pure. */
import { servedPath } from '../core/paths.ts';
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
    path: servedPath(target, LONGEST_PATH),
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

function durationIn({ duration, milliseconds, microseconds }: Groups): Millis | null {
  if (duration !== undefined) return Math.round(Number(duration) * 1_000);
  if (milliseconds !== undefined) return Number(milliseconds);
  return microseconds === undefined ? null : Math.round(Number(microseconds) / 1_000);
}

/** Which of them the proxies write is known to the judge. */
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
