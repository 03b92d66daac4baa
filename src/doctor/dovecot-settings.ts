/** What doveconf(1) prints: settings, and blocks of them with a name, such as `passdb`. Dovecot 2.3 and 2.4. Pure. */

export interface DovecotBlock {
  /** `passdb`, `service`; empty for the whole. */
  readonly type: string;
  readonly settings: ReadonlyMap<string, string>;
  readonly blocks: readonly DovecotBlock[];
}

/** Deeper than this nothing is nested; a file that says so is none of Dovecot's. */
const DEEPEST = 16;

export function parseDovecot(text: string): DovecotBlock {
  const root = open('');
  const stack = [root];
  for (const line of text.split('\n').map((one) => one.trim())) {
    const block = stack.at(-1) ?? root;
    if (line === '' || line.startsWith('#')) continue;
    if (line === '}') {
      if (stack.length > 1) stack.pop();
      continue;
    }
    const [, opened] = /^(\S+)(?: [^=]*)?\{$/.exec(line) ?? [];
    if (opened !== undefined && stack.length < DEEPEST) {
      const inner = open(opened);
      block.blocks.push(inner);
      stack.push(inner);
      continue;
    }
    const at = line.indexOf('=');
    if (at > 0) block.settings.set(line.slice(0, at).trim(), line.slice(at + 1).trim());
  }
  return root;
}

interface OpenBlock extends DovecotBlock {
  readonly settings: Map<string, string>;
  readonly blocks: OpenBlock[];
}

function open(type: string): OpenBlock {
  return { type, settings: new Map(), blocks: [] };
}
