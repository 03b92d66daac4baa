/** Where things are: the files that are shipped beside the program, and those of the host. */
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { dropInFolder, isDropIn } from '../config/files.ts';
import { CliError, EXIT } from './exit.ts';

export const DEFAULT_CONFIG = '/etc/tailban/tailban.toml';
const DEFAULT_OWN_FILTERS = '/etc/tailban/filters';
export const DEFAULT_SOCKET = '/run/tailban/tailban.sock';

/** The folder of the shipped filters, for the sources as well as for the bundle, which lies less deep. */
export function filtersFolder(start: string = import.meta.dirname): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'filters', 'postfix.toml'))) return join(folder, 'filters');
    if (folder === dirname(folder))
      throw new CliError(EXIT.internal, `No folder of filters is above ${start}`, 'Install tailban again');
  }
}

/** The configuration file to use: the one that was asked for, else the usual one where it or a drop-in exists, else none. */
export function configPath(asked: string | undefined): string | null {
  if (asked !== undefined) return asked;
  return existsSync(DEFAULT_CONFIG) || hasDropIns() ? DEFAULT_CONFIG : null;
}

/** One that cannot be looked into is a problem for whoever reads it. */
function hasDropIns(): boolean {
  const folder = dropInFolder(DEFAULT_CONFIG);
  try {
    return readdirSync(folder).some(isDropIn);
  } catch {
    return existsSync(folder);
  }
}

/** The folder of the admin's own filters, which need not be there. */
export function ownFiltersFolder(asked: string | undefined): string {
  return asked ?? DEFAULT_OWN_FILTERS;
}
