/**
 * The configuration that is in force, as a TOML file with comments: what `tailban config` prints. Loading that text gives
 * the same configuration again.
 */
import type { Config } from './config.ts';
import { valueAt } from './older-names.ts';
import { settingsOf } from './resolve.ts';
import { SETTINGS } from './schema.ts';
import { type Section, sectionsOf } from './sections.ts';
import { type Setting, writeEntry } from './setting.ts';
import { isTable, type TomlTable, type TomlValue, tomlKey, tomlLiteral } from './toml.ts';

const WIDTH = 100;

/** Writes a configuration out in full, defaults included; `files` are those that it was read from. */
export function renderConfig(config: Config, files: readonly string[] = []): string {
  const table = writeEntry(SETTINGS, settingsOf(config)) as TomlTable;
  const sections = sectionsOf(SETTINGS).map((section) => renderSection(section, table));
  // A name with a line break in it must not get out of the comment.
  const from = files.map((file) => `#   ${file.replace(/\p{Cc}/gu, '·')}\n`).join('');
  const head = `# The configuration of tailban that is in force, defaults included.\n${from === '' ? '' : `# Read from:\n${from}`}`;
  return `${head}\n${sections.join('\n')}`;
}

/** One section; one with a name of the admin's choosing once for each name, or as an example where there is none. */
function renderSection(section: Section, table: TomlTable): string {
  const free = section.path.indexOf('NAME');
  if (free < 0) return renderTable(section, section.path, valueAt(table, section.path));
  const parent = section.path.slice(0, free);
  const tables = valueAt(table, parent);
  const names = isTable(tables) ? Object.keys(tables) : [];
  if (names.length === 0)
    return `${comment(`${section.meaning} None is set.`)}${comment(`[${section.path.join('.')}]`)}`;
  const [first, ...others] = names.map((name) => {
    const path = [...parent, name];
    return renderTable(section, path, valueAt(table, path));
  });
  // What the settings mean is said once.
  return [first, ...others.map(withoutComments)].join('\n');
}

function renderTable({ meaning, settings }: Section, path: readonly string[], values: TomlValue | undefined): string {
  const lines = settings.map(({ key, setting }) =>
    renderSetting(key, setting, isTable(values) ? values[key] : undefined),
  );
  return `${comment(meaning)}[${path.map(tomlKey).join('.')}]\n${lines.join('')}`;
}

/** Texts are written in one line, so only comments begin with `#`. */
function withoutComments(text: string): string {
  return text.replace(/^#.*\n/gm, '');
}

/** What is not set shows an example, behind `#`. */
function renderSetting(key: string, setting: Setting<unknown>, value: TomlValue | undefined): string {
  const { about } = setting;
  const head = comment(`${about.meaning}.`);
  if (value === undefined)
    return about.example === undefined ? head : `${head}# ${key} = ${tomlLiteral(about.example)}\n`;
  return `${head}${key} = ${wrappedLiteral(value, key.length + 3)}\n`;
}

/** A long array gets a line for each item. */
function wrappedLiteral(value: TomlValue, indent: number): string {
  const literal = tomlLiteral(value);
  if (!Array.isArray(value) || literal.length + indent <= WIDTH) return literal;
  return `[\n${value.map((item: TomlValue) => `  ${tomlLiteral(item)},\n`).join('')}]`;
}

/** A sentence as lines of a comment. */
export function comment(text: string): string {
  const lines: string[] = [];
  let line = '#';
  for (const word of text.split(' ')) {
    if (line.length + word.length >= WIDTH) {
      lines.push(line);
      line = '#';
    }
    line += ` ${word}`;
  }
  return `${[...lines, line].join('\n')}\n`;
}
