/** Paths of HTTP requests against patterns in which `*` stands for anything. Pure. */
import type { RequestSettings } from './settings.ts';

/** What a path means for the limits. */
export interface PathRules {
  readonly counts: (path: string) => boolean;
  readonly isLogin: (path: string) => boolean;
  readonly isUpload: (path: string) => boolean;
  readonly isStream: (path: string) => boolean;
}

export function pathRules({ paths, loginPaths, uploadPaths }: RequestSettings): PathRules {
  return {
    counts: pathMatcher(paths),
    isLogin: pathMatcher(loginPaths),
    isUpload: pathMatcher(uploadPaths),
    isStream: (path) => STREAMS.includes(path),
  };
}

/**
 * Where JMAP pushes (RFC 8620 section 7.3, RFC 8887), as Stalwart names it. Such a request stays open for hours, and as one
 * of the four that an account may run it would shut out the rest. Exact paths: who is exempt is not told by a pattern.
 */
export const STREAMS: readonly string[] = ['/jmap/eventsource', '/jmap/eventsource/', '/jmap/ws'];

/** Whether a path is one of those; the patterns are put together once. */
export function pathMatcher(patterns: readonly string[]): (path: string) => boolean {
  const sources = patterns.map((pattern) => pattern.split('*').map(RegExp.escape).join('.*'));
  const expression = new RegExp(`^(?:${sources.join('|')})$`, 's');
  return patterns.length === 0 ? () => false : (path) => expression.test(path);
}

/** RFC 3986 section 3: what stands before the path in the request of a proxy. */
const AUTHORITY = /^[A-Za-z][A-Za-z0-9+.-]{0,15}:\/\/[^/?#]*/;

/** A path that stands for itself, as nearly all do. */
const PLAIN = /^\/(?:[\w-][\w.-]*\/)*(?:[\w-][\w.-]*)?$/;

/**
 * The path as servers look it up, out of the target of a request (one character a byte): without query, decoded, `//`, `/.`
 * and `/..` resolved, so that none of them hides it. Of a longer one only the beginning.
 */
export function servedPath(target: string, longest: number): string {
  const [raw = ''] = target.replace(AUTHORITY, '').split(/[?#]/, 1);
  if (PLAIN.test(raw)) return raw.slice(0, longest);
  const decoded = raw.replace(/%(?:[2-6][0-9A-Fa-f]|7[0-9A-Ea-e]|[89A-Fa-f][0-9A-Fa-f])/g, (code) =>
    String.fromCharCode(Number.parseInt(code.slice(1), 16)),
  );
  return Buffer.from(resolved(decoded).slice(0, longest), 'latin1').toString('utf8');
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
