/**
 * What a configuration is made of: settings, tables of settings and named tables. Each carries how it is read and
 * written, its default and its sentence for the documentation, so that everything else is generated from one place.
 * The wrapper of zod for the configuration; docs/dependencies.md has the others.
 */
import * as z from 'zod/mini';
import type { Path } from './positions.ts';
import { isTable, type TomlTable, type TomlValue } from './toml.ts';

/** Something that is wrong at or below an entry. */
export interface Issue {
  /** Relative to the entry; absent for the entry itself. */
  readonly path?: Path;
  readonly message: string;
  readonly hint?: string;
  /** The first wrong character of a string value. */
  readonly offset?: number;
  /** Which of the two the error points at; the value where absent. */
  readonly on?: 'key' | 'value';
  /** A key beside the last one of the path, which it contradicts: the one that is written later is told. */
  readonly against?: string;
  /** The path ends in a key that does not exist. */
  readonly unknown?: true;
  /** It concerns several keys, which may stand in several files: one file alone cannot be blamed for it. */
  readonly together?: true;
}

/** Takes an issue; returns undefined so that a reader can `return report(…)`. */
export type Report = (issue: Issue) => undefined;

/** One way of writing a value: read out of TOML (undefined after a report), written back to TOML, named for people. */
export interface Form<T> {
  readonly type: string;
  read(value: TomlValue, report: Report): T | undefined;
  write(value: T): TomlValue;
  /** Where the value may be a table: its keys. */
  readonly table?: Entry<unknown>;
}

/** What the documentation says of a setting. */
export interface About {
  /** One sentence without its full stop. */
  readonly meaning: string;
  /** The word that fail2ban's users know it by. */
  readonly fail2ban?: string;
  /** A value to show where there is no default. */
  readonly example?: TomlValue;
}

declare const valueType: unique symbol;

interface Common<T> {
  readonly [valueType]?: () => T;
  readonly schema: z.core.$ZodType;
}

export interface Setting<T> extends Common<T> {
  readonly kind: 'setting';
  readonly about: About;
  readonly type: string;
  readonly default: TomlValue | undefined;
  readonly table: Entry<unknown> | undefined;
}

export interface Table<T> extends Common<T> {
  readonly kind: 'table';
  readonly meaning: string;
  readonly entries: Readonly<Record<string, Entry<unknown>>>;
}

export interface Named<T> extends Common<T> {
  readonly kind: 'named';
  readonly entry: Table<unknown>;
}

export type Entry<T> = Setting<T> | Table<T> | Named<T>;

/** The type of the values that an entry reads. */
export type ValueOf<E> = E extends Common<infer T> ? T : never;

type Fields<E> = { readonly [K in keyof E]: ValueOf<E[K]> };

/** A setting with a default, given as it would be written in the file. */
export function setting<T>(form: Form<T>, fallback: TomlValue, about: About): Setting<T> {
  return { ...unset(form, about), schema: z.prefault(schemaOf(form), fallback), default: fallback } as Setting<T>;
}

/** A setting without a default: undefined where it is not written. */
export function optional<T>(form: Form<T>, about: About): Setting<T | undefined> {
  return { ...unset(form, about), schema: z.optional(schemaOf(form)) };
}

/** A table of entries, all of which may be left out. `rule` checks what concerns several of its keys, as written. */
export function table<E extends Readonly<Record<string, Entry<unknown>>>>(
  meaning: string,
  entries: E,
  rule: (raw: TomlTable, report: Report) => void = () => undefined,
): Table<Fields<E>> {
  const strict = z.strictObject(Object.fromEntries(Object.entries(entries).map(([key, { schema }]) => [key, schema])));
  const form: Form<TomlTable> = {
    type: 'table',
    read: (value, report) => {
      if (!isTable(value)) return report(notATable(value));
      rule(value, (issue) => report({ ...issue, together: true }));
      return forward(strict, value, report) as TomlTable | undefined;
    },
    write: (value) => z.encode(strict, value) as TomlTable,
  };
  return { kind: 'table', meaning, entries, schema: z.prefault(schemaOf(form), {}) };
}

