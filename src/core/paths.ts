/** Paths of HTTP requests against patterns in which `*` stands for anything. Pure. */

/** Whether a path is one of those; the patterns are put together once. */
export function pathMatcher(patterns: readonly string[]): (path: string) => boolean {
  const sources = patterns.map((pattern) => pattern.split('*').map(RegExp.escape).join('.*'));
  const expression = new RegExp(`^(?:${sources.join('|')})$`, 's');
  return patterns.length === 0 ? () => false : (path) => expression.test(path);
}
