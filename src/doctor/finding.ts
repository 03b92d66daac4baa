/** What a check says of the host: one sentence, how bad it is, and what to paste to make it better. */
import { join } from 'node:path';
import { dropInFolder } from '../config/files.ts';

/** `ok`: as it should be. `note`: nothing to do, but good to know. `warning`: less protection. `problem`: none, or harm. */
export type Severity = 'ok' | 'note' | 'warning' | 'problem';

export interface Fix {
  /** Where the lines belong: the path of a file, with what to do afterwards, or `SHELL` for commands. */
  readonly where: string;
  readonly lines: readonly string[];
}

export interface Observation {
  readonly severity: Severity;
  /** A sentence without its full stop. */
  readonly what: string;
  readonly fix: Fix | null;
}

/** An observation and the check that made it. */
export interface Finding extends Observation {
  readonly check: string;
}

/** Lines for a root shell. */
export const SHELL = 'as root';

export function ok(what: string): Observation {
  return { severity: 'ok', what, fix: null };
}

export function note(what: string, fix: Fix | null = null): Observation {
  return { severity: 'note', what, fix };
}

export function warning(what: string, fix: Fix | null = null): Observation {
  return { severity: 'warning', what, fix };
}

export function problem(what: string, fix: Fix | null = null): Observation {
  return { severity: 'problem', what, fix };
}

/** Commands to paste. */
export function commands(...lines: readonly string[]): Fix {
  return { where: SHELL, lines };
}

/** A word of a shell: names of files come from whoever may make one, and what is pasted must not do anything else. */
export function word(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** Lines to put into a file. @param then what to run afterwards. */
export function linesIn(file: string, lines: readonly string[], then = ''): Fix {
  return { where: then === '' ? file : `${file}, then ${then}`, lines };
}

/**
 * Lines for our own configuration. They go into a drop-in, because a table that stands in the main file already must not
 * be written there twice.
 * @param configPath null where there is no such file yet
 */
export function inConfig(
  { configPath }: { readonly configPath: string | null },
  lines: readonly string[],
  then = 'tailban reload',
): Fix {
  return linesIn(join(dropInFolder(configPath ?? '/etc/tailban/tailban.toml'), 'doctor.toml'), lines, then);
}

const ORDER: readonly Severity[] = ['ok', 'note', 'warning', 'problem'];

/** The worst of them; `ok` where there are none. */
export function worstOf(findings: readonly Observation[]): Severity {
  return findings.reduce<Severity>(
    (worst, { severity }) => (ORDER.indexOf(severity) > ORDER.indexOf(worst) ? severity : worst),
    'ok',
  );
}
