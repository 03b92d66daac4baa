/** Paths of HTTP requests against patterns in which `*` stands for anything. Pure. */

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
