/** How the lines of an HAProxy frontend are laid out. */
import { entry } from './text.ts';

/** A line of HAProxy takes 64 words. */
const PATTERNS_A_LINE = 16;

/** Lines of a section and the comment above them. */
export function lines(comment: string, some: readonly string[]): string {
  return entry(comment, some, '    ');
}

/** Several lines of one ACL are alternatives. */
export function acl(name: string, criterion: string, patterns: readonly string[]): string[] {
  const count = Math.ceil(patterns.length / PATTERNS_A_LINE);
  return Array.from({ length: count }, (_, index) => {
    const some = patterns.slice(index * PATTERNS_A_LINE, (index + 1) * PATTERNS_A_LINE);
    return `acl ${name} ${criterion} ${some.join(' ')}`;
  });
}
