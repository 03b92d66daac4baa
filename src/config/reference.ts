/** The text of `docs/configuration.md`: every setting with its type, default and meaning, out of the schema. */
import { OLDER_NAMES } from './older-names.ts';
import { SETTINGS } from './schema.ts';
import { type Section, sectionsOf } from './sections.ts';
import type { Setting } from './setting.ts';
import { tomlLiteral } from './toml.ts';

/** Where settings stand, for people, in Markdown: the beginning of every reference. */
export const WHERE = `tailban runs without any configuration. What differs from the defaults below stands in a [TOML](https://toml.io/en/v1.0.0)
file, by default \`/etc/tailban/tailban.toml\`, and in drop-ins beside it: the files \`tailban.d/*.toml\`, read behind it in the order
of their names. Tables are merged key by key; of any other value, an array too, the last one holds. A file of another name has
drop-ins of its own: those of \`draft.toml\` are \`draft.d/*.toml\`.

\`tailban check\` says which files are read and reports everything that is wrong in any of them, also what a later one overrides,
with line and column; \`tailban config\` prints what is in force, as a file that can be used as it stands. Unknown settings are
errors, and so is a drop-in that cannot be read.`;

/** How values are written, in Markdown. */
export const FORMS = `- **Durations** are whole numbers with a unit, one after another: \`500ms\`, \`30s\`, \`10m\`, \`1h\`, \`1d12h\`, \`2w\`. A bare number is
  an error, because it could be seconds or minutes.
- **Rates** are \`count/period\`: \`"100/1d"\` is reached by the 100th failure inside any 24 hours.
- **"off"** switches a limit off; \`""\`, \`false\`, \`"false"\`, \`"disable"\`, \`"disabled"\` and \`"never"\` do too.
- **Limits in full:** \`{ attempts = 20, within = "10m", block-for = "10m" }\` is a limit with a ban time of its own. Inside the
  braces bare numbers are seconds; \`block-for\` may be \`"permanent"\` or left out.
- **Presets** set attempts, window and ban time of \`authentication\` (and so of \`login\`), unless \`authentication\` is written.
- **Repeat offenders:** \`increment = { factor = 2, max = "30d", forget-after = "30d" }\` doubles each ban of an address whose last
  one is less than 30 days old, up to 30 days; keys may be left out, \`"off"\` gives every ban the same length. Where \`max\` is not
  written it is at least the longest ban time.`;

const INTRODUCTION = `# Configuration

<!-- Generated from src/config/schema.ts by docs/generate.ts; do not edit. -->

${WHERE}

${FORMS}

`;

/** The whole reference, in Markdown. */
export function renderReference(): string {
  return `${INTRODUCTION}${sectionsOf(SETTINGS).map(renderSection).join('\n')}\n${renderOlderNames()}`;
}

function renderOlderNames(): string {
  const rows = OLDER_NAMES.map(({ from, to }) => `| \`${from.join('.')}\` | \`${to.join('.')}\` |\n`);
  return `## Older names\n\nThese are accepted with a note.\n\n| older name | now |\n| --- | --- |\n${rows.join('')}`;
}

/** The column of fail2ban's words is left out where a section has none. */
function renderSection({ path, meaning, settings }: Section): string {
  const hasWords = settings.some(({ setting }) => setting.about.fail2ban !== undefined);
  const head = ['key', 'type', 'default', 'meaning', ...(hasWords ? ['fail2ban'] : [])];
  const rows = settings.map(({ key, setting }) => [
    ...cellsOf(key, setting),
    ...(hasWords ? [wordsOf(setting.about.fail2ban)] : []),
  ]);
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return `## [${path.join('.')}]\n\n${meaning}\n\n${lines.join('\n')}\n`;
}

function cellsOf(key: string, { type, about, default: fallback }: Setting<unknown>): string[] {
  return [`\`${key}\``, type, fallback === undefined ? 'not set' : `\`${tomlLiteral(fallback)}\``, about.meaning].map(
    (cell) => cell.replaceAll('|', '\\|'),
  );
}

/** Words are separated by a comma and a space. */
function wordsOf(words: string | undefined): string {
  if (words === undefined) return '';
  return words
    .split(', ')
    .map((word) => `\`${word}\``)
    .join(', ');
}
