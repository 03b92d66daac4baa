/**
 * What shells call while somebody presses the tab key: names that are known only now, one a line. Quick, bounded, and
 * silent whatever goes wrong. Attackers choose the names of logins: what a shell or this program could take for anything
 * but a name is left out.
 */
import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { ApiClient } from '../../api/client.ts';
import type { Millis } from '../../core/types.ts';
import type { NameKind } from '../completion/names.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { type Invocation, socketOf } from '../invocation.ts';
import { filtersFolder, ownFiltersFolder } from '../places.ts';

/** More are no help to choose from. */
const MOST_NAMES = 500;
/** Whoever presses the key waits. */
const PATIENCE: Millis = 1_000;
const HARMLESS = /^[A-Za-z0-9][A-Za-z0-9@._:/+-]{0,199}$/;

export async function complete(invocation: Invocation, what: NameKind): Promise<ExitCode> {
  const names = await namesOf(invocation, what).catch(() => []);
  const harmless = names.filter((name) => HARMLESS.test(name)).slice(0, MOST_NAMES);
  await invocation.terminal.write(harmless.map((name) => `${name}\n`).join(''));
  return EXIT.ok;
}

async function namesOf(invocation: Invocation, what: NameKind): Promise<readonly string[]> {
  if (what === 'filters') return filterNames(invocation);
  const client = new ApiClient({ socketPath: await socketOf(invocation), timeout: PATIENCE });
  if (what === 'allowed')
    return (await client.allowed()).filter(({ since }) => since !== null).map(({ network }) => network);
  const { bans } = await client.bans(false);
  return bans
    .filter(({ type }) => (type === 'login') === (what === 'logins'))
    .sort((one, other) => other.since - one.since)
    .map(({ subject }) => subject);
}

async function filterNames({ globals }: Invocation): Promise<readonly string[]> {
  const folders = [filtersFolder(), ownFiltersFolder(globals.filters)];
  const files = await Promise.all(folders.map((folder) => readdir(folder).catch(() => [])));
  const names = files.flat().filter((file) => file.endsWith('.toml'));
  return [...new Set(names.map((file) => basename(file, '.toml')))].sort();
}
