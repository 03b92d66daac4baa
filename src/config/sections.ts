/** The settings as a flat list of sections, in the order of the schema: what both generated texts are made from. */
import type { Entry, Setting, Table } from './setting.ts';

export interface Section {
  /** Keys from the root; `NAME` stands for a name of the admin's choosing. */
  readonly path: readonly string[];
  readonly meaning: string;
  readonly settings: readonly { readonly key: string; readonly setting: Setting<unknown> }[];
}

/** All tables that hold settings themselves. */
export function sectionsOf(entry: Entry<unknown>, path: readonly string[] = []): readonly Section[] {
  if (entry.kind === 'setting') return [];
  if (entry.kind === 'named') return sectionsOf(entry.entry, [...path, 'NAME']);
  const section = sectionOf(entry, path);
  const inner = Object.entries(entry.entries).flatMap(([key, child]) => sectionsOf(child, [...path, key]));
  return section.settings.length === 0 ? inner : [section, ...inner];
}

function sectionOf(table: Table<unknown>, path: readonly string[]): Section {
  const settings = Object.entries(table.entries).flatMap(([key, entry]) =>
    entry.kind === 'setting' ? [{ key, setting: entry }] : [],
  );
  return { path, meaning: table.meaning, settings };
}