/** Tables with names of the admin's choosing, all of one shape: `[source.mail]`, `[source.web]`. */
export function named<T>(entry: Table<T>): Named<Readonly<Record<string, T>>> {
  const record = z.record(z.string(), entry.schema);
  const form: Form<TomlTable> = {
    type: 'tables',
    read: (value, report) => {
      if (!isTable(value)) return report(notATable(value));
      for (const name of Object.keys(value)) {
        if (!/^\w[\w.-]*$/.test(name))
          report({
            path: [name],
            on: 'key',
            message: `${JSON.stringify(name)} is no usable name`,
            hint: 'A name is made of letters, digits, dots, dashes and underscores',
          });
      }
      return forward(record, value, report) as TomlTable | undefined;
    },
    write: (value) => z.encode(record, value) as TomlTable,
  };
  return { kind: 'named', entry, schema: z.prefault(schemaOf(form), {}) };
}

/** A form for which a table may stand too, such as `{ attempts = 20, within = "10m" }`. */
export function orTable<T, U>(
  form: Form<T>,
  fields: Table<U>,
  type: string,
  toValue: (fields: U) => T,
  toFields: (value: T) => U | null,
): Form<T> {
  return {
    type,
    table: fields,
    read: (value, report) => {
      if (!isTable(value)) return form.read(value, report);
      const read = forward(fields.schema, value, report) as U | undefined;
      return read === undefined ? undefined : toValue(read);
    },
    write: (value) => {
      const written = toFields(value);
      return written === null ? form.write(value) : (z.encode(fields.schema, written) as TomlTable);
    },
  };
}

/** Reads a value of the file; the issues of all of it, where there are any. */
export function readEntry<T>(
  entry: Entry<T>,
  raw: TomlValue,
): { readonly value: T } | { readonly issues: readonly Issue[] } {
  const result = z.safeParse(entry.schema, raw);
  return result.success ? { value: result.data as T } : { issues: result.error.issues.flatMap(toIssues) };
}

/** Writes a value back as it may stand in the file. */
export function writeEntry<T>(entry: Entry<T>, value: T): TomlValue {
  return z.encode(entry.schema, value) as TomlValue;
}

function unset<T>(form: Form<T>, about: About): Setting<T | undefined> {
  const { type, table } = form;
  return { kind: 'setting', about, type, table, default: undefined, schema: schemaOf(form) };
}

function schemaOf<T>(form: Form<T>): z.core.$ZodType {
  return z.codec(z.unknown(), z.custom<T>(), {
    decode: (value, context) => {
      let failed = false;
      const read = form.read(value as TomlValue, ({ path = [], message, ...params }) => {
        failed = true;
        context.issues.push({ code: 'custom', path: [...path], message, params, input: value });
        return undefined;
      });
      return failed || read === undefined ? z.NEVER : read;
    },
    encode: (value) => form.write(value),
  });
}

/** Reads with an inner schema and passes its issues on. */
function forward(schema: z.core.$ZodType, value: TomlValue, report: Report): unknown {
  const result = z.safeParse(schema, value);
  if (result.success) return result.data;
  for (const issue of result.error.issues.flatMap(toIssues)) report(issue);
  return undefined;
}

function toIssues(issue: z.core.$ZodIssue): Issue[] {
  const path = issue.path as Path;
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: [...path, key], on: 'key', unknown: true, message: 'Unknown setting' }));
  const params = issue.code === 'custom' ? (issue.params as Omit<Issue, 'path' | 'message'> | undefined) : undefined;
  return [{ ...params, path, message: issue.message }];
}

function notATable(value: TomlValue): Issue {
  return Array.isArray(value)
    ? { message: 'this is an array where a table is expected', hint: 'Write the table in single brackets, [name]' }
    : { message: 'this is a value where a table is expected', hint: 'Write the table as [name], its settings below' };
}
