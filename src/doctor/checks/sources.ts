/** The log files: are they there, may the daemon read them, and does anybody still write to them? */
import { dirname } from 'node:path';
import type { FileSourceConfig, SourceConfig } from '../../config/config.ts';
import { roughDuration } from '../../core/duration.ts';
import type { Millis } from '../../core/types.ts';
import { type DaemonUser, daemonUser, groupName, mayRead } from '../daemon-user.ts';
import { commands, type Fix, inConfig, note, type Observation, ok, problem, warning, word } from '../finding.ts';
import { exists, type FileFacts, type Host } from '../host.ts';
import type { Check, Situation } from '../situation.ts';

const DAY: Millis = 86_400_000;
const JOURNALS = ['/var/log/journal', '/run/log/journal'];
/** Where several logs are read, so many are told one by one. */
const MOST_FILES = 200;

export const sourcesCheck: Check = {
  name: 'logs',
  async examine(host: Host, situation: Situation) {
    const { sources, discoveries, daemon } = situation;
    const found: Observation[] = discoveries.map((text) =>
      note(`Without a configured source tailban looks for logs by itself: ${text}`),
    );
    const user = await daemonUser(host, daemon);
    for (const source of sources)
      if (source.type === 'files') found.push(...(await examineSource(host, source, user, situation)));
    if (discoveries.length === 0) found.push(...twice(sources));
    return found;
  },
};

/** Journal and files, where the same filter reads both. */
function twice(sources: readonly SourceConfig[]): Observation[] {
  const filtersOf = (type: SourceConfig['type']) =>
    sources.filter((source) => source.type === type).map(({ filters }) => filters);
  const shared = filtersOf('journal').some((one) =>
    filtersOf('files').some((other) => one === null || other === null || one.some((name) => other.includes(name))),
  );
  if (!shared) return [];
  return [
    note(
      'Both files and the journal are read with the same filters: a line that stands in both counts twice. Where syslog writes the files, read one of them, or give them different filters (source.NAME.filter)',
    ),
  ];
}

async function examineSource(
  host: Host,
  { name, files }: FileSourceConfig,
  user: DaemonUser | null,
  situation: Situation,
): Promise<Observation[]> {
  const found: Observation[] = [];
  const fresh: string[] = [];
  for (const glob of files) {
    const paths = await host.glob(glob);
    if (!paths.had) {
      found.push(hidden(host, glob, paths.reason));
      continue;
    }
    if (paths.value.length === 0) {
      found.push(await absent(host, name, glob, situation));
      continue;
    }
    const logs: { path: string; facts: FileFacts }[] = [];
    for (const path of paths.value.slice(0, MOST_FILES)) {
      const facts = await host.stat(path);
      if (facts.had) logs.push({ path, facts: facts.value });
    }
    for (const { path, facts } of logs) found.push(...(await unreadable(host, path, facts, user)));
    const newest = logs.reduce<(typeof logs)[number] | null>(
      (best, log) => (best === null || log.facts.modified > best.facts.modified ? log : best),
      null,
    );
    if (newest === null) continue;
    const age = host.now() - newest.facts.modified;
    if (age < DAY) fresh.push(`${newest.path} (${age < 1000 ? 'just now' : `${roughDuration(age)} ago`})`);
    else found.push(await stale(host, newest.path, age, situation));
  }
  if (fresh.length > 0) found.unshift(ok(`The source "${name}" reads ${fresh.join(', ')}`));
  return found;
}

async function absent(host: Host, name: string, glob: string, situation: Situation): Promise<Observation> {
  const what = `The source "${name}" has no file: nothing is at ${glob}`;
  return warning(`${what}; it is read once it appears`, await journalFix(host, situation));
}

async function stale(host: Host, path: string, age: Millis, situation: Situation): Promise<Observation> {
  return warning(
    `Nobody has written to ${path} for ${roughDuration(age)}: is the log somewhere else now?`,
    await journalFix(host, situation),
  );
}

/** Debian 12 and later install no syslog daemon: mail logs to the journal alone. */
async function journalFix(host: Host, situation: Situation): Promise<Fix | null> {
  for (const folder of JOURNALS)
    if (await exists(host, folder))
      return inConfig(situation, [
        '[source.journal]',
        'journal = true   # and take out the source that brings nothing any more',
      ]);
  return null;
}

async function unreadable(host: Host, path: string, facts: FileFacts, user: DaemonUser | null): Promise<Observation[]> {
  if (user === null) {
    const tail = await host.tail(path, 1);
    return tail.had ? [] : [hidden(host, path, tail.reason)];
  }
  if (!mayRead(facts, user)) {
    if (await mayByAccessList(host, path, user)) return [];
    return [
      problem(`The daemon runs as ${user.name}, who may not read ${path}`, await permit(host, path, facts, user)),
    ];
  }
  const folder = await closedFolder(host, path, user);
  if (folder === null || (await mayByAccessList(host, path, user))) return [];
  return [
    problem(
      `The daemon runs as ${user.name}, who may not enter ${folder}, where ${path} lies`,
      commands(`setfacl -m u:${user.name}:x ${word(folder)}`, 'systemctl restart tailban'),
    ),
  ];
}

/** The outermost folder that the user may not pass; the bit for that is two places right of that for reading. */
async function closedFolder(host: Host, path: string, user: DaemonUser): Promise<string | null> {
  const folders: string[] = [];
  for (let folder = dirname(path); folder !== '/'; folder = dirname(folder)) folders.unshift(folder);
  for (const folder of folders) {
    const facts = await host.stat(folder);
    if (facts.had && !mayRead({ ...facts.value, mode: facts.value.mode << 2 }, user)) return folder;
  }
  return null;
}

/** Tried out as that user, which only root can do. */
async function mayByAccessList(host: Host, path: string, { uid, gids }: DaemonUser): Promise<boolean> {
  const [gid = uid] = gids;
  const answer = await host.run([
    'setpriv',
    `--reuid=${uid}`,
    `--regid=${gid}`,
    `--groups=${gids.join(',')}`,
    'test',
    '-r',
    path,
  ]);
  return answer.had && answer.value.exitCode === 0;
}

async function permit(host: Host, path: string, { mode, gid }: FileFacts, { name }: DaemonUser): Promise<Fix> {
  const restart = 'systemctl restart tailban';
  // Rotation makes the file anew with the same group, but without its access list.
  if ((mode & 0o040) !== 0 && gid !== 0) return commands(`usermod -aG ${await groupName(host, gid)} ${name}`, restart);
  return commands(
    `chgrp adm ${word(path)}`,
    `chmod g+r ${word(path)}   # and "create 0640 … adm" in /etc/logrotate.d`,
    `usermod -aG adm ${name}`,
    restart,
  );
}

function hidden(host: Host, path: string, reason: string): Observation {
  if (host.uid !== 0) return note(`${path} cannot be looked at by this user`);
  return problem(`${path} cannot be read: ${reason}`, commands(`ls -ld ${word(dirname(path))}`, `ls -l ${word(path)}`));
}
