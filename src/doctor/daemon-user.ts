/** As whom the daemon runs, and whether that user may read a file: what root may read says nothing of it. */
import type { FileFacts, Host } from './host.ts';
import { output } from './host.ts';
import type { Daemon } from './situation.ts';

export interface DaemonUser {
  readonly name: string;
  readonly uid: number;
  readonly gids: readonly number[];
  /** It may read everything, as root may. */
  readonly readsAll: boolean;
}

/** capabilities(7): CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH. */
const READING_CAPABILITIES = (1n << 1n) | (1n << 2n);

/** That of the running process, else that of the unit; null where neither is known. */
export async function daemonUser(host: Host, daemon: Daemon): Promise<DaemonUser | null> {
  return daemon.runs ? ofProcess(host, daemon.status.pid) : ofUnit(host);
}

/** proc(5), status: effective ids stand second. */
async function ofProcess(host: Host, pid: number): Promise<DaemonUser | null> {
  const status = await host.read(`/proc/${pid}/status`);
  if (!status.had) return null;
  const numbers = (key: string): number[] =>
    (new RegExp(`^${key}:[ \t]*(.*)$`, 'm').exec(status.value)?.[1] ?? '').split(/\s+/).filter(Boolean).map(Number);
  const [, uid] = numbers('Uid');
  const [, gid] = numbers('Gid');
  if (uid === undefined || gid === undefined) return null;
  const capabilities = BigInt(`0x${/^CapEff:\s*([0-9a-f]{1,16})$/m.exec(status.value)?.[1] ?? '0'}`);
  return {
    name: await nameOf(host, uid),
    uid,
    gids: [gid, ...numbers('Groups')],
    readsAll: (capabilities & READING_CAPABILITIES) !== 0n,
  };
}

async function ofUnit(host: Host): Promise<DaemonUser | null> {
  const unit = await output(
    host,
    'systemctl',
    'show',
    'tailban.service',
    '--property=LoadState,User,SupplementaryGroups,AmbientCapabilities',
  );
  if (unit === null || !/^LoadState=loaded$/m.test(unit)) return null;
  const name = /^User=(.*)$/m.exec(unit)?.[1] || 'root';
  const uid = Number((await output(host, 'id', '-u', name)) ?? Number.NaN);
  const groups = await output(host, 'id', '-G', name);
  if (!Number.isInteger(uid) || groups === null) return null;
  const added = /^SupplementaryGroups=(.*)$/m.exec(unit)?.[1]?.split(/\s+/).filter(Boolean) ?? [];
  const gids = await Promise.all(added.map((group) => gidOf(host, group)));
  return {
    name,
    uid,
    gids: [...groups.trim().split(/\s+/).map(Number), ...gids.filter((gid) => gid !== null)],
    readsAll: uid === 0 || /cap_dac_(?:read_search|override)/.test(unit),
  };
}

/** Whether its permission bits let this user read; an access list (acl(5)) may allow or deny it all the same. */
export function mayRead({ mode, uid, gid }: FileFacts, user: DaemonUser): boolean {
  if (user.readsAll) return true;
  if (uid === user.uid) return (mode & 0o400) !== 0;
  if (user.gids.includes(gid)) return (mode & 0o040) !== 0;
  return (mode & 0o004) !== 0;
}

/** The name of a group; its number where it has none. */
export async function groupName(host: Host, gid: number): Promise<string> {
  const entry = await output(host, 'getent', 'group', String(gid));
  return entry?.split(':', 1)[0] || String(gid);
}

async function gidOf(host: Host, group: string): Promise<number | null> {
  const entry = await output(host, 'getent', 'group', group);
  const gid = Number(entry?.split(':')[2] ?? Number.NaN);
  return Number.isInteger(gid) ? gid : null;
}

async function nameOf(host: Host, uid: number): Promise<string> {
  const entry = await output(host, 'getent', 'passwd', String(uid));
  return entry?.split(':', 1)[0] || String(uid);
}
