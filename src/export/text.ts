/** How exported settings are laid out: a head that says what to do with them, and a comment for each line. */

const WIDTH = 100;

export interface Head {
  /** Such as `nginx, for a server block`. */
  readonly what: string;
  /** The command that makes this text. */
  readonly command: string;
  readonly version: string;
  /** Paragraphs; one that begins with a blank is kept as it is. */
  readonly steps: readonly string[];
}

/** How every exported text begins; no other file is replaced by one. */
export const FIRST_WORDS = '# tailban ';

/** The head of a text. It holds no date, so that the same settings give the same text. */
export function head({ what, command, version, steps }: Head): string {
  const made = `Made by "${command}". Do not change it here: change tailban.toml and make it again.`;
  const paragraphs = steps.map((step) => (step.startsWith(' ') ? `# ${step}\n` : comment(step)));
  return `${FIRST_WORDS}${version} for ${what}\n${comment(made)}#\n${paragraphs.join('')}`;
}

/** Some lines and the comment above them; an empty line before, so that each stands by itself. */
export function entry(text: string, lines: readonly string[] = [], indent = ''): string {
  return `\n${comment(text, indent)}${lines.map((line) => `${indent}${line}\n`).join('')}`;
}

export function comment(text: string, indent = ''): string {
  const lines: string[] = [];
  let line = `${indent}#`;
  for (const word of text.split(' ')) {
    if (line.length + word.length >= WIDTH && line.length > indent.length + 1) {
      lines.push(line);
      line = `${indent}#`;
    }
    line += ` ${word}`;
  }
  return `${[...lines, line].join('\n')}\n`;
}
