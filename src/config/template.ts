/**
 * The configuration that packages install: every setting with its sentence and default, all of them behind `#`, so that it
 * says nothing until somebody takes a `#` away, and a later version's defaults are not held back by a file.
 */
import { comment } from './render.ts';
import { SETTINGS } from './schema.ts';
import { type Section, sectionsOf } from './sections.ts';
import type { Setting } from './setting.ts';
import { tomlKey, tomlLiteral } from './toml.ts';

const HEAD = `# The configuration of tailban. Nothing in it has to be set: the logs are found by themselves, and what stands
# right behind a # is the default or an example. Take the # away, change what is behind it, and then
#
#     tailban check && tailban reload
#
# Files in tailban.d/ beside this one are read after it, in the order of their names. More: man tailban.toml
`;

/** As TOML; loading it is the same as loading nothing. */
export function renderTemplate(): string {
  return [HEAD, ...sectionsOf(SETTINGS).map(renderSection)].join('\n');
}

/** Headers stay, or a setting without its `#` would stand in the section above; but a name has to be chosen first. */
function renderSection({ path, meaning, settings }: Section): string {
  const header = `${path.includes('NAME') ? '#' : ''}[${path.map(tomlKey).join('.')}]\n`;
  return `${comment(meaning)}${header}${settings.map(({ key, setting }) => renderSetting(key, setting)).join('')}`;
}

function renderSetting(key: string, setting: Setting<unknown>): string {
  const { about } = setting;
  const value = setting.default ?? about.example;
  const sentence = comment(`${about.meaning}.`);
  return value === undefined ? sentence : `${sentence}#${tomlKey(key)} = ${tomlLiteral(value)}\n`;
}
