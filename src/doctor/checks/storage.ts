/** Disk space and inodes where bans and logs are kept, and whether the database is sound. */
import { basename, dirname, join } from 'node:path';
import { commands, note, type Observation, ok, problem, warning, word } from '../finding.ts';
import { exists, type Host, type Space } from '../host.ts';
import type { Check, Situation } from '../situation.ts';

const MIB = 1024 * 1024;
/** Less than one of these is little, less than a tenth of it hardly anything. */
const LITTLE_BYTES = 512 * MIB;
const LITTLE_SHARE = 0.05;
const LITTLE_INODES = 5_000;
/** A database of this size takes a check of some seconds. */
const LARGE = 2048 * MIB;

export const storageCheck: Check = {
  name: 'storage',
  async examine(host: Host, situation: Situation) {
    const { path } = situation.config.store;
    return [...(await space(host, situation)), ...(await database(host, path)), ...(await setAside(host, path))];
  },
};

async function space(host: Host, { config, sources }: Situation): Promise<Observation[]> {
  const files = sources.flatMap((source) => (source.type === 'files' ? source.files : []));
  const places = [config.store.path, ...files].map(folderOf);
  const found: Observation[] = [];
  const seen = new Set<string>();
  for (const folder of new Set(places)) {
    const space = await host.space(folder);
    if (!space.had) continue;
    // Several folders of one file system are told once.
    const key = JSON.stringify(space.value);
    if (seen.has(key)) continue;
    seen.add(key);
    found.push(...scarce(folder, space.value));
  }
  if (found.length === 0 && seen.size > 0) found.push(ok('There is room on the disk for logs and bans'));
  return found;
}

/** The folder of a path, or of the part in front of its first wildcard. */
function folderOf(path: string): string {
  return dirname(path.replace(/[*?[{].*$/, 'x'));
}

function scarce(folder: string, { bytes, freeBytes, inodes, freeInodes }: Space): Observation[] {
  const fix = commands(
    `df -h ${word(folder)}`,
    `df -i ${word(folder)}`,
    `du -xh --max-depth=2 ${word(folder)} | sort -h | tail`,
  );
  const found: Observation[] = [];
  const least = Math.min(LITTLE_BYTES, bytes * LITTLE_SHARE);
  const what = `${folder} has ${Math.floor(freeBytes / MIB)} MiB left`;
  if (freeBytes < least / 10) found.push(problem(`${what}: neither bans nor logs can be kept`, fix));
  else if (freeBytes < least) found.push(warning(what, fix));
  if (inodes > 0) {
    const few = Math.min(LITTLE_INODES, inodes * LITTLE_SHARE);
    if (freeInodes < few / 10) found.push(problem(`${folder} has ${freeInodes} inodes left: no file can be made`, fix));
    else if (freeInodes < few) found.push(warning(`${folder} has ${freeInodes} inodes left`, fix));
  }
  return found;
}

async function database(host: Host, path: string): Promise<Observation[]> {
  const facts = await host.stat(path);
  if (!facts.had) {
    if (facts.lack === 'missing') return [note(`There is no database ${path} yet; tailban makes it when it starts`)];
    return [note(`The database ${path} cannot be looked at by this user`)];
  }
  if (facts.value.size > LARGE)
    return [note(`The database ${path} has ${Math.round(facts.value.size / MIB)} MiB and was not checked`)];
  const damage = await host.damage(path);
  if (!damage.had) {
    if (damage.lack === 'forbidden' || host.uid !== 0)
      return [note(`The database ${path} cannot be read by this user`)];
    return [problem(`The database ${path} cannot be read: ${damage.reason}`, commands(`ls -l ${word(path)}*`))];
  }
  if (damage.value === null) return [ok(`The database ${path} is sound`)];
  return [
    problem(
      `The database ${path} is damaged: ${damage.value}. At its next start tailban sets it aside and takes over what the firewall holds`,
      commands('systemctl restart tailban'),
    ),
  ];
}

/** Databases that were damaged and have been renamed. */
async function setAside(host: Host, path: string): Promise<Observation[]> {
  const folder = dirname(path);
  const names = await host.list(folder);
  if (!names.had || !(await exists(host, folder))) return [];
  const damaged = names.value.filter(
    (name) => name.startsWith(`${basename(path)}.damaged-`) && !/-(?:wal|shm)$/.test(name),
  );
  const [last] = damaged.sort().slice(-1);
  if (last === undefined) return [];
  return [
    note(
      `A damaged database was set aside as ${join(folder, last)}: counters from before it are lost. Is the disk in order?`,
      commands('dmesg --level=err,warn | tail -n 20', `rm ${join(folder, `${basename(path)}.damaged-*`)}`),
    ),
  ];
}
